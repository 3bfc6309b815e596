"""A journal in memory: what a test needs to know of a play.

Rule: it only listens.
"""

from collections.abc import Mapping

from balancer.core.model import Decision, Order
from balancer.core.trials.record import Held, Record
from balancer.ports import Event, OrderChanged, OrderHeld, RoundDecided, RoundLost


class Recorder:
    """Takes every event; `record` is what it came to."""

    def __init__(self) -> None:
        self._decisions: list[Decision] = []
        self._orders: dict[str, Order] = {}
        self._held: list[Held] = []
        self._lost: list[str] = []

    def record(self, event: Event) -> None:
        """Take the event."""
        match event:
            case RoundDecided(decision=decision):
                self._decisions.append(decision)
            case OrderChanged(order=order):
                self._orders[order.id] = order
            case OrderHeld(vm=vm, why=why):
                self._held.append(Held(self._decisions[-1].plan.round, vm, why))
            case RoundLost(round=number, why=why):
                self._lost.append(f"round {number}: {why}")
            case _:
                pass

    def played(self, placement: Mapping[str, str]) -> Record:
        """All that was heard, and where every VM runs now."""
        orders = tuple(self._orders.values())
        return Record(tuple(self._decisions), orders, tuple(self._held), tuple(self._lost), tuple(placement.items()))
