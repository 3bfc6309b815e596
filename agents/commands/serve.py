"""No command at all: serve this hypervisor until told to stop."""

import argparse
from typing import Final

from agents.commands.arguments import add_config, config_file
from agents.config import load_config
from agents.daemon import run as serve
from agents.log import log_to_stderr

HELP: Final = "Serves a hypervisor's load to the balancer over MCollective."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    """Serve."""
    file = config_file(options)
    log_to_stderr(load_config(file).log_level)
    serve(file)
    return 0
