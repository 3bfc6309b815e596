"""What Prometheus sees: the last round as gauges, all that ever happened as counters.

Rule: a scrape tells the last recorded round and nothing older, so a host that vanished has no series. Hosts are
configured or found, and those found are capped, as is whatever else may grow. VMs are told only where asked for. A new
gauge is one row of a table.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from socket import AF_INET6
from socketserver import TCPServer
from threading import Lock
from types import MappingProxyType
from typing import Final

from prometheus_client import CollectorRegistry, Histogram, MetricsHandler
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from balancer.adapters.order_book import OrderBook
from balancer.adapters.rehearsal import MODE as DRY_RUN
from balancer.adapters.served import SECONDS, Bounded, serving
from balancer.core.formats import busy_share, vms_by_host
from balancer.core.model import Decision, Order, OrderState
from balancer.core.walls.safety import strikes_by_host
from balancer.ports import (
    Event,
    MovedByOthers,
    OperatorActed,
    OrderChanged,
    OrderHeld,
    RoundDecided,
    RoundLost,
    RulesRead,
    StaysBroken,
    StrangerSeen,
    Waiting,
)

PREFIX: Final = "xen_balancer_"
MAX_SERIES: Final = 50_000
"""Of one gauge; farms are a thousand hosts and ten thousand VMs."""

MAX_COUNTED: Final = 1_000
"""Of one counter; what comes after is counted as `other`."""

MODES: Final = ("active", DRY_RUN, "paused")
MOVE_BUCKETS: Final = (1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
BUCKETS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

Row = tuple[tuple[str, ...], float | None]


class MetricsError(Exception):
    """Metrics cannot be served; the message says where, why, and what to do."""


@dataclass(frozen=True, slots=True)
class _Gauge:
    """One gauge of a round: its name without the prefix, its help text, its labels, and its rows (None: unknown)."""

    name: str
    text: str
    labels: tuple[str, ...]
    rows: Callable[[Decision], Iterable[Row]]

    def family(self, decision: Decision) -> Metric:
        """The gauge with its series."""
        return _family(self.name, self.text, self.labels, self.rows(decision))


_ROUND: Final = (
    _Gauge("hosts_expected", "Hosts that should have reported in the last round.", (),
           lambda d: [((), d.observation.expected)]),
    _Gauge("hosts_reporting", "Hosts that reported in the last round.", (),
           lambda d: [((), len(d.observation.hosts))]),
    _Gauge("hosts_found", "Hosts that were found by discovery and do not take part yet.", (),
           lambda d: [((), len(d.observation.found))]),
    _Gauge("vms_in_doubt", "VMs that several hosts reported in the last round; they are left alone.", (),
           lambda d: [((), len(d.observation.doubts))]),
    _Gauge("busy_ratio_max", "Busy share of the busiest host, 0-1.", (),
           lambda d: [((), d.plan.before.cpu_max)]),
    _Gauge("busy_ratio_stddev", "Standard deviation of the hosts' busy shares: how uneven the farm is.", (),
           lambda d: [((), d.plan.before.cpu_std)]),
    _Gauge("host_load", "1-minute load average of the host.", ("host",),
           lambda d: [((host.name,), host.load) for host in d.observation.hosts]),
    _Gauge("host_busy_ratio", "Busy share of the host's cores, 0-1, Domain-0 included.", ("host",),
           lambda d: [((host.name,), busy_share(host)) for host in d.observation.hosts]),
    _Gauge("host_contention_ratio", "Share of its time in which Domain-0 had to wait for a CPU, 0-1.", ("host",),
           lambda d: [((host.name,), host.contention) for host in d.observation.hosts]),
    _Gauge("host_failures", "Moves in a row that failed on the host; from two on it is left alone.", ("host",),
           lambda d: [((host,), each.count) for host, each in strikes_by_host(d.state).items()]),
    _Gauge("host_vms", "VMs on the host.", ("host",),
           lambda d: [((host,), count) for host, count in vms_by_host(d.observation).items()]),
    _Gauge("host_streak_rounds", "Rounds in a row in which the rule's condition held on the host.", ("host", "rule"),
           lambda d: [((each.host, each.rule), each.rounds) for each in d.state.streaks]),
)  # fmt: skip

_VMS: Final = (
    _Gauge("vm_busy_cpus", "CPUs that the VM keeps busy; 1 is one CPU full.", ("host", "vm", "uuid"),
           lambda d: [((vm.host, vm.name, vm.uuid), vm.cpu) for vm in d.observation.vms]),
)  # fmt: skip

_COUNTERS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType({
    "rounds": ("Rounds, by result: decided, frozen (by the rules) or lost (not held, or not written).", ("result",)),
    "moves": ("Moves that came to an outcome, by rule and reason; one in doubt may be counted again once it is known.",
              ("rule", "reason", "outcome")),
    "rejections": ("Candidates refused, by reason.", ("reason",)),
    "moves_by_others": ("VMs that somebody else moved.", ()),
    "orders_of_others": ("Orders that another balancer gave to hosts of this farm.", ()),
    "reports_refused": ("Messages refused when reports were gathered, by reason.", ("reason",)),
})  # fmt: skip

_OUTCOMES: Final[Mapping[tuple[str, OrderState], str]] = MappingProxyType({(DRY_RUN, OrderState.DONE): "rehearsed"})
"""Where an outcome needs another word than the order's state: nothing was moved in a dry run."""

