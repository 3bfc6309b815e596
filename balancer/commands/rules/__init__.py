"""`rules VERB FILE…`: for whoever writes rules.

Rule: one file and one row a verb; each verb has the shape of a command (HELP, add_arguments, run).
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Final

from balancer.commands.rules import check, format, serve, test  # noqa: A004
from balancer.errors import Exit

HELP = "for whoever writes rules: check, format and test rule files, help an editor"

VERBS: Final[Mapping[str, ModuleType]] = MappingProxyType({
    "check": check,
    "format": format,
    "serve": serve,
    "test": test,
})  # fmt: skip


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `rules`."""
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, module in VERBS.items():
        verb = verbs.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(verb)
        verb.set_defaults(verb=module.run)


def run(arguments: Namespace) -> Exit:
    """The verb that was asked for."""
    exit_code: Exit = arguments.verb(arguments)
    return exit_code
