"""The command `xen-balancer-agent`: serves one hypervisor, or one of the commands beside that.

Rule: one command a file, one row here.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType, ModuleType
from typing import Final

from agents.commands import check, control, ddl, keys, policy, serve
from agents.errors import guarded
from agents.version import version

PROGRAM: Final = "xen-balancer-agent"

COMMANDS: Final[Mapping[str, ModuleType]] = MappingProxyType({
    "check": check,
    "control": control,
    "ddl": ddl,
    "keys": keys,
    "policy": policy,
})  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return guarded(PROGRAM, lambda: _run(_parser().parse_args(arguments)))


def _run(options: argparse.Namespace) -> int:
    command: Callable[[argparse.Namespace], int] = options.run
    return command(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(PROGRAM, description=serve.HELP)
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {version()}")
    serve.add_arguments(parser)
    parser.set_defaults(run=serve.run)
    commands = parser.add_subparsers(title="instead of serving", metavar="COMMAND")
    for name, command in COMMANDS.items():
        one = commands.add_parser(name, help=command.HELP, description=command.HELP)
        command.add_arguments(one)
        one.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
