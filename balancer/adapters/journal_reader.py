"""The journal to read from, while the daemon writes it or afterwards: what it knows, as values.

Rule: looking changes nothing and waits for nobody; every answer is of what stands in the file at that moment.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from threading import RLock
from types import MappingProxyType
from typing import Any, Final

from pydantic import TypeAdapter

from balancer.adapters.journal_file import FILE, explained, open_to_read
from balancer.adapters.journal_rounds import begun_from, decided
from balancer.adapters.rehearsal import MODE as DRY_RUN
from balancer.adapters.samples import read_lines
from balancer.core.cycle import REMEMBERED
from balancer.core.history import History as Lines
from balancer.core.model import Drained, Order, State
from balancer.ports import (
    MovedByOthers,
    OperatorActed,
    OrderHeld,
    RoundDecided,
    RoundLost,
    RulesRead,
    StaysBroken,
    StrangerSeen,
)

Note = OrderHeld | RoundLost | RulesRead | OperatorActed | MovedByOthers | StrangerSeen | StaysBroken
"""What happens beside rounds and orders."""

ORDER: Final = TypeAdapter(Order)

NOTE: Final[TypeAdapter[Note]] = TypeAdapter(Note)

_ACTED: Final = TypeAdapter(OperatorActed)

KINDS: Final[Mapping[type, str]] = MappingProxyType({
    OrderHeld: "order held", RoundLost: "round lost", RulesRead: "rules read", OperatorActed: "operator acted",
    MovedByOthers: "moved by others", StrangerSeen: "stranger seen", StaysBroken: "stays broken",
})  # fmt: skip

_NEWEST_ROUNDS: Final = """
SELECT number, time, mode, seconds, complete, frozen, moves, sentence FROM rounds ORDER BY id DESC LIMIT ?
"""

RESOLVED: Final = "resolved "
"""Begins the name of a fact: an operator's word for the order that follows."""

DRAINED: Final = "drained "
"""Begins the name of a fact: that an operator wants the host that follows empty, since when, and who said so."""

_WHOLE_ROUND: Final = """
SELECT content, follows, before, text FROM rounds LEFT JOIN rules ON sha256 = rules_sha256 WHERE id = ?
"""

_ROWS: Final = "SELECT id FROM rounds WHERE number >= ? AND time >= ? AND number <= ? AND time <= ? ORDER BY id"

_THESE_ORDERS: Final = "SELECT id, content FROM orders WHERE id IN (SELECT value FROM json_each(?))"

_ORDERS_OF_VM: Final = "SELECT content FROM orders WHERE vm = ? AND started <= ? ORDER BY number DESC LIMIT ?"

