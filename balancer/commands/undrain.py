"""`undrain`: the end of a `drain` by command; one that the rules want is theirs to end."""

import json
from argparse import ArgumentParser, Namespace

from balancer.adapters.control import ask
from balancer.commands.arguments import add_daemon, add_format, state_directory
from balancer.core.formats import printable
from balancer.errors import Exit

HELP = "use a host again that an operator has drained"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `undrain`."""
    add_daemon(parser)
    add_format(parser)
    parser.add_argument("host", help="its name")


def run(arguments: Namespace) -> Exit:
    """Tell the daemon; a host that nobody drained is as it was to be."""
    answer = ask(state_directory(arguments), "undrain", host=arguments.host)
    if arguments.format == "json":
        print(json.dumps({"format": "drain/1", "drained": False} | answer))
    else:
        told = "is no longer drained" if answer["was_drained"] else "was not drained"
        print(printable(f"{answer['host']} {told} by an operator"))
    return Exit.DONE
