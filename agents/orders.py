"""The orders a host was given and how each stands, and what memory it has promised: its book, which outlives the agent.

Rule: whatever is written here is on the disk before anybody acts on it, so that an order is carried out once at most,
whoever dies when. What cannot be taken is refused before anything has happened, so that a refusal always means: nothing
was started. Who ended without a word is not guessed about: the order is lost.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Final

from msgspec.json import decode, encode

from agents.book import Book
from agents.hypervisor import Guest, Migration, kernel
from agents.report import OrderReport

FILE: Final = "orders.sqlite"
BEGINS: Final = 60.0
"""Seconds beyond an order's validity in which its process may still begin it: on a busy host it starts slowly."""
REMEMBERED: Final = 1000
REMEMBERED_SECONDS: Final = 7 * 86_400.0
"""Of those that have ended so many are remembered, and for so long."""
TOLD: Final = 100
AHEAD: Final = 86_400
"""Seconds: an epoch is about the time when its balancer was started, so one further ahead comes from a wrong clock."""
MAX_ERROR: Final = 1000

LOST: Final = "its process ended without a word: look at both hosts"
NOT_BEGUN: Final = "it was not begun: the agent ended before"

LATEST: Final = """
SELECT * FROM orders WHERE ended IS NULL
   OR number IN (SELECT number FROM orders WHERE ended IS NOT NULL ORDER BY number DESC LIMIT ?)
ORDER BY number
"""
FORGET: Final = """
DELETE FROM orders WHERE ended < ? OR ended IS NOT NULL
  AND number NOT IN (SELECT number FROM orders WHERE ended IS NOT NULL ORDER BY number DESC LIMIT ?)
"""


