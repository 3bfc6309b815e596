"""One journal made of several: the durable one first, then those who only tell.

Rule: a round or an order that could not be made durable has not happened, so nobody else hears of it. What merely tells
of trouble is told all the same: a full disk must not silence the message about itself. One event at a time, whichever
thread it comes from, so that the listeners need no locks of their own.
"""

from threading import RLock
from typing import Final

from balancer.ports import Event, Journal, OperatorActed, OrderChanged, RoundDecided

BINDING: Final = (RoundDecided, OrderChanged)
RESUME: Final = "resume"
"""The operator's word that must not be heard before it is written down: until then the pause goes on."""


class Fanout:
    """Records every event in `durable`, then in each of `others`, in that order."""

    def __init__(self, durable: Journal, *others: Journal) -> None:
        self._durable = durable
        self._others = others
        self._turn = RLock()

    def record(self, event: Event) -> None:
        """Durable when this returns, else the JournalError of `durable` goes up."""
        with self._turn:
            if isinstance(event, BINDING) or (isinstance(event, OperatorActed) and event.action == RESUME):
                self._durable.record(event)
                self._tell(event)
                return
            try:
                self._durable.record(event)
            finally:
                self._tell(event)

    def _tell(self, event: Event) -> None:
        for other in self._others:
            other.record(event)
