"""`resolve`: an operator's word for how a move in doubt ended, once somebody has looked."""

import json
from argparse import ArgumentParser, Namespace

from balancer.adapters.control import ask
from balancer.adapters.desk import OUTCOMES
from balancer.commands.arguments import add_daemon, add_format, state_directory
from balancer.core.formats import printable
from balancer.errors import Exit

HELP = "say how a move in doubt ended, once you have looked: done (the VM is at its target) or failed (it is not)"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `resolve`."""
    add_daemon(parser)
    add_format(parser)
    parser.add_argument("order", help="its id, or the end of it, as status and history tell it")
    parser.add_argument("outcome", choices=OUTCOMES, help="what you saw")


def run(arguments: Namespace) -> Exit:
    """Tell the daemon."""
    answer = ask(state_directory(arguments), "resolve", order=arguments.order, outcome=arguments.outcome)
    if arguments.format == "json":
        print(json.dumps({"format": "resolved/1"} | answer))
    else:
        print(printable(f"order {answer['order']} counts as {answer['outcome']}: {answer['vm']} is free again"))
    return Exit.DONE
