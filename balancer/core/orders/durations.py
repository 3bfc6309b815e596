"""How long a move should take, and after how long it is overdue.

Rule: reckoned from the VM's memory and from how long earlier moves took; a rate is assumed until one was measured. What
a move takes beside its data would make the rate of a small VM look slow, so rates are those of large ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Final

from balancer.core.model import Order, OrderState

MEASURED: Final = 20
"""So many of the latest moves are looked at."""
LARGE: Final = 1024.0
"""Memory in MiB from which on a move's time is mostly that of its data."""
COPIES: Final = 6.0
"""How often, at most, a guest's memory goes over the wire: Xen copies it five times, and then what is left."""
LONGEST: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds that a move should take, and those after which it is overdue."""

    predicted: float
    limit: float


def duration(memory: float, orders: Iterable[Order], assumed: float, grace: float) -> Duration:
    """For a VM of `memory` MiB. `assumed` is the rate in MiB/s before any is known, `grace` what each move may take."""
    moves = measured(orders)
    large = [each for each in moves if each[0] >= LARGE]
    like = [seconds * max(1.0, memory / size) for size, seconds in (large if memory >= LARGE else moves)]
    slowest = min([assumed, *(size / seconds for size, seconds in large)])
    limit = min(LONGEST, grace + COPIES * memory / slowest)
    return Duration(min(limit, median(like) if like else memory / assumed), limit)


def measured(orders: Iterable[Order]) -> tuple[tuple[float, float], ...]:
    """Memory in MiB and seconds of the latest moves that were carried out, as far as their sources know how long."""
    done = (
        (each.ended or 0.0, (each.move.memory, each.seconds))
        for each in orders
        if each.state is OrderState.DONE and each.seconds and each.move.memory
    )
    return tuple(told for _, told in sorted(done)[-MEASURED:])
