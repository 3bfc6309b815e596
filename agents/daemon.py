"""The command `xen-balancer-agent`: serves one hypervisor's load until it is told to stop.

Rule: whatever goes wrong is one line on stderr and an exit code, never a traceback. 0 done, 2 usage or configuration,
3 fabric, 4 hypervisor.
"""

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Final

from agents.config import AgentConfig, load_config
from agents.documents import DocumentError
from agents.drivers import open_hypervisor
from agents.hypervisor import HypervisorError
from agents.log import log_to_stderr
from agents.mcollective.connector import FabricError
from agents.mcollective.ddl import render_ddl
from agents.mcollective.keys import KeyFileError, generate_keys
from agents.mcollective.server import serve
from agents.xenagent import DDL, Identity, XenAgent

PROGRAM: Final = "xen-balancer-agent"
DEFAULT_CONFIG: Final = Path("/etc/xen-balancer/agent.yaml")
LOG: Final = logging.getLogger(__name__)

EXIT_CODES: Final[Mapping[type[Exception], int]] = MappingProxyType({
    DocumentError: 2,
    KeyFileError: 2,
    FabricError: 3,
    HypervisorError: 4,
})  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], None] = options.run
        run(options)
    except tuple(EXIT_CODES) as error:
        message = str(error) if isinstance(error, DocumentError) else f"{PROGRAM}: {error}"
        sys.stderr.write(f"{message}\n")
        return EXIT_CODES[type(error)]
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        PROGRAM, description="Serves a hypervisor's load to the balancer over MCollective."
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {_version()}")
    _add_config(parser)
    parser.set_defaults(run=_run)
    commands = parser.add_subparsers(title="instead of serving", metavar="COMMAND")
    check = commands.add_parser("check", help="read the configuration, ask the hypervisor once, say what it reports")
    _add_config(check, default=argparse.SUPPRESS)
    check.set_defaults(run=_check)
    ddl = commands.add_parser("ddl", help="print what the agent can be asked, as MCollective's Ruby clients read it")
    ddl.set_defaults(run=_ddl)
    keys = commands.add_parser("keys", help="make a key pair for each name: NAME-private.pem and NAME-public.pem")
    keys.add_argument("names", metavar="NAME", nargs="+")
    keys.add_argument("--directory", type=Path, default=Path(), metavar="D", help="where to (default: here)")
    keys.set_defaults(run=_keys)
    return parser


def _version() -> str:
    try:
        return version("xen-balancer")
    except PackageNotFoundError:
        return "(not installed)"


def _add_config(parser: argparse.ArgumentParser, default: Path | str = DEFAULT_CONFIG) -> None:
    parser.add_argument(
        "--config", type=Path, default=default, metavar="F", help=f"configuration (default: {DEFAULT_CONFIG})"
    )


def _keys(options: argparse.Namespace) -> None:
    for name in options.names:
        for path in generate_keys(options.directory, name):
            sys.stdout.write(f"{path}\n")


def _ddl(_options: argparse.Namespace) -> None:
    sys.stdout.write(render_ddl(DDL))


def _check(options: argparse.Namespace) -> None:
    report = open_hypervisor(load_config(options.config)).report()
    sys.stdout.write(
        f"{report.host}: load {report.load:.2f}, {report.cores:g} cores, "
        f"{report.memory_free_mb:.0f} of {report.memory_mb:.0f} MiB free, VMs: {len(report.vms)}\n"
    )


def _run(options: argparse.Namespace) -> None:
    config = load_config(options.config)
    log_to_stderr(config.log_level)
    agent = _agent(config)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    LOG.info("%s serves with the %s driver", config.mcollective.identity, config.driver)
    serve(config.mcollective, [agent], stop)
    if agent.under_way:
        LOG.warning("%d migrations go on without this agent", agent.under_way)
    LOG.info("%s has stopped", config.mcollective.identity)


def _agent(config: AgentConfig) -> XenAgent:
    """The agent, its hypervisor having answered once."""
    hypervisor = open_hypervisor(config)
    hypervisor.report()
    identity = Identity(config.mcollective.identity, config.tags, config.facts)
    return XenAgent(hypervisor, identity, config.max_migrations)


if __name__ == "__main__":
    sys.exit(main())
