"""The durable journal: rounds, orders and what an operator did, in one SQLite file under the state directory.

Rule: what `record` has taken survives a crash and a power cut (WAL, synchronous=FULL, one transaction an event). One
daemon writes, under a lock; commands read beside it. Old rounds go a few at a time, so that no round waits for
housekeeping.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TextIO
from uuid import uuid4

from balancer.adapters.journal_file import FILE, claim, explained, open_to_write
from balancer.adapters.journal_reader import DRAINED, KINDS, NOTE, ORDER, RESOLVED, JournalReader, Note
from balancer.adapters.journal_rounds import written
from balancer.adapters.samples import write_line
from balancer.core.cycle import REMEMBERED
from balancer.core.formats import pause_reason
from balancer.core.model import State
from balancer.ports import (
    Event,
    JournalError,
    OperatorActed,
    OrderChanged,
    RoundDecided,
    Waiting,
)

DAY: Final = 86400.0
MIB: Final = 1024 * 1024

PRUNED_AT_ONCE: Final = 8
"""Rounds, notes and orders dropped per recorded one, at most: more than come in, so that a lowered limit is met."""

VACUUMED_AT_ONCE: Final = 4096
"""Free pages (of 4 KiB) given back to the file system per round, at most."""

_INSERT_ROUND: Final = """
INSERT INTO rounds (number, time, mode, seconds, complete, frozen, moves, sentence, rules_file, rules_sha256, content,
                    follows, before)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_UPSERT_ORDER: Final = """
INSERT INTO orders (id, round, mode, vm, source, target, state, is_open, started, ended, content)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
state = excluded.state, is_open = excluded.is_open, ended = excluded.ended, content = excluded.content
"""

_PRUNE: Final = (
    "DELETE FROM rounds WHERE id IN (SELECT id FROM rounds WHERE time < :before ORDER BY id LIMIT :few)",
    "DELETE FROM notes WHERE id IN (SELECT id FROM notes WHERE time < :before ORDER BY id LIMIT :few)",
    "DELETE FROM orders WHERE number IN (SELECT number FROM orders WHERE NOT is_open AND ended < :counted LIMIT :few)",
    "DELETE FROM rules WHERE NOT EXISTS (SELECT 1 FROM rounds WHERE rounds.rules_sha256 = rules.sha256)",
)
"""Orders go by age alone, and not before no round that is kept can have counted them; open ones stay."""

_NEXT_EPOCH: Final = """
INSERT INTO facts VALUES ('epoch', MAX(1, :now))
ON CONFLICT (name) DO UPDATE SET value = MAX(CAST(value AS INTEGER) + 1, :now)
"""


@dataclass(frozen=True, slots=True)
class Keep:
    """How much of the past stays: `days` of it, never more than `mebibytes` in the file (its WAL has up to 16 more)."""

    days: float = 14.0
    mebibytes: float = 512.0


