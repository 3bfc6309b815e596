"""What a played test left behind: each round's decision, each order with its end, and what had to wait.

Rule: values; made once the play is over.
"""

from dataclasses import dataclass

from balancer.core.model import Decision, Order


@dataclass(frozen=True, slots=True)
class Held:
    """A move that was not ordered in its round, and why."""

    round: int
    vm: str
    why: str


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is not as it should be, in a line, and the lines that explain it.

    `line` is that of the test file which wants it otherwise; None where it is the test as a whole.
    """

    what: str
    details: tuple[str, ...] = ()
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A play: decisions by round, orders as they were given, each in its last state.

    `lost` are rounds from which nothing followed, each with why; `placement` is where every VM runs in the end.
    """

    decisions: tuple[Decision, ...]
    orders: tuple[Order, ...] = ()
    held: tuple[Held, ...] = ()
    lost: tuple[str, ...] = ()
    placement: tuple[tuple[str, str], ...] = ()

    def decision(self, round_number: int) -> Decision | None:
        """What was decided in that round; None where it was not held."""
        return next((each for each in self.decisions if each.plan.round == round_number), None)

    def ordered(self, round_number: int) -> tuple[Order, ...]:
        """The moves that were begun in that round."""
        return tuple(each for each in self.orders if each.round == round_number)

    def failures(self) -> list[Failure]:
        """Rounds in which the balancer itself made a mistake."""
        return [Failure("a round was lost", (why,)) for why in self.lost]
