"""A farm port over MCollective for hosts that carry the agent of 2010: `stat` to all, `migrate` to a source.

Rule: that agent answers a migration when it has ended, or never; so each one is asked in a thread of its own, and the
loop is told `under way` at once. Who denies an order has done nothing; whose answer is missing, or no clear one, has
perhaps: nobody knows, and what both hosts report decides.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any, Final

from agents.mcollective.client import Client, FabricError
from agents.mcollective.keys import KeyFileError
from agents.mcollective.logs import RateLimitedLog
from agents.mcollective.message import INVALID_DATA, MISSING_DATA, OK, UNKNOWN_ACTION, Result
from agents.mcollective.settings import ClientSettings
from agents.report import Report
from balancer.adapters.answers import Reports, ask, gather
from balancer.adapters.classic_report import read_stat
from balancer.adapters.known_hosts import KnownHosts
from balancer.config import Classic, Configuration, HostEntry
from balancer.core.model import Gathering, Order
from balancer.ports import FarmError, Progress

VALID: Final = 20.0
"""Seconds an order may be on its way; then its host drops it."""
END: Final = 40.0
"""Seconds a migration has to be answered: the agent's own 30, and what comes before and after it."""
REMEMBERED: Final = 100
"""Orders that have ended and are still told of."""
NO_ADDRESS: Final = "no address"
"""Why a host is no target: that agent wants an IPv4 address."""
DENIED: Final = "You are not authorized"
"""How MCollective begins when it has refused to run an action."""
REFUSED: Final = frozenset({UNKNOWN_ACTION, MISSING_DATA, INVALID_DATA})

_LOGGER: Final = logging.getLogger(__name__)


class ClassicFarm:
    """The hosts of a configuration whose dialect is classic. `clock` tells seconds since the epoch."""

    def __init__(self, client: Client, configuration: Configuration, clock: Callable[[], float]) -> None:
        assert configuration.classic is not None  # the configuration has it in this dialect
        self._client = client
        self._classic: Classic = configuration.classic
        self._hosts: Mapping[str, HostEntry] = {host.name: host for host in configuration.inventory}
        self._known = KnownHosts({host.name: host.maintenance for host in configuration.inventory})
        self._wire = _of_orders(configuration.mcollective)
        self._deadline = configuration.deadline
        self._clock = clock
        self._book = _Book()
        self._log = RateLimitedLog(_LOGGER)

    def observe(self, round_number: int) -> Gathering:
        """Ask every host how it is."""
        asked = self._clock()

        def read(host: str, data: Any) -> Report:
            return read_stat(self._hosts[host], self._classic, data, asked, round_number)

        told = gather(self._client, "stat", self._known.asked, self._deadline, Reports(read, self._log))
        closed = {name: NO_ADDRESS for name, host in self._hosts.items() if host.ipv4 is None}
        expected = self._known.expected({report.host for report in told.reports})
        return Gathering(told.reports, expected, dict(told.refused), closed=closed)

    def migrate(self, order: Order) -> Progress:
        """Begin to ask the source; an order that was given before is only told of."""
        address = self._hosts[order.move.target].ipv4
        if address is None:
            return Progress(order.id, "failed", f"{order.move.target} has no IPv4 address: write one as its address")
        begun = Progress(order.id, "under way")
        if self._book.begin(begun):
            threading.Thread(target=self._carry_out, args=(order, address), name="migration", daemon=True).start()
        return self._book.of(order) or begun

    def progress(self, orders: Sequence[Order]) -> Sequence[Progress]:
        """How they stand; of those that an earlier daemon gave, and of those without an answer, nobody knows."""
        unknown = "its host answers for no order; what both hosts report decides"
        return [self._book.of(order) or Progress(order.id, "unknown", unknown) for order in orders]

    def _carry_out(self, order: Order, address: str) -> None:
        try:
            told = self._asked(order, address)
        except Exception as error:  # noqa: BLE001 - whatever happens, the order must not stay under way
            told = Progress(order.id, "unknown", f"{type(error).__name__}: {error}")
        self._book.end(told)

    def _asked(self, order: Order, address: str) -> Progress:
        """How the order ended, by its source's words."""
        source, data = order.move.source, {"slice": order.move.vm, "newhost": address}
        try:
            client = Client(self._wire)
        except KeyFileError as error:
            return Progress(order.id, "failed", f"nothing was sent: {error}")
        with closing(client):
            try:
                client.connect()
            except FabricError as error:
                return Progress(order.id, "failed", f"nothing was sent: {error}")
            try:
                replies = ask(client, "migrate", data, (source,), END)
            except FarmError as error:
                return Progress(order.id, "unknown", str(error))
        result = None if source in replies.conflicting else replies.by_host.get(source)
        return Progress(order.id, *outcome(source, result))


class _Book:
    """The orders of this daemon; for any thread."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._told: dict[str, Progress] = {}

    def of(self, order: Order) -> Progress | None:
        """How it stands, where it was given here."""
        with self._turn:
            return self._told.get(order.id)

    def begin(self, told: Progress) -> bool:
        """Whether the order is new."""
        with self._turn:
            return self._told.setdefault(told.order, told) is told

    def end(self, told: Progress) -> None:
        """It has ended so; of the oldest that have, nobody asks any more."""
        with self._turn:
            del self._told[told.order]
            self._told[told.order] = told
            ended = [name for name, each in self._told.items() if each.state != "under way"]
            for name in ended[:-REMEMBERED]:
                del self._told[name]


def outcome(source: str, result: Result | None) -> tuple[str, str]:
    """Done, failed or unknown, and why, by what a host of 2010 answers to `migrate`."""
    if result is None:
        return "unknown", f"{source} did not answer within {END:g} s"
    if result.status in REFUSED or result.text.startswith(DENIED):
        return "failed", result.text
    answer = result.data.get("result") if result.status == OK and isinstance(result.data, Mapping) else None
    if answer is True:
        return "done", ""
    if answer is False:
        return "failed", f"{source} could not migrate it; its own log says why"
    return "unknown", f"{source} gave no clear answer: {result.text}"


def _of_orders(settings: ClientSettings) -> ClientSettings:
    """The wire for orders, which must not lie about until somebody comes to carry them out."""
    return settings.model_copy(update={"ttl": min(settings.ttl, VALID)})
