"""How long a move should take, and after how long it is overdue.

Rule: reckoned from the VM's memory and the rate at which earlier moves went; a rate is assumed until one was measured.
Xen copies a guest's memory five times at most, and then what is left of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Final

from balancer.core.model import Order, OrderState

MEASURED: Final = 20
"""Of so many latest moves the rate is taken."""
COPIES: Final = 6.0
"""How often, at most, a guest's memory goes over the wire."""


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds that a move should take, and those after which it is overdue."""

    predicted: float
    limit: float


def duration(memory: float, orders: Iterable[Order], assumed: float, grace: float) -> Duration:
    """For a VM of `memory` MiB. `assumed` is the rate in MiB/s before any is known, `grace` what each move may take."""
    rates = measured(orders) or (assumed,)
    return Duration(memory / median(rates), grace + COPIES * memory / min(*rates, assumed))


def measured(orders: Iterable[Order]) -> tuple[float, ...]:
    """MiB/s of the latest moves that were carried out and whose end is known, with all that a move takes beside."""
    done = (
        (each.ended or 0.0, each.move.memory / each.seconds)
        for each in orders
        if each.state is OrderState.DONE and each.mode != "dry-run" and each.seconds and each.move.memory
    )
    return tuple(rate for _, rate in sorted(done)[-MEASURED:])
