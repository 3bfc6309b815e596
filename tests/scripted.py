"""Ports that do as a test tells them, and write down in which order they were called."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from balancer.adapters.clock import VirtualClock
from balancer.core.model import Gathering, Order, State
from balancer.execution import Execution, Settings
from balancer.loop import Loop, Pace
from balancer.ports import (
    Event,
    FarmError,
    JournalError,
    OrderChanged,
    OrderHeld,
    Ports,
    Progress,
    RoundDecided,
    RoundLost,
    Waiting,
)
from dsl.ruleset import Ruleset
from tests.farms import Farm, rules

SETTINGS = Settings(instance="t", epoch=7, mode="active", overdue=300.0)


@dataclass(slots=True)
class ScriptedFarm:
    """Reports of a farm made by hand. `answers` tell by VM how an order stands: what is asked, then what was ordered.

    `lost` is why nobody can be asked; `silent` hosts do not report; `meanwhile` happens while the farm is at work.
    """

    farm: Farm
    clock: VirtualClock
    calls: list[str]
    answers: dict[str, str] = field(default_factory=dict)
    lost: str | None = None
    silent: tuple[str, ...] = ()
    meanwhile: Callable[[], None] = lambda: None

    def observe(self, round_number: int) -> Gathering:
        self.calls.append(f"observe {round_number}")
        self._reach()
        self.farm.pass_time(self.clock.now() - self.farm.time)
        return self.farm.gathering(self.silent)

    def migrate(self, order: Order) -> Progress:
        self.calls.append(f"migrate {order.move.vm}")
        self._reach()
        return self._answer(order, "under way")

    def progress(self, orders: Sequence[Order]) -> Sequence[Progress]:
        self.calls.append(f"progress {' '.join(order.move.vm for order in orders)}")
        self._reach()
        return [self._answer(order, "unknown") for order in orders if order.move.vm in self.answers]

    def _reach(self) -> None:
        self.meanwhile()
        if self.lost is not None:
            raise FarmError(self.lost)

    def _answer(self, order: Order, default: str) -> Progress:
        state = self.answers.get(order.move.vm, default)
        if state == "done" and self.farm.vms[order.move.vm].host != order.move.target:
            self.farm.move(order.move.vm, order.move.target)
        return Progress(order.id, state, "Connection refused" if state == "failed" else "")


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
    pause: str | None = None
    stop: bool = False

    def rules(self) -> Ruleset:
        return self.in_force

    def paused(self) -> str | None:
        return self.pause

    def stopping(self) -> bool:
        return self.stop


def told(event: Event) -> str:
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
        case _:
            raise AssertionError(f"no test tells of {event}")


class Stage:
    """A loop over scripted ports. Counters were read once before, so that the first round sees what VMs use."""

    def __init__(self, farm: Farm, text: str, state: State | None = None, *, interval: float | None = 30.0) -> None:
        self.calls: list[str] = []
        self.clock = VirtualClock()
        self.farm = ScriptedFarm(farm, self.clock, self.calls)
        self.journal = ScriptedJournal(self.calls)
        self.controls = ScriptedControls(rules(text))
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
