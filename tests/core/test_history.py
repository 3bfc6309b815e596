"""Lines of figures, kept and summed up: held against lists that do the same the slow way."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balancer.core.blocks import BLOCK
from balancer.core.history import CROWDED, NOTHING, History

CPU = ("vm", "cpu")
LOAD = ("host", "load")
LONG = 1e9

Line = dict[str, float | None]
"""What each VM used in a round; None is a report without a figure."""

LINES = st.lists(
    st.dictionaries(st.sampled_from("abcdefgh"), st.none() | st.integers(0, 64).map(float), max_size=8),
    max_size=3 * BLOCK,
)


def written(lines: Sequence[Line], keep: float = LONG) -> History:
    """A line every 30 s, the first at 30."""
    history = NOTHING
    for number, line in enumerate(lines, 1):
        figures = np.array([math.nan if each is None else each for each in line.values()])
        history = history.with_line(number * 30.0, {"vm": list(line)}, {CPU: figures}, {CPU: keep})
    return history


def known(lines: Sequence[Line], name: str, after: float = 0.0) -> list[float]:
    return [
        figure
        for number, line in enumerate(lines, 1)
        if number * 30.0 > after and (figure := line.get(name)) is not None
    ]


@settings(deadline=None)
@given(LINES, st.integers(0, 3 * BLOCK + 2))
def test_what_lines_come_to_is_what_their_figures_come_to(lines: list[Line], begin: int) -> None:
    names = [*"hgfedcba", "nobody"]
    history = written(lines)
    sums = history.sums(CPU, begin * 30.0, history.places("vm", names))
    its = [known(lines, name, begin * 30.0) for name in names]
    assert sums.count.tolist() == [len(each) for each in its]
    assert sums.total.tolist() == [sum(each) for each in its]
    assert sums.least.tolist() == pytest.approx([min(each, default=math.nan) for each in its], nan_ok=True)
    assert sums.most.tolist() == pytest.approx([max(each, default=math.nan) for each in its], nan_ok=True)


@settings(deadline=None)
@given(LINES, st.integers(0, 3 * BLOCK + 2))
def test_lines_come_back_as_they_were_written(lines: list[Line], begin: int) -> None:
    names = ["c", "nobody", "a"]
    history = written(lines)
    matrix = history.matrix(CPU, begin * 30.0, history.places("vm", names))
    told = [[math.nan if (each := line.get(name)) is None else each for name in names] for line in lines[begin:]]
    assert matrix.shape == (len(told), 3)
    assert np.array_equal(matrix, np.array(told).reshape(-1, 3), equal_nan=True)
    assert history.times(begin * 30.0).tolist() == [30.0 * number for number in range(begin + 1, len(lines) + 1)]


@settings(deadline=None)
@given(LINES)
def test_a_history_made_of_its_own_lines_is_the_same(lines: list[Line]) -> None:
    history = written(lines)
    again = History.of(history.columns, list(history.lines()), edition=7)
    assert again == history
    assert again.edition == 7
    places = history.places("vm", list("abcdefgh"))
    if lines:
        assert again.since(CPU, places).tolist() == pytest.approx(history.since(CPU, places).tolist(), nan_ok=True)


def test_another_figure_is_another_history() -> None:
    assert written([{"a": 1.0}]) != written([{"a": 2.0}])
    assert written([{"a": 1.0}]) != written([{"b": 1.0}])
    assert written([{"a": 1.0}]) != written([{"a": 1.0}, {"a": 1.0}])
    assert written([{"a": 1.0}]) != "written"
    assert written([{"a": 1.0}, {"a": 1.0}]) == written([{"a": 1.0}, {"a": 1.0}])


def test_a_further_line_leaves_the_older_history_as_it_was() -> None:
    before = written([{"a": 1.0}] * (BLOCK - 1))
    told = list(before.lines())
    one, other = (
        before.with_line(5000.0, {"vm": ["a"]}, {CPU: np.array([figure])}, {CPU: LONG}) for figure in (2.0, 3.0)
    )
    assert len(list(before.lines())) == len(told) == BLOCK - 1
    assert [float(each.sums(CPU, 0.0, each.places("vm", ["a"])).total[0]) for each in (one, other)] == [65.0, 66.0]


def test_what_is_too_old_is_dropped_block_by_block() -> None:
    history = written([{"a": 1.0}] * (4 * BLOCK), keep=BLOCK * 30.0)
    assert len(list(history.lines())) == 2 * BLOCK
    assert history.begin(CPU) == (2 * BLOCK + 1) * 30.0


def test_each_signal_is_kept_for_its_own_time() -> None:
    history = NOTHING
    for number in range(1, 4 * BLOCK + 1):
        history = history.with_line(
            number * 30.0,
            {"vm": ["a"], "host": ["h"]},
            {CPU: np.array([1.0]), LOAD: np.array([2.0])},
            {CPU: 60.0, LOAD: LONG},
        )
    assert (history.begin(CPU), history.begin(LOAD)) == ((3 * BLOCK + 1) * 30.0, 30.0)
    assert float(history.sums(LOAD, 0.0, history.places("host", ["h"])).total[0]) == 2.0 * 4 * BLOCK


def test_a_signal_that_is_new_begins_with_its_first_line_and_one_that_nobody_wants_is_gone() -> None:
    history = written([{"a": 1.0}] * 3).with_line(120.0, {"host": ["h"]}, {LOAD: np.array([2.0])}, {LOAD: LONG})
    assert history.since(LOAD, history.places("host", ["h"])).tolist() == [120.0]
    assert history.sums(CPU, 0.0, history.places("vm", ["a"])).count.tolist() == [0]


def test_lines_of_a_clock_that_was_set_back_are_gone() -> None:
    history = written([{"a": 1.0}] * (2 * BLOCK)).with_line(100.0, {"vm": ["a"]}, {CPU: np.array([5.0])}, {CPU: LONG})
    assert history.times(0.0).tolist() == [30.0, 60.0, 90.0, 100.0]
    history = history.with_line(100.0, {"vm": ["a"]}, {CPU: np.array([6.0])}, {CPU: LONG})
    assert history.matrix(CPU, 0.0, history.places("vm", ["a"])).ravel().tolist() == [1.0, 1.0, 1.0, 6.0]
    history = history.with_line(10.0, {"vm": ["a"]}, {CPU: np.array([7.0])}, {CPU: LONG})
    assert history.since(CPU, history.places("vm", ["a"])).tolist() == [10.0]


def test_of_a_name_that_stands_twice_nobody_knows_whose_figure_is_right() -> None:
    history = NOTHING.with_line(30.0, {"vm": ["a", "b", "a"]}, {CPU: np.array([1.0, 2.0, 3.0])}, {CPU: LONG})
    assert history.matrix(CPU, 0.0, history.places("vm", ["a", "b"])).tolist() == pytest.approx(
        np.array([[math.nan, 2.0]]), nan_ok=True
    )


def test_columns_of_those_that_are_long_gone_make_room() -> None:
    history = NOTHING
    for number in range(1, 30 * BLOCK):
        names = [f"vm-{number // 4 + each}" for each in range(8)]
        history = history.with_line(number * 30.0, {"vm": names}, {CPU: np.full(8, float(number))}, {CPU: 3000.0})
    assert number > 2 * CROWDED
    assert len(history.columns["vm"]) < 2 * CROWDED
    assert history.edition > 1
    assert history.newest() is not None
    places = history.places("vm", names)
    assert np.count_nonzero(places < 0) == 0
    assert history.matrix(CPU, number * 30.0 - 1.0, places).tolist() == [[float(number)] * 8]
    assert history.sums(CPU, number * 30.0 - 100.0, places).most.tolist() == [float(number)] * 8
    assert history.places("vm", ["vm-1"]).tolist() == [-1]
    assert history.since(CPU, places).tolist() == sorted(history.since(CPU, places))


def test_without_lines_nothing_is_known() -> None:
    assert NOTHING.newest() is None
    assert NOTHING.places("vm", ["a"]).tolist() == [-1]
    assert NOTHING.begin(CPU) == 0.0
    assert np.isnan(NOTHING.since(CPU, np.array([-1]))).all()
