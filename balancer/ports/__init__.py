"""What the loop needs of the world: a clock, a farm, a journal and the operator's hand. A few verbs each.

Rule: protocols and the events they carry, nothing else. Adapters implement them; the loop sees nothing but them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.report import Report
from balancer.core.model import Decision, Drained, Gathering, Journey, Order, State, Unmended
from dsl.hours import WallTime
from dsl.ruleset import Ruleset


class FarmError(Exception):
    """The fabric between us and the farm does not carry: nothing could be asked or ordered."""


class JournalError(Exception):
    """The journal cannot be written: nothing may be ordered."""


class Clock(Protocol):
    """Time, real or virtual."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def wall(self, zones: Collection[str], moment: float) -> Mapping[str, WallTime]:
        """What clocks on the wall show in these time zones at a moment, by zone."""
        ...

    def wait_until(self, moment: float) -> None:
        """Return at `moment`, or earlier when somebody wants to be heard."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """What is said to a new order: `under way`, `unknown`, `done` at once, or `failed`: refused, nothing has begun."""

    order: str
    state: str
    detail: str = ""


class Farm(Protocol):
    """All hosts of one collective."""

    def observe(self, round_number: int) -> Gathering:
        """Ask every host for its report; ends when all expected ones have answered, or at the deadline."""
        ...

    def look(self, orders: Sequence[Order]) -> Sequence[Report]:
        """Ask both hosts of these orders for their reports; those that do not answer are left out."""
        ...

    def examine(self, order: Order) -> Sequence[str]:
        """What its target has against the order just now, in words; a target that does not answer is against it.

        Its source says so when it gets the order.
        """
        ...

    def migrate(self, order: Order) -> Progress:
        """Hand the order to its source. `failed` when it was refused, `unknown` when no answer came."""
        ...

    def take_over(self, order: Order) -> None:
        """Tell the order's target to let the VM run that has arrived there paused; whether it does, it reports."""
        ...


@dataclass(frozen=True, slots=True)
class RoundDecided:
    """A round was decided; nothing of it is ordered yet. `seconds` the whole round took, `mode` labels the journal.

    `before` is the state that it was decided from, `rules` the text of the rules: with the reports that is all of it.
    """

    decision: Decision
    gathering: Gathering
    seconds: float
    interval: float
    mode: str
    before: State
    rules: str


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order came into being or into another state."""

    order: Order


@dataclass(frozen=True, slots=True)
class OrderHeld:
    """A move of wave 1 that is not ordered now, and why: a limit, a pause, a journal that cannot be written."""

    vm: str
    source: str
    target: str
    why: str


@dataclass(frozen=True, slots=True)
class RoundLost:
    """A round from which nothing follows: nobody could be asked, or it could not be written down."""

    round: int
    why: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The loop rests until the next round."""

    seconds: float


@dataclass(frozen=True, slots=True)
class RulesRead:
    """The rule file was read anew; `problem` is None when the new rules are in force, else the last good ones are."""

    file: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class OperatorActed:
    """An operator said `pause`, `resume`, `resolve`, `drain` or `undrain`; or the balancer itself said `pause`."""

    who: str
    action: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class MovedByOthers:
    """A VM runs elsewhere than in the round before, and not by an order of ours."""

    journey: Journey


@dataclass(frozen=True, slots=True)
class StrangerSeen:
    """A host has taken an order that another balancer gave."""

    host: str
    order: str
    vm: str


@dataclass(frozen=True, slots=True)
class StaysBroken:
    """A wall stands broken that no move mends; told once, until it is mended or more VMs stand against it."""

    wall: Unmended


Event = (
    RoundDecided
    | OrderChanged
    | OrderHeld
    | RoundLost
    | Waiting
    | RulesRead
    | OperatorActed
    | MovedByOthers
    | StrangerSeen
    | StaysBroken
)


class Journal(Protocol):
    """Where everything that happens is told."""

    def record(self, event: Event) -> None:
        """Take the event; durable when this returns. JournalError where that cannot be had."""
        ...


class Controls(Protocol):
    """The operator's hand on the loop."""

    def rules(self) -> Ruleset:
        """The rules in force; asked for once a round, at its boundary."""
        ...

    def paused(self) -> str | None:
        """Why nothing may be ordered, or None; asked for just before each order."""
        ...

    def halt(self, why: str) -> None:
        """Let nothing be ordered from now on, until an operator says otherwise."""
        ...

    def resumed(self) -> float:
        """When an operator last said that moves go on, seconds since the epoch; 0 where none ever did."""
        ...

    def resolutions(self) -> Mapping[str, tuple[str, str]]:
        """What operators said of orders: by order `done` or `failed`, and who says so."""
        ...

    def drained(self) -> tuple[Drained, ...]:
        """The hosts that operators want empty, by name; asked for once a round."""
        ...

    def stopping(self) -> bool:
        """Whether the loop shall end."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The four of them, as one mode has them."""

    clock: Clock
    farm: Farm
    journal: Journal
    controls: Controls
