"""Ports that do as a test tells them, and write down in which order they were called."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed

from msgspec.structs import replace

from agents.report import OrderReport, Report
from balancer.adapters.clock import VirtualClock
from balancer.core.model import Drained, Gathering, Order, State
from balancer.core.orders.verdict import ends
from balancer.execution import Execution, Settings
from balancer.loop import Loop, Pace
from balancer.ports import (
    Event,
    FarmError,
    JournalError,
    MovedByOthers,
    OrderChanged,
    OrderHeld,
    Ports,
    Progress,
    RoundDecided,
    RoundLost,
    StaysBroken,
    StrangerSeen,
    Waiting,
)
from dsl.ruleset import Ruleset
from tests.farms import Farm, alive, rules

SETTINGS = Settings(instance="t", epoch=7, mode="active", bandwidth=1e9, grace=300.0)


@dataclass(slots=True)
class ScriptedFarm:
    """Reports of a farm made by hand. `answers` tell by VM how its order stands: what is ordered, then what is seen.

    An answer is under way, done, failed, lost, or unknown where the source knows nothing of the order. Hosts of an
    order without one do not answer a look. `lost` is why nobody can be asked; `silent` hosts do not report, `against`
    is what targets have against a VM; `meanwhile` happens while the farm is at work.
    """

    farm: Farm
    clock: VirtualClock
    calls: list[str]
    answers: dict[str, str] = field(default_factory=dict)
    lost: str | None = None
    silent: tuple[str, ...] = ()
    against: dict[str, str] = field(default_factory=dict)
    meanwhile: Callable[[], None] = lambda: None

    def observe(self, round_number: int) -> Gathering:
        self.calls.append(f"observe {round_number}")
        self._reach()
        self.farm.pass_time(self.clock.now() - self.farm.time)
        gathering = self.farm.gathering(self.silent)
        return changed(gathering, reports=tuple(alive(report) for report in gathering.reports))

    def migrate(self, order: Order) -> Progress:
        self.calls.append(f"migrate {order.move.vm}")
        self._reach()
        state = self.answers.get(order.move.vm, "under way")
        return Progress(order.id, state, "Connection refused" if state == "failed" else "")

    def examine(self, order: Order) -> Sequence[str]:
        self._reach()
        return [self.against[order.move.vm]] if order.move.vm in self.against else []

    def look(self, orders: Sequence[Order]) -> Sequence[Report]:
        self.calls.append(f"look {' '.join(order.move.vm for order in orders)}")
        self._reach()
        told = [order for order in orders if order.move.vm in self.answers]
        for order in told:
            if self.answers[order.move.vm] == "done":
                self.farm.move(order.move.vm, order.move.target)
        calls = {host: tuple(self._call(order) for order in told if order.move.source == host) for host in ends(told)}
        return [
            replace(alive(self.farm.report(host)), orders=tuple(call for call in calls[host] if call)) for host in calls
        ]

    def take_over(self, order: Order) -> None:
        self.calls.append(f"take over {order.move.vm} at {order.epoch}")

    def _reach(self) -> None:
        self.meanwhile()
        if self.lost is not None:
            raise FarmError(self.lost)

    def _call(self, order: Order) -> OrderReport | None:
        state = self.answers[order.move.vm]
        if state == "unknown":
            return None
        age = self.clock.now() - order.started
        return OrderReport(order.id, state, "Connection refused" if state == "failed" else "", age, age + 1.0)  # type: ignore[arg-type]


@dataclass(slots=True)
class ScriptedJournal:
    """Remembers every event; fails on those in whose words one of `refuses` stands."""

    calls: list[str]
    events: list[Event] = field(default_factory=list)
    refuses: tuple[str, ...] = ()

    def record(self, event: Event) -> None:
        words = told(event)
        if any(each in words for each in self.refuses):
            raise JournalError("disk full")
        self.events.append(event)
        self.calls.append(words)


@dataclass(slots=True)
class ScriptedControls:
    """An operator: rules, a pause, an end."""

    in_force: Ruleset
    calls: list[str]
    pause: str | None = None
    stop: bool = False
    again: float = 0.0
    said: dict[str, tuple[str, str]] = field(default_factory=dict)
    emptied: tuple[Drained, ...] = ()

    def rules(self) -> Ruleset:
        return self.in_force

    def paused(self) -> str | None:
        return self.pause

    def halt(self, why: str) -> None:
        self.calls.append(f"halt: {why}")
        self.pause = why

    def resumed(self) -> float:
        return self.again

    def resolutions(self) -> Mapping[str, tuple[str, str]]:
        return self.said

    def drained(self) -> tuple[Drained, ...]:
        return self.emptied

    def stopping(self) -> bool:
        return self.stop


def told(event: Event) -> str:  # noqa: PLR0911 - one line an event
    """An event in a few words."""
    match event:
        case RoundDecided(decision=decision):
            return f"round {decision.plan.round}: {decision.plan.sentence}"
        case OrderChanged(order=order):
            return f"{order.state} {order.move.vm}{f' ({order.detail})' if order.detail else ''}"
        case OrderHeld(vm=vm, why=why):
            return f"held {vm}: {why}"
        case RoundLost(round=number, why=why):
            return f"round {number} lost: {why}"
        case Waiting(seconds=seconds):
            return f"waiting {seconds:g} s"
        case MovedByOthers(journey=its):
            return f"others moved {its.vm} from {its.source} to {its.target}"
        case StaysBroken(wall=wall):
            return f"{wall.text} cannot be mended"
        case StrangerSeen(host=host, order=order_id):
            return f"{host} has {order_id} of another balancer"
        case _:
            raise AssertionError(f"no test tells of {event}")


class Stage:
    """A loop over scripted ports. Counters were read once before, so that the first round sees what VMs use."""

    def __init__(self, farm: Farm, text: str, state: State | None = None, *, interval: float | None = 30.0) -> None:
        self.calls: list[str] = []
        self.clock = VirtualClock()
        self.farm = ScriptedFarm(farm, self.clock, self.calls)
        self.journal = ScriptedJournal(self.calls)
        self.controls = ScriptedControls(rules(text), self.calls)
        self.ports = Ports(self.clock, self.farm, self.journal, self.controls)
        self.loop = Loop(self.ports, SETTINGS, Pace(interval, poll=10.0), state or State())
        self.execution = Execution(self.ports, SETTINGS)

    def rounds(self, count: int) -> list[str]:
        """So many rounds; what was called meanwhile."""
        before = len(self.calls)
        self.loop.run(count)
        return self.calls[before:]

    def orders(self) -> dict[str, str]:
        """How the orders stand, by VM."""
        return {order.move.vm: str(order.state) for order in self.loop.state.orders}
