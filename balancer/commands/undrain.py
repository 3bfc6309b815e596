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
    """Tell the daemon."""
    host = ask(state_directory(arguments), "undrain", host=arguments.host)["host"]
    if arguments.format == "json":
        print(json.dumps({"format": "drain/1", "drained": False, "host": host}))
    else:
        print(printable(f"{host} may be used again"))
    return Exit.DONE