class OrderRefused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The order was not taken; the message says why."""


@dataclass(frozen=True, slots=True)
class Promise:
    """Memory in MiB that is kept free for a VM which has been let in."""

    vm_uuid: str
    memory_mb: float


class Orders:
    """The book in `directory`, for every thread and process; no more orders than `limit` are taken at once.

    `clock` tells seconds since the epoch.
    """

    def __init__(self, directory: Path, limit: int = 1, clock: Callable[[], float] = time.time) -> None:
        self.directory: Final = directory
        self._limit: Final = limit
        self._clock: Final = clock
        self._admitting: Final = threading.Lock()
        self._book: Final = Book(directory / FILE)

    # -- given ---------------------------------------------------------------------------------------------------------

    def knows(self, migration: Migration) -> bool:
        """Whether the order was taken before; OrderRefused where it was, for another move."""
        with self._book.reading() as book:
            return _is_known(book, migration)

    def take(self, migration: Migration, epoch: int | None, valid_until: float) -> bool:
        """Whether the order is a new one, which is under way from now; OrderRefused where it cannot be taken.

        Without an epoch it comes from nobody who has one, and counts as of the latest.
        """
        with self._book.writing() as book:
            self._mark_lost(book)
            if _is_known(book, migration):
                return False
            refusal = self._fenced(book, epoch) or self._obstacle(book, migration)
            if refusal is None:
                book.execute(
                    "INSERT INTO orders (id, vm, migration, given, valid_until) VALUES (?, ?, ?, ?, ?)",
                    (migration.order, migration.vm_uuid, encode(migration), self._clock(), valid_until),
                )
        if refusal is not None:
            raise OrderRefused(refusal)
        return True

    def fence(self, epoch: int) -> None:
        """OrderRefused where somebody of a later epoch has given orders; from now on earlier ones are refused."""
        with self._book.writing() as book:
            refusal = self._fenced(book, epoch)
        if refusal is not None:
            raise OrderRefused(refusal)

    @property
    def epoch(self) -> int:
        """The highest epoch of whoever gave an order; 0 before anybody has."""
        with self._book.reading() as book:
            return int(book.execute("SELECT highest FROM epoch").fetchone()[0])

    # -- carried out ---------------------------------------------------------------------------------------------------

    def claim(self, order: str, pid: int) -> Migration | None:
        """What the process `pid` has to do, which nobody else will be told; None where there is nothing (any more)."""
        with self._book.writing() as book:
            row = book.execute(
                "SELECT migration, valid_until FROM orders WHERE id = ? AND state = 'under way' AND mover IS NULL",
                (order,),
            ).fetchone()
            if row is None:
                return None
            if not self._clock() <= row["valid_until"] + BEGINS:
                self._end(book, order, "failed", "it was not begun: by then it was too late")
                return None
            book.execute("UPDATE orders SET mover = ? WHERE id = ?", (kernel.process(pid), order))
            return _migration(row)

    def end(self, order: str, error: str | None) -> None:
        """The order has ended: done, or failed with `error`."""
        with self._book.writing() as book:
            self._end(book, order, "done" if error is None else "failed", error or "")

    def give_up(self, order: str | None = None, why: str = NOT_BEGUN) -> None:
        """Let the order, or every one, have failed that no process has begun; none will begin it from now on."""
        with self._book.writing() as book:
            for row in book.execute("SELECT id FROM orders WHERE state = 'under way' AND mover IS NULL").fetchall():
                if order in {None, row["id"]}:
                    self._end(book, row["id"], "failed", why)

    # -- told ----------------------------------------------------------------------------------------------------------

    def state(self, order: str) -> OrderReport | None:
        """How the order stands; None where it is not known (any more)."""
        with self._settled() as book:
            row = book.execute("SELECT * FROM orders WHERE id = ?", (order,)).fetchone()
        return None if row is None else _told(row, self._clock())

    def all(self) -> tuple[OrderReport, ...]:
        """Those under way and the latest that ended, oldest first."""
        with self._settled() as book:
            rows = book.execute(LATEST, (TOLD,)).fetchall()
        return tuple(map(_told, rows, repeat(self._clock())))

    def under_way(self) -> int:
        """How many have not ended."""
        with self._settled() as book:
            return len(_open(book))

    # -- let in --------------------------------------------------------------------------------------------------------

    def admit(
        self,
        order: str,
        guest: Guest,
        seconds: float,
        examine: Callable[[Sequence[Promise]], Sequence[str]],
    ) -> tuple[str, ...]:
        """What `examine` has against the guest, given what is promised to others; where that is nothing, a promise.

        One at a time, so that two do not get the same memory. The promise lasts so many seconds; it takes the place of
        one to the same order, or for the same VM, whose earlier order has come to nothing.
        """
        with self._admitting:
            obstacles = tuple(examine(self._promises(order, guest)))
            if not obstacles:
                now = self._clock()
                with self._book.writing() as book:
                    book.execute("DELETE FROM admissions WHERE id = ? OR vm = ?", (order, guest.uuid))
                    book.execute(
                        "INSERT INTO admissions VALUES (?, ?, ?, ?, ?)",
                        (order, guest.uuid, guest.memory_mb, now, now + seconds),
                    )
            return obstacles

    def was_admitted(self, order: str, vm_uuid: str) -> bool:
        """Whether that VM was let in by that order, within the last days."""
        with self._book.reading() as book:
            found = book.execute("SELECT 1 FROM admissions WHERE id = ? AND vm = ?", (order, vm_uuid))
            return found.fetchone() is not None

    def _promises(self, order: str, guest: Guest) -> tuple[Promise, ...]:
        """What is promised to other orders for other VMs."""
        with self._book.reading() as book:
            rows = book.execute(
                "SELECT vm, memory_mb FROM admissions WHERE id <> ? AND vm <> ? AND expires > ?",
                (order, guest.uuid, self._clock()),
            ).fetchall()
        return tuple(Promise(row["vm"], row["memory_mb"]) for row in rows)

    # -- the book ------------------------------------------------------------------------------------------------------

    @contextmanager
    def _settled(self) -> Iterator[sqlite3.Connection]:
        """The book, in which nothing is under way that nobody carries out any more."""
        with self._book.reading() as book:
            gone = _gone(book)
        if gone:
            with self._book.writing() as book:
                self._mark_lost(book)
        with self._book.reading() as book:
            yield book

    def _mark_lost(self, book: sqlite3.Connection) -> None:
        for order in _gone(book):
            self._end(book, order, "lost", LOST)

    def _end(self, book: sqlite3.Connection, order: str, state: str, error: str) -> None:
        now = self._clock()
        book.execute(
            "UPDATE orders SET state = ?, error = ?, ended = ? WHERE id = ?", (state, error[:MAX_ERROR], now, order)
        )
        book.execute(FORGET, (now - REMEMBERED_SECONDS, REMEMBERED))
        book.execute("DELETE FROM admissions WHERE given < ? AND expires < ?", (now - REMEMBERED_SECONDS, now))

    def _fenced(self, book: sqlite3.Connection, epoch: int | None) -> str | None:
        """Why an order of this epoch is not taken; where it is, the epoch is the highest from now on."""
        highest = book.execute("SELECT highest FROM epoch").fetchone()[0]
        if epoch is None or epoch == highest:
            return None
        if epoch < highest:
            return (
                f"epoch {epoch} is over: a balancer of epoch {highest} has given orders since; "
                "if that one is gone for good, start this one anew"
            )
        if epoch > self._clock() + AHEAD:
            return (
                f"epoch {epoch} is more than a day ahead of this host's clock, {self._clock():.0f}: look at that "
                "balancer's clock and at this one; what a wrong clock has left in the balancer's state goes when that "
                "is moved away"
            )
        book.execute("UPDATE epoch SET highest = ?", (epoch,))
        return None

    def _obstacle(self, book: sqlite3.Connection, migration: Migration) -> str | None:
        running = _open(book)
        its = next((row for row in running if row["vm"] == migration.vm_uuid), None)
        if its is not None:
            return f"{migration.vm_name} is being moved already: {_named(its)}"
        if len(running) >= self._limit:
            return (
                f"{len(running)} under way, max_migrations is {self._limit}: try again later; "
                f"{'; '.join(map(_named, running))}; one that hangs is ended here by `kill PROCESS`, once both of its "
                "hosts were looked at"
            )
        return None


def _told(row: sqlite3.Row, now: float) -> OrderReport:
    migration, until = _migration(row), now if row["ended"] is None else row["ended"]
    return OrderReport(
        id=row["id"],
        state=row["state"],
        error=row["error"],
        seconds=max(0.0, until - row["given"]),
        age=max(0.0, now - row["given"]),
        vm=migration.vm_name,
        target=migration.target,
    )


def _migration(row: sqlite3.Row) -> Migration:
    return decode(row["migration"], type=Migration)


def _is_known(book: sqlite3.Connection, migration: Migration) -> bool:
    row = book.execute("SELECT migration FROM orders WHERE id = ?", (migration.order,)).fetchone()
    if row is not None and _migration(row) != migration:
        raise OrderRefused(f"order {migration.order} was given before, for another move; use a new id")
    return row is not None


def _open(book: sqlite3.Connection) -> list[sqlite3.Row]:
    return book.execute("SELECT id, vm, migration, mover FROM orders WHERE state = 'under way'").fetchall()


def _named(row: sqlite3.Row) -> str:
    """An order that is under way, and who carries it out."""
    move, mover = _migration(row), row["mover"]
    how = "has not begun" if mover is None else f"is process {kernel.pid(mover)}"
    return f"order {row['id']} ({move.vm_name} to {move.target}) {how}"


def _gone(book: sqlite3.Connection) -> list[str]:
    """The orders that a process has begun which is not there any more, and said nothing of the end."""
    return [row["id"] for row in _open(book) if row["mover"] is not None and not kernel.is_alive(row["mover"])]
