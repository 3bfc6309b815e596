"""A farm on which nothing moves: reports are real, orders are only said to be done.

Rule: what goes in is what the daemon would get, so each round decides what the daemon would decide. The order is
answered `done` at once, which gives the VM its rest, sets the source's streaks to 0 and spends the hourly limit, as a
real move does. The reports are not touched, so that status and metrics tell what is: the VM is still seen where it
is, and the plan reckons it at its target for as long as it would rest. Then the same trouble is told again. To see
what would follow, simulate.

Orders that were really sent, by a daemon that was active before, are still asked after: looking changes nothing.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from balancer.core.model import Gathering, Order
from balancer.ports import Farm, Progress

MODE: Final = "dry-run"
"""The mode that labels whatever was only rehearsed."""

REMEMBERED: Final = 1000
"""Orders; a rehearsed one is over when it is given, so the last round's would do."""


class Rehearsal:
    """The farm `real`, on which `migrate` moves nothing."""

    def __init__(self, real: Farm) -> None:
        self._real = real
        self._rehearsed: deque[str] = deque(maxlen=REMEMBERED)

    def observe(self, round_number: int) -> Gathering:
        """The real farm's reports."""
        return self._real.observe(round_number)

    def migrate(self, order: Order) -> Progress:
        """Say that it is done, and send nothing."""
        self._rehearsed.append(order.id)
        return _done(order)

    def progress(self, orders: Sequence[Order]) -> Sequence[Progress]:
        """Rehearsed orders are done; the real farm is asked for the others, if there are any."""
        sent = [order for order in orders if order.id not in self._rehearsed]
        rehearsed = [_done(order) for order in orders if order.id in self._rehearsed]
        return [*rehearsed, *(self._real.progress(sent) if sent else ())]


def _done(order: Order) -> Progress:
    return Progress(order.id, "done", "rehearsed: nothing was sent")