_TOLD: Final = frozenset({OrderState.DONE, OrderState.FAILED, OrderState.IN_DOUBT})


class Metrics(Collector):
    """All metrics of one balancer, as a journal that counts. `now` tells the time, seconds since the epoch."""

    def __init__(
        self,
        version: str,
        now: Callable[[], float],
        *,
        is_paused: bool = False,
        per_vm: bool = False,
        orders: Iterable[Order] = (),
    ) -> None:
        self._version = version
        self._now = now
        self._is_paused = is_paused
        self._gauges = _ROUND + (_VMS if per_vm else ())
        self._turn = Lock()
        self._counts = {name: Counter[tuple[str, ...]]() for name in _COUNTERS}
        self._counts["moves_by_others"][()] = self._counts["orders_of_others"][()] = 0
        self._counts["rounds"].update({("decided",): 0, ("frozen",): 0, ("lost",): 0})
        self._moves = Histogram(
            f"{PREFIX}move_duration_seconds", "How long moves that were done took, from order to end.",
            registry=None, buckets=MOVE_BUCKETS,
        )  # fmt: skip
        self._durations = Histogram(
            f"{PREFIX}round_duration_seconds", "How long a round took, from its question to its plan.",
            registry=None, buckets=BUCKETS,
        )  # fmt: skip
        self._orders = OrderBook(orders)
        self._held = 0
        self._mode = ""
        self._decision: Decision | None = None
        self._decided_at: float | None = None
        self._rules_good: bool | None = None
        self._rules_read_at: float | None = None
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def record(self, event: Event) -> None:
        """Count the event."""
        with self._turn:
            self._orders.record(event)
            match event:
                case RoundDecided():
                    self._round_decided(event)
                case OrderChanged(order=order):
                    self._order_changed(order)
                case OrderHeld():
                    self._held += 1
                case RoundLost():
                    self._count("rounds", "lost")
                case RulesRead(problem=problem):
                    self._rules_read(is_good=problem is None)
                case OperatorActed(action=action):
                    self._is_paused = {"pause": True, "resume": False}.get(action, self._is_paused)
                case MovedByOthers():
                    self._count("moves_by_others")
                case StrangerSeen():
                    self._count("orders_of_others")
                case Waiting() | StaysBroken():
                    return

    def collect(self) -> Iterator[Metric]:
        """Every family, as Prometheus asks for them; from any thread."""
        with self._turn:
            families = [*self._counters(), *self._own(), *self._of_round()]
        yield from families

    def serve(self, address: str) -> AbstractContextManager[str]:
        """Serve `http://ADDRESS/metrics` while the context is open; it gives the address in use (port 0: a free one).

        MetricsError where the address is not one, or is not to be had.
        """
        return _served(self.registry, address)

    def _round_decided(self, event: RoundDecided) -> None:
        plan = event.decision.plan
        self._decision, self._mode, self._held = event.decision, event.mode, 0
        self._durations.observe(event.seconds)
        self._count("rounds", "decided" if plan.frozen is None else "frozen")
        if plan.frozen is None:
            self._decided_at = event.decision.observation.now
        for reason, count in plan.tally.items():
            self._count("rejections", reason, times=count)
        for reason, count in event.gathering.refused.items():
            self._count("reports_refused", reason, times=count)

    def _order_changed(self, order: Order) -> None:
        if order.state in _TOLD:
            outcome = _OUTCOMES.get((order.mode, order.state), order.state)
            self._count("moves", order.move.rule, order.move.reason, outcome)
        if order.state is OrderState.DONE and order.seconds is not None:
            self._moves.observe(order.seconds)

    def _rules_read(self, *, is_good: bool) -> None:
        self._rules_good = is_good
        if is_good:
            self._rules_read_at = self._now()

    def _count(self, name: str, *labels: str, times: int = 1) -> None:
        series = self._counts[name]
        is_room = labels in series or len(series) < MAX_COUNTED
        series[labels if is_room else ("other",) * len(labels)] += times

    def _counters(self) -> Iterator[Metric]:
        for name, (text, labels) in _COUNTERS.items():
            family = CounterMetricFamily(PREFIX + name, text, labels=labels)
            for values, count in self._counts[name].items():
                family.add_metric(values, count)
            yield family

    def _own(self) -> Iterator[Metric]:
        """What is known before the first round, and what changes between rounds."""
        mode = "paused" if self._is_paused else self._mode
        yield _family("build_info", "Version of the balancer; always 1.", ("version",), [((self._version,), 1)])
        yield _family("mode", "1 for the mode that the balancer is in, 0 for the others.", ("mode",),
                      [((each,), float(each == mode)) for each in MODES])  # fmt: skip
        yield _family("orders_open", "Moves that were ordered and have not come to an end.", (),
                      [((), len(self._orders.open))])  # fmt: skip
        in_doubt = [order for order in self._orders.open if order.state is OrderState.IN_DOUBT]
        yield _family("orders_in_doubt", "Moves of which nobody can say how they ended; somebody has to look.", (),
                      [((), len(in_doubt))])  # fmt: skip
        yield _family("orders_held", "Moves of the last round that might have started and were held back.", (),
                      [((), self._held)])  # fmt: skip
        yield _family("rules_last_reload_successful", "Whether the rule file could be run with when last read.", (),
                      [((), self._rules_good)])  # fmt: skip
        yield _family("rules_last_reload_success_timestamp_seconds", "When rules that are good were last read.", (),
                      [((), self._rules_read_at)])  # fmt: skip
        yield _family("last_complete_round_timestamp_seconds", "When a round was last decided with reports enough.", (),
                      [((), self._decided_at)])  # fmt: skip
        for family in (*self._durations.collect(), *self._moves.collect()):
            family.samples = [each for each in family.samples if not each.name.endswith("_created")]
            yield family

    def _of_round(self) -> Iterator[Metric]:
        if self._decision is not None:
            for gauge in self._gauges:
                yield gauge.family(self._decision)


def _family(name: str, text: str, labels: tuple[str, ...], rows: Iterable[Row]) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, text, labels=labels)
    known = {values: value for values, value in rows if value is not None and isfinite(value)}
    for values, value in islice(known.items(), MAX_SERIES):
        family.add_metric(values, value)
    return family


class _Server(Bounded, TCPServer):
    allow_reuse_address = True


class _Server6(_Server):
    address_family = AF_INET6


@contextmanager
def _served(registry: CollectorRegistry, address: str) -> Iterator[str]:
    host, port = _parted(address)
    handler = type("Handler", (MetricsHandler,), {"registry": registry, "timeout": SECONDS})
    try:
        server = (_Server6 if ":" in host else _Server)((host, port), handler)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise MetricsError(f"metrics cannot be served on {address}: {why}: choose another address") from None
    with serving(server, "metrics"):
        shown = f"[{host}]" if ":" in host else host
        yield f"{shown}:{server.server_address[1]}"


def _parted(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit()):
        raise MetricsError(f"metrics cannot be served on {address}: write HOST:PORT, such as 127.0.0.1:9460")
    return host.strip("[]"), int(port)
