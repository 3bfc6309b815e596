"""`drain`: empty a host, and put nothing there until `undrain`; without a host, those that are being emptied."""

import json
from argparse import ArgumentParser, Namespace

from balancer.adapters.control import ask
from balancer.commands.arguments import add_daemon, add_format, state_directory
from balancer.commands.words import drained_in_words, moment
from balancer.core.formats import printable
from balancer.errors import Exit

HELP = "empty a host and put nothing there, until undrain; without a host: which ones are being emptied"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `drain`."""
    add_daemon(parser)
    add_format(parser)
    parser.add_argument("host", nargs="?", help="its name")


def run(arguments: Namespace) -> Exit:
    """Tell the daemon, or ask it."""
    if arguments.host is None:
        return _list(arguments)
    answer = ask(state_directory(arguments), "drain", host=arguments.host)
    if arguments.format == "json":
        print(json.dumps({"format": "drain/1", "drained": True} | answer))
    else:
        print(printable(f"{answer['host']} is drained by {answer['who']} since {moment(answer['since'])}"))
    return Exit.DONE


def _list(arguments: Namespace) -> Exit:
    drained = ask(state_directory(arguments), "status")["drained"]
    if arguments.format == "json":
        told = [json.dumps({"format": "drain/1", "drained": True} | each) for each in drained]
    else:
        told = [line for each in drained for line in drained_in_words(each)] or ["no host is drained by an operator"]
    for line in told:
        print(printable(line))
    return Exit.DONE
