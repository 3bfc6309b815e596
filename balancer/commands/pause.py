"""`pause`: order nothing from now on; rounds, reports and plans go on."""

from argparse import ArgumentParser, Namespace

from balancer.adapters.control import ask
from balancer.commands.arguments import add_daemon, add_format, state_directory
from balancer.commands.words import pause_document
from balancer.core.formats import printable
from balancer.errors import Exit

HELP = "order no move from now on; works at once and outlasts a restart"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `pause`."""
    add_daemon(parser)
    add_format(parser)
    parser.add_argument("why", nargs="*", help="what to tell whoever asks")


def run(arguments: Namespace) -> Exit:
    """Tell the daemon."""
    paused = ask(state_directory(arguments), "pause", why=" ".join(arguments.why))["paused"]
    print(pause_document(paused) if arguments.format == "json" else printable(paused))
    return Exit.DONE
