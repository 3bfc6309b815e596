"""The durable journal: rounds, orders and what an operator did, in one SQLite file under the state directory.

Rule: what `record` has taken survives a crash and a power cut (WAL, synchronous=FULL, one transaction an event). One
daemon writes, under a lock; commands read beside it. Old rounds go a few at a time, so that no round waits for
housekeeping.
"""

import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import RLock
from types import MappingProxyType
from typing import Any, Final, Self, TextIO
from uuid import uuid4

from pydantic import ConfigDict, TypeAdapter

from balancer.adapters.journal_file import FILE, claim, explained, open_to_read, open_to_write
from balancer.adapters.rehearsal import MODE as DRY_RUN
from balancer.core.cycle import REMEMBERED
from balancer.core.formats import pause_reason
from balancer.core.model import Order, State
from balancer.ports import (
    Event,
    JournalError,
    MovedByOthers,
    OperatorActed,
    OrderChanged,
    OrderHeld,
    RoundDecided,
    RoundLost,
    RulesRead,
    StaysBroken,
    StrangerSeen,
    Waiting,
)

DAY: Final = 86400.0
MIB: Final = 1024 * 1024

PRUNED_AT_ONCE: Final = 8
"""Rounds, notes and orders dropped per recorded one, at most: more than come in, so that a lowered limit is met."""

VACUUMED_AT_ONCE: Final = 4096
"""Free pages (of 4 KiB) given back to the file system per round, at most."""

Note = OrderHeld | RoundLost | RulesRead | OperatorActed | MovedByOthers | StrangerSeen | StaysBroken
"""What happens beside rounds and orders."""

_ROUND: Final = TypeAdapter(list[RoundDecided], config=ConfigDict(ser_json_inf_nan="constants"))
"""A list of one: pydantic takes the setting about NaN for a list, not for a dataclass of others."""

_ORDER: Final = TypeAdapter(Order)

_NOTE: Final[TypeAdapter[Note]] = TypeAdapter(Note)

_KINDS: Final[Mapping[type, str]] = MappingProxyType({
    OrderHeld: "order held", RoundLost: "round lost", RulesRead: "rules read", OperatorActed: "operator acted",
    MovedByOthers: "moved by others", StrangerSeen: "stranger seen", StaysBroken: "stays broken",
})  # fmt: skip

_INSERT_ROUND: Final = """
INSERT INTO rounds (number, time, mode, seconds, complete, frozen, moves, sentence, rules_file, rules_sha256, content)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
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
)
"""Orders go by age alone, and not before no limit or rest can count them; open ones stay."""

_NEXT_EPOCH: Final = """
INSERT INTO facts VALUES ('epoch', MAX(1, :now))
ON CONFLICT (name) DO UPDATE SET value = MAX(CAST(value AS INTEGER) + 1, :now)
"""

_NEWEST_ROUNDS: Final = """
SELECT number, time, mode, seconds, complete, frozen, moves, sentence FROM rounds ORDER BY id DESC LIMIT ?
"""

RESOLVED: Final = "resolved "
"""Begins the name of a fact: an operator's word for the order that follows."""

_CARRIED_ORDERS: Final = """
SELECT content FROM orders WHERE mode != ? AND (is_open OR ended > ?) ORDER BY started, id
"""


@dataclass(frozen=True, slots=True)
class Keep:
    """How much of the past stays: `days` of it, never more than `mebibytes` in the file (its WAL has up to 16 more)."""

    days: float = 14.0
    mebibytes: float = 512.0


@dataclass(frozen=True, slots=True)
class Said:
    """What operators said that still holds: why nothing may be ordered, and when they last said that moves go on.

    `resolutions` are their words for open orders: `done` or `failed`, and whose they are.
    """

    paused: str | None = None
    resumed: float = 0.0
    resolutions: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoundLine:
    """A round without its reports."""

    number: int
    time: float
    mode: str
    seconds: float
    complete: float
    frozen: str | None
    moves: int
    sentence: str


@dataclass(frozen=True, slots=True)
class OrderChange:
    """One state that an order came into, and when."""

    time: float
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class Noted:
    """What happened beside rounds and orders, and when."""

    time: float
    event: Note


@dataclass(frozen=True, slots=True)
class History:
    """The newest of everything; in each the newest is last."""

    rounds: tuple[RoundLine, ...]
    orders: tuple[Order, ...]
    notes: tuple[Noted, ...]


