"""`resume`: the end of a pause."""

from argparse import ArgumentParser, Namespace

from balancer.adapters.control import ask
from balancer.commands.arguments import add_daemon, add_format, state_directory
from balancer.commands.words import pause_document
from balancer.errors import Exit

HELP = "order moves again"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `resume`."""
    add_daemon(parser)
    add_format(parser)


def run(arguments: Namespace) -> Exit:
    """Tell the daemon."""
    ask(state_directory(arguments), "resume")
    print(pause_document(None) if arguments.format == "json" else "resumed")
    return Exit.DONE
