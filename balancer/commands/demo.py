"""`demo`"""
from argparse import ArgumentParser, Namespace
HELP = "x"
def add_arguments(p: ArgumentParser) -> None: ...
def run(a: Namespace) -> int: return 0
