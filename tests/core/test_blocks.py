"""Lines that are summed up together; what a history makes of them is told in test_history.py."""

import numpy as np

from balancer.core.blocks import BLOCK, Block, Sums, first_after, taken, widened

CPU = ("vm", "cpu")
LOAD = ("host", "load")
NAN = np.nan


def block(*lines: tuple[float, ...], of: tuple[str, str] = CPU) -> Block:
    """A line every 30 s, the first at 30."""
    return Block.of(np.arange(1, len(lines) + 1) * 30.0, {of: np.array(lines)})


def told(sums: Sums) -> list[list[float | None]]:
    """Count, sum, least and greatest of each column, None where nothing is known."""
    rows = zip(sums.count, sums.total, sums.least, sums.most, strict=True)
    return [[None if np.isnan(each) else float(each) for each in row] for row in rows]


def test_lines_come_to_their_known_figures() -> None:
    sums = Sums.of(np.array([[1.0, NAN, NAN], [3.0, 2.0, NAN]]))
    assert told(sums) == [[2, 4, 1, 3], [1, 2, 2, 2], [0, 0, None, None]]


def test_no_lines_come_to_nothing() -> None:
    assert told(Sums.of(np.empty((0, 2)))) == [[0, 0, None, None]] * 2


def test_sums_add_up_column_by_column_and_nothing_adds_nothing() -> None:
    one, other = Sums.of(np.array([[1.0, NAN]])), Sums.of(np.array([[3.0, NAN]]))
    assert told((one + other).widened(3)) == [[2, 4, 1, 3], [0, 0, None, None], [0, 0, None, None]]
    assert told((one + other).at(np.array([1, 0]))) == [[0, 0, None, None], [2, 4, 1, 3]]


def test_some_columns_may_be_others_and_the_sums_stay_what_they_were() -> None:
    sums = Sums.of(np.array([[1.0, 2.0, 3.0]]))
    assert told(sums.with_those(np.array([1]), Sums.of(np.array([[7.0], [9.0]])))) == [
        [1, 1, 1, 1], [2, 16, 7, 9], [1, 3, 3, 3]
    ]  # fmt: skip
    assert told(sums)[1] == [1, 2, 2, 2]


def test_a_block_is_summed_up_once_it_is_full() -> None:
    open_ = block(*[(1.0,)] * (BLOCK - 1))
    full = open_.with_line(5000.0, {CPU: np.array([3.0, 4.0])})
    assert (open_.sums, told(full.sums[CPU])) == ({}, [[BLOCK, BLOCK + 2, 1, 3], [1, 4, 4, 4]])


def test_a_line_may_be_wider_lack_a_signal_or_bring_one() -> None:
    grown = block((1.0,)).with_line(60.0, {LOAD: np.array([5.0, 6.0])}).with_line(90.0, {CPU: np.array([2.0, 3.0])})
    assert np.array_equal(grown.figures[CPU], [[1, NAN], [NAN, NAN], [2, 3]], equal_nan=True)
    assert np.array_equal(grown.figures[LOAD], [[NAN, NAN], [5, 6], [NAN, NAN]], equal_nan=True)


def test_lines_before_a_moment_and_signals_that_are_wanted() -> None:
    its = block((1.0,), (2.0,), (3.0,))
    assert its.before(61.0).figures[CPU].tolist() == [[1], [2]]
    assert its.before(60.0).figures[CPU].tolist() == [[1]]
    assert its.before(91.0) is its
    assert its.only([CPU]) is its
    assert its.only([LOAD]).figures == {}
    assert [first_after(its, moment) for moment in (0.0, 30.0, 89.0, 90.0)] == [0, 1, 2, 3]


def test_columns_are_taken_in_any_order_and_none_is_made_up() -> None:
    lines = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert taken(lines, np.array([0, 1])) is lines
    assert taken(lines, np.array([1, 0])).tolist() == [[2, 1], [4, 3]]
    assert np.array_equal(taken(lines, np.array([-1, 1, 2])), [[NAN, 2, NAN], [NAN, 4, NAN]], equal_nan=True)
    assert np.array_equal(widened(lines, 3), [[1, 2, NAN], [3, 4, NAN]], equal_nan=True)
