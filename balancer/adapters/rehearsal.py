"""A farm on which nothing moves: reports are real, orders are only said to be done.

Rule: what goes in is what the daemon would get, so each round decides what the daemon would decide. The order is
answered `done` at once, which gives the VM its rest, sets the source's streaks to 0 and spends the hourly limit, as a
real move does. The reports are not touched, so that status and metrics tell what is: the VM is still seen where it
is, and the plan reckons it at its target for as long as it would rest. Then the same trouble is told again. To see
what would follow, simulate.

Orders that were really sent, by a daemon that was active before, are still looked after: looking changes nothing.
"""

from collections.abc import Sequence
from typing import Final

from agents.report import Report
from balancer.core.model import Gathering, Order
from balancer.ports import Farm, Progress

MODE: Final = "dry-run"
"""The mode that labels whatever was only rehearsed."""


class Rehearsal:
    """The farm `real`, on which `migrate` moves nothing."""

    def __init__(self, real: Farm) -> None:
        self._real = real

    def observe(self, round_number: int) -> Gathering:
        """The real farm's reports."""
        return self._real.observe(round_number)

    def look(self, orders: Sequence[Order]) -> Sequence[Report]:
        """The real farm's reports."""
        return self._real.look(orders)

    def examine(self, order: Order) -> Sequence[str]:  # noqa: ARG002  (the port's)
        """Nothing: to ask the target would reserve its memory for a VM that does not come."""
        return ()

    def migrate(self, order: Order) -> Progress:
        """Say that it is done, and send nothing."""
        return Progress(order.id, "done", "rehearsed: nothing was sent")

    def take_over(self, order: Order) -> None:
        """What a real order has sent must not stay paused because nobody is active any more."""
        self._real.take_over(order)
