"""The history in the journal: what is written comes back, and no more is kept than the history itself keeps."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from balancer.adapters.journal import SqliteJournal, open_journal
from balancer.adapters.journal_file import FILE
from balancer.adapters.journal_reader import read_journal
from balancer.core.blocks import BLOCK
from balancer.core.cycle import step
from balancer.core.history import NOTHING, History
from tests.adapters.samples import decided, decision
from tests.farms import Rounds, farm, moves

CPU = ("vm", "cpu")
LOAD = ("host", "load")
SLOW = """
rule slow_burn
  when  avg(host.cpu, 5 min) > 70%
  move  vm   by least avg(cpu, 5 min)
  to    host by least cpu
"""


def later(history: History, now: float, *names: str, keep: float = 1e9) -> History:
    """One line more: each VM uses what its name is long."""
    figures = np.array([float(len(name)) for name in names])
    line = {CPU: figures, LOAD: np.array([now])}
    return history.with_line(now, {"vm": names, "host": ["hv1 boot"]}, line, {CPU: keep, LOAD: 1e9})


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., History]:
    """Write a round with each of these histories; what a daemon that starts now would begin with."""

    def write(*histories: History) -> History:
        with open_journal(tmp_path, lambda: 1000.0) as journal:
            for history in histories:
                record(journal, history)
        with closing(read_journal(tmp_path)) as again:
            return again.lines()

    return write


def record(journal: SqliteJournal, history: History) -> None:
    event = decided(decision())
    state = replace(event.decision.state, history=history)
    journal.record(replace(event, decision=replace(event.decision, state=state)))


def rows(tmp_path: Path, table: str) -> int:
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        return int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


def test_a_journal_without_a_history_has_none(write: Callable[..., History]) -> None:
    assert write(NOTHING) == NOTHING


def test_lines_come_back_as_they_were_written_in_a_later_edition(write: Callable[..., History]) -> None:
    history, lines = NOTHING, []
    for number in range(1, 2 * BLOCK):
        history = later(history, 30.0 * number + 0.1, *["a", "bb", "ccc"][: 1 + number % 3])
        lines.append(history)
    again = write(*lines)
    assert again == history
    assert again.edition == history.edition + 1


def test_a_history_goes_on_where_the_last_daemon_left_it(write: Callable[..., History], tmp_path: Path) -> None:
    history = write(later(NOTHING, 30.0, "a", "bb"))
    for number in (2, 3, 4):
        history = write(later(history, 30.0 * number, f"vm{number}", "a"))
    assert [time for time, _ in history.lines()] == [30.0, 60.0, 90.0, 120.0]
    assert history.matrix(CPU, 0.0, history.places("vm", ["a", "bb", "vm3"])).tolist() == pytest.approx(
        np.array([[1, 2, np.nan], [1, np.nan, np.nan], [1, np.nan, 3], [1, np.nan, np.nan]]), nan_ok=True
    )


def test_what_the_history_has_dropped_goes_from_the_journal_too(write: Callable[..., History], tmp_path: Path) -> None:
    history, lines = NOTHING, []
    for number in range(1, 3 * BLOCK):
        history = later(history, 30.0 * number, "a", keep=60.0)
        lines.append(history)
    write(*lines)
    assert rows(tmp_path, "samples") == len(list(history.lines())) + len(history.blocks[-1].times)
    assert rows(tmp_path, "sampled") == 2
    only_load = history.with_line(1e5, {"host": ["hv1 boot"]}, {LOAD: np.array([1.0])}, {LOAD: 1e9})
    assert {signal for _, line in write(only_load).lines() for signal in line} == {LOAD}
    write(NOTHING)
    assert (rows(tmp_path, "samples"), rows(tmp_path, "sampled")) == (0, 0)


def test_lines_of_a_clock_that_was_set_back_are_gone(write: Callable[..., History]) -> None:
    history, lines = NOTHING, []
    for time in (30.0, 60.0, 90.0, 45.0):
        history = later(history, time, "a")
        lines.append(history)
    assert [time for time, _ in write(*lines).lines()] == [30.0, 45.0]


def test_a_daemon_that_starts_anew_decides_what_it_would_have_decided(tmp_path: Path) -> None:
    play = Rounds(farm("xen1: a 2, b 1.5 | xen2: c 0.4 | xen3: d 1"), SLOW)
    with open_journal(tmp_path, lambda: play.farm.time) as journal:
        for _ in range(9):
            journal.record(decided(play.next()))
    with closing(read_journal(tmp_path)) as again:
        begun = replace(again.last_state(play.farm.time, 60.0), history=again.lines())
    play.farm.pass_time(30.0)
    here, there = (step(each, play.farm.gathering(), play.rules, play.farm.time) for each in (play.state, begun))
    assert (here.plan, here.state) == (there.plan, there.state)
    assert moves(there) == ["b: xen1 -> xen2"]


def test_a_round_is_no_larger_for_the_history_that_it_has_in_tables_of_its_own(tmp_path: Path) -> None:
    history = NOTHING
    for number in range(1, 100):
        history = later(history, 30.0 * number, *(f"vm{each}" for each in range(100)))
    sizes = []
    for number, each in enumerate((NOTHING, history)):
        with open_journal(tmp_path / str(number), lambda: 1000.0) as journal:
            record(journal, each)
        with closing(sqlite3.connect(tmp_path / str(number) / FILE)) as connection:
            sizes.append(connection.execute("SELECT LENGTH(content) FROM rounds").fetchone()[0])
    assert sizes[0] == sizes[1]
