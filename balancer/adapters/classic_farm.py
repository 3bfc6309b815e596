"""A farm port over MCollective for hosts that carry the agent of 2010: `stat` to all, `migrate` to a source.

Rule: that agent answers a migration when it has ended, or never; so each one is asked in a thread of its own, and the
loop is told `under way` at once. Who denies an order has done nothing; whose answer is missing, or no clear one, has
perhaps: nobody knows, and what both hosts report decides.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any, Final, Literal

from msgspec.structs import replace

from agents.hypervisor.sampling import Reading, Samples
from agents.mcollective.client import Client, FabricError
from agents.mcollective.keys import KeyFileError
from agents.mcollective.logs import RateLimitedLog
from agents.mcollective.message import INVALID_DATA, MISSING_DATA, OK, UNKNOWN_ACTION, Result
from agents.mcollective.settings import ClientSettings
from agents.report import OrderReport, Report
from balancer.adapters.answers import Reports, Told, ask, gather
from balancer.adapters.classic_report import read_stat
from balancer.adapters.known_hosts import KnownHosts
from balancer.config import Classic, Configuration, HostEntry
from balancer.core.model import Gathering, Order
from balancer.core.orders.verdict import ends
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
_STATES: Final[Mapping[str, Literal["under way", "done", "failed"]]] = {
    "under way": "under way", "done": "done", "failed": "failed",
}  # fmt: skip
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
        self._book = _Book(clock)
        self._open: dict[str, Order] = {}
        self._samples: dict[str, Samples[str]] = {}
        self._log = RateLimitedLog(_LOGGER)

    def observe(self, round_number: int) -> Gathering:
        """Ask every host how it is."""
        told = self._gather(self._known.asked, round_number)
        reports = self._with_orders(told.reports)
        closed = {name: NO_ADDRESS for name, host in self._hosts.items() if host.ipv4 is None}
        expected = self._known.expected({report.host for report in told.reports})
        return Gathering(reports, expected, dict(told.refused), closed=closed)

    def migrate(self, order: Order) -> Progress:
        """Begin to ask the source; an order that was given before is only told of."""
        address = self._hosts[order.move.target].ipv4
        if address is None:
            return Progress(order.id, "failed", f"{order.move.target} has no IPv4 address: write one as its address")
        self._open[order.id] = order
        begun = Progress(order.id, "under way")
        if self._book.begin(begun):
            threading.Thread(target=self._carry_out, args=(order, address), name="migration", daemon=True).start()
        return self._book.of(order) or begun

    def look(self, orders: Sequence[Order]) -> Sequence[Report]:
        """Ask both hosts of each."""
        self._open = {order.id: order for order in orders}
        return self._with_orders(self._gather(ends(orders), 0).reports)

    def examine(self, order: Order) -> Sequence[str]:
        """That agent can be asked nothing of the kind; what it would need is missing or not."""
        return () if self._hosts[order.move.target].ipv4 else (f"{order.move.target}: {NO_ADDRESS}",)

    def take_over(self, order: Order) -> None:
        """That agent cannot: the configuration refuses it."""

    def _with_orders(self, reports: Sequence[Report]) -> tuple[Report, ...]:
        """How the open orders stand is told for their sources: that agent answers for none."""
        told = {
            report.host: tuple(self._told(each) for each in self._open.values() if each.move.source == report.host)
            for report in reports
        }
        return tuple(replace(report, orders=told[report.host]) for report in reports)

    def _told(self, order: Order) -> OrderReport:
        """How it stands; of those that an earlier daemon gave, and of those without an answer, nobody knows."""
        told, age = self._book.of(order), max(0.0, self._clock() - order.started)
        state: Literal["under way", "done", "failed"] | None = _STATES.get(told.state) if told else None
        return OrderReport(
            order.id, state or "lost", told.detail if told else "", seconds=self._book.seconds(order, age), age=age,
            vm=order.move.vm, target=order.move.target,
        )  # fmt: skip

    def _gather(self, hosts: Sequence[str], sequence: int) -> Told:
        """The reports of these hosts, each VM's counter with what it has eaten since the last ones."""
        asked = self._clock()

        def read(host: str, data: Any) -> Report:
            report = read_stat(self._hosts[host], self._classic, data, asked, sequence)
            samples = self._samples.setdefault(host, Samples())
            counters = samples.take({vm.uuid: Reading(vm.counter.cpu_ns, asked) for vm in report.vms})
            return replace(report, vms=tuple(replace(vm, counter=counters[vm.uuid]) for vm in report.vms))

        return gather(self._client, "stat", hosts, self._deadline, Reports(read, self._log))

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

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._turn = threading.Lock()
        self._told: dict[str, Progress] = {}
        self._ended: dict[str, float] = {}

    def of(self, order: Order) -> Progress | None:
        """How it stands, where it was given here."""
        with self._turn:
            return self._told.get(order.id)

    def seconds(self, order: Order, age: float) -> float:
        """How long it took; `age` s where it has not ended."""
        with self._turn:
            ended = self._ended.get(order.id)
        return age if ended is None else max(0.0, ended - order.started)

    def begin(self, told: Progress) -> bool:
        """Whether the order is new."""
        with self._turn:
            return self._told.setdefault(told.order, told) is told

    def end(self, told: Progress) -> None:
        """It has ended so; of the oldest that have, nobody asks any more."""
        with self._turn:
            del self._told[told.order]
            self._told[told.order] = told
            self._ended[told.order] = self._clock()
            ended = [name for name, each in self._told.items() if each.state != "under way"]
            for name in ended[:-REMEMBERED]:
                del self._told[name], self._ended[name]


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
