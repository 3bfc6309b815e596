"""`resume`: the end of a pause."""

from argparse import ArgumentParser, Namespace

from balancer.adapters.control import ask
from balancer.commands.arguments import add_daemon, state_directory
from balancer.errors import Exit

HELP = "order moves again"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `resume`."""
    add_daemon(parser)


def run(arguments: Namespace) -> Exit:
    """Tell the daemon."""
    ask(state_directory(arguments), "resume")
    print("resumed")
    return Exit.DONE
