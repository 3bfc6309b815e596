"""The orders an agent was given, and how each stands.

Rule: an order is taken once; asked again it only tells how it stands. What cannot be taken is refused before anything
has happened, so that a refusal always means: nothing was started.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from agents.hypervisor import Migration
from agents.report import OrderReport

MAX_REMEMBERED: Final = 100
MAX_ERROR: Final = 1000


class OrderRefused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The order was not taken; the message says why."""


@dataclass(slots=True)
class _Entry:
    migration: Migration
    started: float
    ended: float | None = None
    error: str | None = None


class Orders:
    """The book of orders; safe to use from every thread. `limit` is how many may be under way at once."""

    def __init__(self, limit: int) -> None:
        self._limit: Final = limit
        self._lock: Final = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._epoch = 0

    def take(self, migration: Migration, epoch: int | None) -> bool:
        """Whether the order is a new one, which is under way from now; OrderRefused where it cannot be taken.

        Without an epoch it comes from nobody who has one, and counts as of the latest.
        """
        with self._lock:
            known = self._entries.get(migration.order)
            if known is None:
                self._accept(migration, epoch)
            elif known.migration != migration:
                raise OrderRefused(f"order {migration.order} was given before, for another move; use a new id")
            return known is None

    def end(self, order: str, error: str | None) -> None:
        """The order has ended: done, or failed with `error`."""
        with self._lock:
            entry = self._entries[order]
            entry.ended, entry.error = time.monotonic(), error
            self._forget()

    def state(self, order: str) -> OrderReport | None:
        """How the order stands; None where it is not known (any more)."""
        with self._lock:
            entry = self._entries.get(order)
            return None if entry is None else _told(order, entry)

    def all(self) -> tuple[OrderReport, ...]:
        """Those under way and the latest that ended, oldest first."""
        with self._lock:
            return tuple(_told(order, entry) for order, entry in self._entries.items())

    def under_way(self) -> int:
        """How many have not ended."""
        with self._lock:
            return sum(1 for _ in self._open())

    def _open(self) -> Iterator[_Entry]:
        return (entry for entry in self._entries.values() if entry.ended is None)

    def _accept(self, migration: Migration, epoch: int | None) -> None:
        epoch = self._epoch if epoch is None else epoch
        if epoch < self._epoch:
            raise OrderRefused(f"epoch {epoch} is over: a balancer of epoch {self._epoch} has given orders since")
        self._epoch = epoch
        running = [entry.migration for entry in self._open()]
        if any(other.vm_uuid == migration.vm_uuid for other in running):
            raise OrderRefused(f"{migration.vm_name} is being moved already")
        if len(running) >= self._limit:
            raise OrderRefused(f"{len(running)} under way, max_migrations is {self._limit}: try again later")
        self._entries[migration.order] = _Entry(migration, time.monotonic())

    def _forget(self) -> None:
        ended = [order for order, entry in self._entries.items() if entry.ended is not None]
        for order in ended[:-MAX_REMEMBERED]:
            del self._entries[order]


def _told(order: str, entry: _Entry) -> OrderReport:
    until = time.monotonic() if entry.ended is None else entry.ended
    state: Literal["under way", "done", "failed"] = "failed" if entry.error is not None else "done"
    return OrderReport(
        order, "under way" if entry.ended is None else state, (entry.error or "")[:MAX_ERROR], until - entry.started
    )
