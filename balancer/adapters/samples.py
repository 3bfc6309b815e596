"""The history of what rules aggregate over time, in the journal: a row for each signal and round.

Rule: the tables hold what the history holds, no more: each round adds its line and drops those that the history has
dropped. Figures are written as they are, so that a restart changes nothing.
"""

import sqlite3
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from balancer.core.blocks import Columns, Floats, Signal
from balancer.core.history import NOTHING, History

_NAMED: Final = "SELECT COALESCE(MAX(place), -1) + 1 FROM sampled WHERE edition = ? AND thing = ?"

_FORGET_NAMES: Final = "DELETE FROM sampled WHERE edition < (SELECT MIN(edition) FROM samples)"

_FORGET_LINES: Final = "DELETE FROM samples WHERE thing = ? AND signal = ? AND (time < ? OR time >= ?)"

_INSERT_LINE: Final = "INSERT INTO samples (edition, thing, signal, time, content) VALUES (?, ?, ?, ?, ?)"


def write_line(connection: sqlite3.Connection, history: History) -> None:
    """Take over a history's newest line; to be called within a transaction."""
    newest = history.newest()
    if newest is None:
        connection.execute("DELETE FROM samples")
        connection.execute("DELETE FROM sampled")
        return
    now, line = newest
    for signal in _written(connection) - line.keys():
        connection.execute("DELETE FROM samples WHERE thing = ? AND signal = ?", signal)
    for signal, figures in line.items():
        connection.execute(_FORGET_LINES, (*signal, history.begin(signal), now))
        connection.execute(_INSERT_LINE, (history.edition, *signal, now, zlib.compress(figures.tobytes(), 1)))
    for thing, columns in history.columns.items():
        (known,) = connection.execute(_NAMED, (history.edition, thing)).fetchone()
        new = ((history.edition, thing, place, name) for name, place in columns.items() if place >= known)
        connection.executemany("INSERT INTO sampled VALUES (?, ?, ?, ?)", new)
    connection.execute(_FORGET_NAMES)


def read_lines(connection: sqlite3.Connection) -> History:
    """The history as it was written, in columns of a new edition."""
    columns, places = _columns(connection.execute("SELECT edition, thing, place, name FROM sampled"))
    lines: dict[float, dict[Signal, Floats]] = {}
    for edition, thing, signal, time, content in connection.execute(
        "SELECT edition, thing, signal, time, content FROM samples ORDER BY time"
    ):
        figures = np.frombuffer(zlib.decompress(content))
        line = np.full(len(columns[thing]), np.nan)
        line[places[edition, thing][: len(figures)]] = figures
        lines.setdefault(time, {})[thing, signal] = line
    if not lines:
        return NOTHING
    return History.of(columns, list(lines.items()), max(edition for edition, _ in places) + 1)


def _written(connection: sqlite3.Connection) -> set[Signal]:
    return set(connection.execute("SELECT DISTINCT thing, signal FROM samples"))


def _columns(rows: Any) -> tuple[Mapping[str, Mapping[str, int]], Mapping[tuple[int, str], Columns]]:
    """One column for everybody, and by edition and thing which one each of its own columns has become."""
    columns: dict[str, dict[str, int]] = {}
    places: dict[tuple[int, str], list[int]] = {}
    for edition, thing, _, name in sorted(rows):
        its = columns.setdefault(thing, {})
        places.setdefault((edition, thing), []).append(its.setdefault(name, len(its)))
    return columns, {key: np.array(each, dtype=np.intp) for key, each in places.items()}