_CARRIED_ORDERS: Final = """
SELECT content FROM orders WHERE mode != ? AND (is_open OR ended > ?) ORDER BY started, id
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What operators said that still holds: why nothing may be ordered, and when they last said that moves go on.

    `resolutions` are their words for open orders: `done` or `failed`, and whose they are. `drained` are the hosts that
    they want empty, by name.
    """

    paused: str | None = None
    resumed: float = 0.0
    resolutions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    drained: tuple[Drained, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the journal's past: a round, or a moment, seconds since the epoch."""

    number: int = 0
    time: float = 0.0


BEGINNING: Final = Mark()
END: Final = Mark(2**62, inf)


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
class Past:
    """Orders as they ended, and what operators said, each with its time; the newest is last."""

    orders: tuple[Order, ...]
    said: tuple[tuple[float, OperatorActed], ...] = ()


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

        What is older than `max_age` seconds keeps its round number, sightings and moves only. Orders that were only
        rehearsed do not outlive their daemon. A journal without rounds gives an empty state.
        """
        newest = self.newest()
        state = newest.decision.state if newest else State()
        if now - state.time > max_age:
            state = State(
                state.round, state.time,
                sightings=state.sightings, journeys=state.journeys, arrivals=state.arrivals,
            )  # fmt: skip
        rows = self._all(_CARRIED_ORDERS, DRY_RUN, now - REMEMBERED)
        with explained(self._path):
            return _with_orders(state, tuple(ORDER.validate_json(content) for (content,) in rows))

    def lines(self) -> Lines:
        """What rules aggregate over time, as far as they looked back when the last round was written."""
        with self._turn, explained(self._path):
            return read_lines(self._connection)

    def round(self, number: int) -> RoundDecided | None:
        """A round with all that it was decided from, or None where that is not, or no longer, kept."""
        rows = self._all("SELECT id FROM rounds WHERE number = ? ORDER BY id DESC LIMIT 1", number)
        return next((event for event in self.rounds(row for (row,) in rows)), None)

    def newest(self) -> RoundDecided | None:
        """The newest round as it was decided, or None where none was held."""
        rows = self._all("SELECT content FROM rounds ORDER BY id DESC LIMIT 1")
        with explained(self._path):
            return next((decided(content) for (content,) in rows), None)

    def rows(self, first: Mark, last: Mark) -> tuple[int, ...]:
        """The rows of the rounds between these two, both included, the oldest first: what `rounds` takes."""
        rows = self._all(_ROWS, first.number, first.time, last.number, last.time)
        return tuple(row for (row,) in rows)

    def rounds(self, rows: Iterable[int]) -> Iterator[RoundDecided]:
        """The rounds of these rows, each with all that it was decided from; those without it are left out."""
        last: tuple[int, State] | None = None
        for row in rows:
            found = self._all(_WHOLE_ROUND, row)
            if not found:
                continue
            content, follows, before, text = found[0]
            with explained(self._path):
                event = decided(content)
                after = State() if follows is None else self._after(follows, last)
                begun = after and begun_from(before, after, self._orders)
            last = (row, event.decision.state)
            if begun is not None and text is not None:
                yield replace(event, before=begun, rules=text)

    def _after(self, row: int, last: tuple[int, State] | None) -> State | None:
        """The state after the round of that row, None where it is no longer kept; `last` is one that is at hand."""
        if last is not None and last[0] == row:
            return last[1]
        found = self._all("SELECT content FROM rounds WHERE id = ?", row)
        return decided(found[0][0]).decision.state if found else None

    def _orders(self, names: Iterable[str]) -> Mapping[str, Order]:
        """These orders as they stand now, as far as they are kept."""
        rows = self._all(_THESE_ORDERS, json.dumps(list(names)))
        return {name: ORDER.validate_json(content) for name, content in rows}

    def history(self, limit: int) -> History:
        """The newest `limit` rounds, orders and notes."""
        rounds = self._all(_NEWEST_ROUNDS, limit)
        orders = self._all("SELECT content FROM orders ORDER BY number DESC LIMIT ?", limit)
        notes = self._all("SELECT time, content FROM notes ORDER BY id DESC LIMIT ?", limit)
        with explained(self._path):
            return History(
                tuple(RoundLine(*row) for row in reversed(rounds)),
                tuple(ORDER.validate_json(content) for (content,) in reversed(orders)),
                tuple(Noted(time, NOTE.validate_json(content)) for time, content in reversed(notes)),
            )

    def past(self) -> Past:
        """Every order that is kept, and what operators said, for whoever lets those days pass again."""
        orders = self._all("SELECT content FROM orders ORDER BY number")
        words = self._all("SELECT time, content FROM notes WHERE kind = ? ORDER BY id", KINDS[OperatorActed])
        with explained(self._path):
            return Past(
                tuple(ORDER.validate_json(content) for (content,) in orders),
                tuple((time, _ACTED.validate_json(content)) for time, content in words),
            )

    def moves_of(self, vm: str, until: float, limit: int) -> tuple[Order, ...]:
        """The latest orders for VMs of this name that were given by then, the newest last."""
        rows = self._all(_ORDERS_OF_VM, vm, until, limit)
        with explained(self._path):
            return tuple(ORDER.validate_json(content) for (content,) in reversed(rows))

    def changes(self, order: str) -> tuple[OrderChange, ...]:
        """Every state that this order came into, the newest last."""
        rows = self._all("SELECT time, state, detail FROM order_changes WHERE id = ? ORDER BY number", order)
        return tuple(OrderChange(*row) for row in rows)

    def said(self) -> Said:
        """What operators said."""
        words = {order: (outcome, who) for order, outcome, who in self._facts(RESOLVED)}
        return Said(
            self._fact("paused"),
            float(self._fact("resumed") or 0.0),
            words,
            tuple(Drained(host, who, float(since)) for host, since, who in self._facts(DRAINED)),
        )

    @property
    def ends(self) -> tuple[int, int] | None:
        """The numbers of the oldest and the newest round that are kept, None where there is none."""
        rows = self._all(
            "SELECT number FROM rounds WHERE id IN (SELECT min(id) FROM rounds UNION SELECT max(id) FROM rounds)"
        )
        return (int(rows[0][0]), int(rows[-1][0])) if rows else None

    @property
    def instance(self) -> str:
        """What tells this journal from any other, for ever."""
        return self._fact("instance") or ""

    @property
    def epoch(self) -> int:
        """Which opening this is: more than any before, and than any of a journal that was moved away."""
        return int(self._fact("epoch") or 0)

    def _fact(self, name: str) -> str | None:
        rows = self._all("SELECT value FROM facts WHERE name = ?", name)
        return str(rows[0][0]) if rows else None

    def _facts(self, kind: str) -> list[tuple[str, str, str]]:
        """The facts of a kind, by what they are about: that, the first word of the value, and the rest."""
        rows = self._all(
            "SELECT substr(name, ?), value FROM facts WHERE name GLOB ? ORDER BY name", len(kind) + 1, f"{kind}*"
        )
        return [(name, *value.split(" ", 1)) for name, value in rows]

    def _all(self, statement: str, *arguments: object) -> list[Any]:
        with self._turn, explained(self._path):
            return self._connection.execute(statement, arguments).fetchall()


def read_journal(directory: Path) -> JournalReader:
    """The journal of a state directory to read from; JournalError where there is none yet."""
    return JournalReader(open_to_read(directory), directory / FILE)


def _with_orders(state: State, orders: tuple[Order, ...]) -> State:
    """The state with these orders; a move that ended since it was written has set its source's streaks to 0."""
    eased = {order.move.source for order in orders if order.ended is not None and order.ended >= state.time}
    return replace(state, orders=orders, streaks=tuple(each for each in state.streaks if each.host not in eased))
