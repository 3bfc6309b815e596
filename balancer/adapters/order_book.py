"""Every order in its latest state, as the events tell it.

Rule: a change that was recorded counts more than the state a round began with, which may be older.
"""

from collections.abc import Iterable

from balancer.core.model import Order
from balancer.ports import Event, OrderChanged, RoundDecided


class OrderBook:
    """The orders that a round knew, and those that came or changed since; to begin with those `taken_up`."""

    def __init__(self, taken_up: Iterable[Order] = ()) -> None:
        self._orders: dict[str, Order] = {each.id: each for each in taken_up}

    def record(self, event: Event) -> None:
        """Take the event."""
        match event:
            case RoundDecided(decision=decision):
                self._orders = {each.id: self._orders.get(each.id, each) for each in decision.state.orders}
            case OrderChanged(order=order):
                self._orders = self._orders | {order.id: order}
            case _:
                return

    @property
    def open(self) -> tuple[Order, ...]:
        """Those still to be reckoned with, oldest first; may be asked from any thread."""
        return tuple(sorted((each for each in self._orders.values() if each.is_open), key=lambda each: each.started))
