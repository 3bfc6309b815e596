"""`keys`: key pairs of the ssl security plugin."""

import argparse
import sys
from pathlib import Path
from typing import Final

from agents.mcollective.keys import generate_keys

HELP: Final = "make a key pair for each name: NAME-private.pem and NAME-public.pem"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.add_argument("names", metavar="NAME", nargs="+")
    parser.add_argument("--directory", type=Path, default=Path(), metavar="D", help="where to (default: here)")


def run(options: argparse.Namespace) -> int:
    """Make them, and say where they are."""
    for name in options.names:
        for path in generate_keys(options.directory, name):
            sys.stdout.write(f"{path}\n")
    return 0