class JournalReader:
    """The journal to read from, while the daemon writes it or afterwards. Every method may raise JournalError."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._turn = RLock()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def last_state(self, now: float, max_age: float) -> State:
        """What the next round starts from: the newest round's state, with the orders as they stand now.

        What is older than `max_age` seconds keeps its round number, sightings and journeys only. Orders that were only
        rehearsed do not outlive their daemon. A journal without rounds gives an empty state.
        """
        newest = self._rounds("SELECT content FROM rounds ORDER BY id DESC LIMIT 1")
        state = newest[0].decision.state if newest else State()
        if now - state.time > max_age:
            state = State(state.round, state.time, sightings=state.sightings, journeys=state.journeys)
        rows = self._all(_CARRIED_ORDERS, DRY_RUN, now - REMEMBERED)
        with explained(self._path):
            return _with_orders(state, tuple(_ORDER.validate_json(content) for (content,) in rows))

    def round(self, number: int) -> RoundDecided | None:
        """A round with its reports and its decision, or None where it is not, or no longer, kept."""
        found = self._rounds("SELECT content FROM rounds WHERE number = ? ORDER BY id DESC LIMIT 1", number)
        return found[0] if found else None

    def history(self, limit: int) -> History:
        """The newest `limit` rounds, orders and notes."""
        rounds = self._all(_NEWEST_ROUNDS, limit)
        orders = self._all("SELECT content FROM orders ORDER BY number DESC LIMIT ?", limit)
        notes = self._all("SELECT time, content FROM notes ORDER BY id DESC LIMIT ?", limit)
        with explained(self._path):
            return History(
                tuple(RoundLine(*row) for row in reversed(rounds)),
                tuple(_ORDER.validate_json(content) for (content,) in reversed(orders)),
                tuple(Noted(time, _NOTE.validate_json(content)) for time, content in reversed(notes)),
            )

    def changes(self, order: str) -> tuple[OrderChange, ...]:
        """Every state that this order came into, the newest last."""
        rows = self._all("SELECT time, state, detail FROM order_changes WHERE id = ? ORDER BY number", order)
        return tuple(OrderChange(*row) for row in rows)

    def said(self) -> Said:
        """What operators said."""
        rows = self._all("SELECT name, value FROM facts WHERE name LIKE ?", f"{RESOLVED}%")
        words = {name.removeprefix(RESOLVED): tuple(value.split(" ", 1)) for name, value in rows}
        return Said(self._fact("paused"), float(self._fact("resumed") or 0.0), words)

    @property
    def instance(self) -> str:
        """What tells this journal from any other, for ever."""
        return self._fact("instance") or ""

    @property
    def epoch(self) -> int:
        """Which opening this is: more than any before, and than any of a journal that was moved away."""
        return int(self._fact("epoch") or 0)

    def _rounds(self, statement: str, *arguments: object) -> list[RoundDecided]:
        rows = self._all(statement, *arguments)
        with explained(self._path):
            return [_ROUND.validate_json(zlib.decompress(content))[0] for (content,) in rows]

    def _fact(self, name: str) -> str | None:
        rows = self._all("SELECT value FROM facts WHERE name = ?", name)
        return str(rows[0][0]) if rows else None

    def _all(self, statement: str, *arguments: object) -> list[Any]:
        with self._turn, explained(self._path):
            return self._connection.execute(statement, arguments).fetchall()


class SqliteJournal(JournalReader):
    """The journal to write to: `ports.Journal`, safe to use from several threads. Made by `open_journal`."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, lock: TextIO, now: Callable[[], float], keep: Keep
    ) -> None:
        super().__init__(connection, path)
        self._lock = lock
        self._now = now
        self._keep = keep

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
        content = zlib.compress(_ROUND.dump_json([_without_ended(event)], fallback=dict, warnings=False), 1)
        row = (plan.round, now, event.mode, event.seconds, plan.complete, plan.frozen, len(plan.moves), plan.sentence)
        with self._transaction() as connection:
            self._prune(connection, now)
            connection.execute(_INSERT_ROUND, (*row, decision.rules_file, decision.rules_sha256, content))
        self._give_back()

    def _record_order(self, event: OrderChanged) -> None:
        order, move = event.order, event.order.move
        content = _ORDER.dump_json(order, fallback=dict, warnings=False).decode()
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
        kind, now = _KINDS[type(event)], self._now()
        content = _NOTE.dump_json(event)
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
        counted = min(oldest, now - REMEMBERED)
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


def read_journal(directory: Path) -> JournalReader:
    """The journal of a state directory to read from; JournalError where there is none yet."""
    return JournalReader(open_to_read(directory), directory / FILE)


def _without_ended(event: RoundDecided) -> RoundDecided:
    """The round without the orders that had ended before it: they have rows of their own."""
    state = event.decision.state
    lean = replace(state, orders=tuple(order for order in state.orders if order.is_open))
    return replace(event, decision=replace(event.decision, state=lean))


def _with_orders(state: State, orders: tuple[Order, ...]) -> State:
    """The state with these orders; a move that ended since it was written has set its source's streaks to 0."""
    eased = {order.move.source for order in orders if order.ended is not None and order.ended >= state.time}
    return replace(state, orders=orders, streaks=tuple(each for each in state.streaks if each.host not in eased))


def _remember_word(connection: sqlite3.Connection, event: OperatorActed, now: float) -> None:
    """A pause holds over restarts, until somebody resumes; what failed before that is forgiven.

    A word for an order holds until the order has ended.
    """
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