class SqliteJournal(JournalReader):
    """The journal to write to: `ports.Journal`, safe to use from several threads. Made by `open_journal`."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, lock: TextIO, now: Callable[[], float], keep: Keep
    ) -> None:
        super().__init__(connection, path)
        self._lock = lock
        self._now = now
        self._keep = keep
        self._last: tuple[int, State] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file, then of the directory."""
        super().close()
        self._lock.close()

    def record(self, event: Event) -> None:
        """Take the event; on disk when this returns. JournalError where it cannot be written: then nothing of it is."""
        match event:
            case RoundDecided():
                self._record_round(event)
            case OrderChanged():
                self._record_order(event)
            case Waiting():
                return
            case _:
                self._record_note(event)

    def begin_epoch(self) -> None:
        """Count this opening; the first one gives the journal its name."""
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO facts VALUES ('instance', ?)", (str(uuid4()),))
            connection.execute(_NEXT_EPOCH, {"now": int(self._now())})

    def _record_round(self, event: RoundDecided) -> None:
        decision, plan, now = event.decision, event.decision.plan, event.decision.observation.now
        row = (plan.round, now, event.mode, event.seconds, plan.complete, plan.frozen, len(plan.moves), plan.sentence)
        with self._transaction() as connection:
            self._prune(connection, now)
            its = written(event, self._last_kept(connection))
            rules = (decision.rules_file, decision.rules_sha256)
            number = connection.execute(_INSERT_ROUND, (*row, *rules, its.content, its.follows, its.before)).lastrowid
            connection.execute("INSERT OR IGNORE INTO rules VALUES (?, ?)", (decision.rules_sha256, event.rules))
            write_line(connection, decision.state.history)
        self._last = (int(number or 0), decision.state)
        self._give_back()

    def _last_kept(self, connection: sqlite3.Connection) -> tuple[int, State] | None:
        """The last row that was written here, while it is there."""
        if self._last is None:
            return None
        found = connection.execute("SELECT 1 FROM rounds WHERE id = ?", (self._last[0],)).fetchone()
        return self._last if found else None

    def _record_order(self, event: OrderChanged) -> None:
        order, move = event.order, event.order.move
        content = ORDER.dump_json(order, fallback=dict, warnings=False).decode()
        row = (order.id, order.round, order.mode, move.vm, move.source, move.target)
        standing = (order.state, order.is_open, order.started, order.ended, content)
        with self._transaction() as connection:
            connection.execute(_UPSERT_ORDER, (*row, *standing))
            connection.execute(
                "INSERT INTO order_changes (id, time, state, detail) VALUES (?, ?, ?, ?)",
                (order.id, self._now(), order.state, order.detail),
            )
            if not order.is_open:
                connection.execute("DELETE FROM facts WHERE name = ?", (RESOLVED + order.id,))

    def _record_note(self, event: Note) -> None:
        kind, now = KINDS[type(event)], self._now()
        content = NOTE.dump_json(event)
        with self._transaction() as connection:
            self._prune(connection, now)
            connection.execute(
                "INSERT INTO notes (time, kind, content) VALUES (?, ?, ?)", (now, kind, content.decode())
            )
            if isinstance(event, OperatorActed):
                _remember_word(connection, event, now)

    def _prune(self, connection: sqlite3.Connection, now: float) -> None:
        """Drop the oldest few of what is too old, or too much for the disk that it may have."""
        oldest = now - self._keep.days * DAY
        before = now if _used_bytes(connection) > self._keep.mebibytes * MIB else oldest
        counted = oldest - REMEMBERED
        for statement in _PRUNE:
            connection.execute(statement, {"before": before, "counted": counted, "few": PRUNED_AT_ONCE})

    def _give_back(self) -> None:
        """Let the file shrink a little; where that fails there is a next time, the round itself is written."""
        with self._turn, suppress(sqlite3.Error):
            self._connection.executescript(f"PRAGMA incremental_vacuum({VACUUMED_AT_ONCE})")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing."""
        with self._turn, explained(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def open_journal(directory: Path, now: Callable[[], float], keep: Keep | None = None) -> SqliteJournal:
    """The journal of a state directory to write to, made at need; `now` tells the time, seconds since the epoch.

    JournalError where another daemon holds the directory, or where the file cannot be used.
    """
    lock = claim(directory, now())
    try:
        journal = SqliteJournal(open_to_write(directory), directory / FILE, lock, now, keep or Keep())
        journal.begin_epoch()
    except JournalError:
        lock.close()
        raise
    return journal


def _remember_word(connection: sqlite3.Connection, event: OperatorActed, now: float) -> None:
    """A pause holds over restarts, until somebody resumes; what failed before that is forgiven.

    A word for an order holds until the order has ended, a drain until somebody says `undrain`.
    """
    if event.action == "drain":
        connection.execute(
            "INSERT OR REPLACE INTO facts VALUES (?, ?)", (DRAINED + event.detail, f"{now!r} {event.who}")
        )
    if event.action == "undrain":
        connection.execute("DELETE FROM facts WHERE name = ?", (DRAINED + event.detail,))
    if event.action == "pause":
        connection.execute(
            "INSERT OR REPLACE INTO facts VALUES ('paused', ?)", (pause_reason(event.who, event.detail),)
        )
    if event.action == "resolve":
        order, outcome = event.detail.rsplit(" ", 1)
        connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (RESOLVED + order, f"{outcome} {event.who}"))
    if event.action == "resume":
        connection.execute("DELETE FROM facts WHERE name = 'paused'")
        connection.execute("INSERT OR REPLACE INTO facts VALUES ('resumed', ?)", (repr(now),))


def _used_bytes(connection: sqlite3.Connection) -> int:
    """Bytes of the file that hold something."""
    names = ("page_count", "freelist_count", "page_size")
    pages, free, size = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in names)
    return (pages - free) * size
