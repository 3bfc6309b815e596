"""One journal made of several: the durable one first, then those who only tell.

Rule: what could not be made durable has not happened, so nobody else hears of it. One event at a time, whichever
thread it comes from, so that the listeners need no locks of their own.
"""

from threading import RLock

from balancer.ports import Event, Journal


class Fanout:
    """Records every event in `durable`, then in each of `others`, in that order."""

    def __init__(self, durable: Journal, *others: Journal) -> None:
        self._journals = (durable, *others)
        self._turn = RLock()

    def record(self, event: Event) -> None:
        """Durable when this returns; the JournalError of `durable` goes up before anybody else has heard."""
        with self._turn:
            for journal in self._journals:
                journal.record(event)
