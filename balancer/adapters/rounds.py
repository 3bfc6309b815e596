"""Rounds as JSON lines (rounds/1), and the summary (summary/1) that any kind of output ends with.

Rule: a line is printed when the next round is decided, so that each of its moves carries the outcome known by then.
"""

import json
from typing import Any, TextIO

from balancer.core.formats import round_document, summary_document
from balancer.core.model import Decision, Order, Spread
from balancer.ports import Event, OrderChanged, RoundDecided


class Tally:
    """What a summary needs: each round's spread, every order's last state, walls broken on the way."""

    def __init__(self) -> None:
        self._spreads: list[Spread] = []
        self._orders: dict[str, Order] = {}
        self._broken: int | None = None
        self._violations = 0

    def record(self, event: Event) -> None:
        """Take the event."""
        match event:
            case RoundDecided(decision=decision):
                self._spreads.append(decision.plan.before)
                broken = decision.plan.broken
                self._violations += max(0, broken - (broken if self._broken is None else self._broken))
                self._broken = broken
            case OrderChanged(order=order):
                self._orders[order.id] = order
            case _:
                pass

    def summary(self, overload_seconds: float, seed: int) -> dict[str, Any]:
        """summary/1 of all that was recorded."""
        return summary_document(
            self._spreads, self._orders.values(),
            overload_seconds=overload_seconds, violations=self._violations, seed=seed,
        )  # fmt: skip


class RoundLines:
    """Prints rounds/1, one JSON object a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._decision: Decision | None = None
        self._orders: dict[str, Order] = {}

    def record(self, event: Event) -> None:
        """Take the event; a new round lets the last one's line go out."""
        match event:
            case RoundDecided(decision=decision):
                self.close()
                self._decision = decision
            case OrderChanged(order=order):
                self._orders[order.id] = order
            case _:
                pass

    def close(self) -> None:
        """Print the line that is still held back."""
        if self._decision is not None:
            print(json.dumps(round_document(self._decision, self._orders.values())), file=self._stream, flush=True)
            self._decision = None
            self._orders = {name: order for name, order in self._orders.items() if order.is_open}
