"""`pause`: order nothing from now on; rounds, reports and plans go on."""

from argparse import ArgumentParser, Namespace

from balancer.adapters.control import ask
from balancer.commands.arguments import add_daemon, state_directory
from balancer.errors import Exit

HELP = "order no move from now on; works at once and outlasts a restart"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `pause`."""
    add_daemon(parser)
    parser.add_argument("why", nargs="?", default="", help="what to tell whoever asks")


def run(arguments: Namespace) -> Exit:
    """Tell the daemon."""
    print(ask(state_directory(arguments), "pause", why=arguments.why)["paused"])
    return Exit.DONE
