"""The command line: `xen-balancer COMMAND`, and `mc-xen-balancer` under the name its users know.

Rule: one row a command. Whatever goes wrong ends here as one message and an exit code, never as a traceback.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType, ModuleType
from typing import Final

from agents.documents import DocumentError
from agents.hypervisor import HypervisorError
from agents.mcollective.client import FabricError
from agents.mcollective.keys import KeyFileError
from agents.output import printed
from agents.version import version
from balancer.adapters.control import ControlError, ControlRefusedError
from balancer.adapters.metrics import MetricsError
from balancer.adapters.rule_file import RulesError
from balancer.commands import (
    demo,
    doctor,
    drain,
    explain,
    history,
    pause,
    plan,
    replay,
    resolve,
    resume,
    rules,
    run,
    simulate,
    status,
    undrain,
)
from balancer.errors import Exit, UsageError
from balancer.ports import FarmError, JournalError

COMMANDS: Final[Mapping[str, ModuleType]] = MappingProxyType({
    "run": run,
    "plan": plan,
    "explain": explain,
    "simulate": simulate,
    "replay": replay,
    "rules": rules,
    "doctor": doctor,
    "status": status,
    "history": history,
    "pause": pause,
    "resume": resume,
    "resolve": resolve,
    "drain": drain,
    "undrain": undrain,
    "demo": demo,
})  # fmt: skip

EXITS: Final[Mapping[type[Exception], Exit]] = MappingProxyType({
    UsageError: Exit.USAGE,
    DocumentError: Exit.USAGE,
    KeyFileError: Exit.USAGE,
    RulesError: Exit.USAGE,
    JournalError: Exit.USAGE,
    MetricsError: Exit.USAGE,
    ControlRefusedError: Exit.USAGE,
    ControlError: Exit.FABRIC,
    FabricError: Exit.FABRIC,
    FarmError: Exit.FABRIC,
    HypervisorError: Exit.HYPERVISOR,
})  # fmt: skip
"""What each kind of trouble ends a command with."""


def main(words: Sequence[str] | None = None) -> int:
    """`xen-balancer`."""
    return _guarded(_parser(), words)


def classic(words: Sequence[str] | None = None) -> int:
    """`mc-xen-balancer`: the daemon, told as the balancer of 2010 told it."""
    parser = ArgumentParser(prog="mc-xen-balancer", description=run.HELP)
    parser.add_argument("--version", action="version", version=f"mc-xen-balancer {version()}")
    run.add_arguments(parser)
    parser.set_defaults(format="classic", run=run.run)
    return _guarded(parser, words)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="xen-balancer", description="Keeps a farm of Xen hypervisors evenly loaded.")
    parser.add_argument("--version", action="version", version=f"xen-balancer {version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def _guarded(parser: ArgumentParser, words: Sequence[str] | None) -> int:
    return printed(parser.prog, lambda: _carried_out(parser, words))


def _carried_out(parser: ArgumentParser, words: Sequence[str] | None) -> int:
    try:
        arguments = parser.parse_args(words)
        command: Callable[[Namespace], int] = arguments.run
        return command(arguments)
    except tuple(EXITS) as error:
        print(error, file=sys.stderr)
        return next(code for kind, code in EXITS.items() if isinstance(error, kind))
    except KeyboardInterrupt:
        return Exit.DONE


if __name__ == "__main__":
    sys.exit(main())
