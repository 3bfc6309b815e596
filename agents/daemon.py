"""The daemon on a hypervisor: the one place where an agent's program is put together, and its life until told to stop.

Rule: SIGTERM and SIGINT end it, SIGUSR1 loads all agents anew, SIGUSR2 turns the log's level, as with mcollectived.
"""

import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import agents.plugins
from agents.config import AgentConfig, load_config
from agents.context import Context
from agents.drivers import open_hypervisor
from agents.hypervisor import Hypervisor
from agents.log import next_level
from agents.mcollective.roster import LoadError, Roster
from agents.mcollective.service import Service
from agents.mcollective.statistics import Statistics
from agents.mcollective.this_node import ThisNode
from agents.orders import Orders

BUILT_IN: Final = Path(agents.plugins.__file__).parent
"""The folder of the agents that every host has."""

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)

LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Daemon:
    """A host that is ready to serve."""

    config: AgentConfig
    roster: Roster
    service: Service
    orders: Orders


def assemble(config: AgentConfig, file: Path, hypervisor: Hypervisor) -> Daemon:
    """Put it together; LoadError where an agent's file cannot be used, KeyFileError where a key cannot.

    BookError where its book of orders cannot be used.
    """
    wire = config.mcollective
    roster = Roster((BUILT_IN, *wire.agents), wire.inactive)
    node = ThisNode(wire, roster, config.facts)
    orders, statistics = Orders(config.state, config.max_migrations), Statistics()
    orders.give_up()
    roster.load(Context(config, str(file), node, roster, statistics, hypervisor, orders))
    return Daemon(config, roster, Service(wire, roster, node, statistics), orders)


def run(file: Path) -> None:
    """Serve until told to stop, the hypervisor having answered once."""
    # Blocked in every thread and fetched one by one: a handler has to wake the main thread, and that can fail.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    config = load_config(file)
    hypervisor = open_hypervisor(config)
    hypervisor.report()
    daemon = assemble(config, file, hypervisor)
    LOG.info("%s serves with the %s driver: %s", config.mcollective.identity, config.driver, _names(daemon))
    daemon.service.start()
    wishes: dict[signal.Signals, Callable[[], None]] = {
        signal.SIGUSR1: lambda: _reload(daemon.roster),
        signal.SIGUSR2: next_level,
    }
    while (wish := wishes.get(signal.Signals(signal.sigwait(SIGNALS)))) is not None:
        wish()
    daemon.service.close()
    if daemon.orders.under_way():
        LOG.warning("%d migrations go on without this agent", daemon.orders.under_way())
    LOG.info("%s has stopped", config.mcollective.identity)


def _reload(roster: Roster) -> None:
    try:
        done = roster.reload()
    except LoadError as error:
        LOG.error("%s", error)  # noqa: TRY400 - one line is enough
    else:
        LOG.info("reloaded %s", ", ".join(done.loaded))


def _names(daemon: Daemon) -> str:
    return ", ".join(sorted(daemon.roster.schemas))
