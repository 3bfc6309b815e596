"""Prometheus' test notation, one value a round."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.hypervisor.series import Series


def values(text: str) -> list[float | None]:
    series = Series.parse(text)
    return [series.at(number) for number in range(1, series.length + 1)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.16", [0.16]),
        ("1 2 3", [1, 2, 3]),
        ("0x3", [0, 0, 0, 0]),
        ("2 6x2", [2, 6, 6, 6]),
        ("0+0.1x3", [0, 0.1, 0.2, 0.3]),
        ("5-2x2", [5, 3, 1]),
        ("1 _ 2", [1, None, 2]),
        ("1 _x2 2", [1, None, None, 2]),
        ("40% 90%x1 40%", [0.4, 0.9, 0.9, 0.4]),
        ("10%+10%x2", [0.1, 0.2, 0.3]),
    ],
)
def test_a_series_is_read_value_by_value(text: str, expected: list[float | None]) -> None:
    assert values(text) == expected


def test_the_last_value_holds_on_for_ever() -> None:
    series = Series.parse("0 0.5")
    assert series.length == 2
    assert [series.at(number) for number in (1, 2, 3, 1_000_000)] == [0, 0.5, 0.5, 0.5]
    assert Series.parse("1 _").at(99) is None


def test_where_there_is_no_report_the_value_before_it_is_held() -> None:
    series = Series.parse("_ 1+1x2 _x3 7")
    assert [series.held(number) for number in range(1, 10)] == [0, 1, 2, 3, 3, 3, 3, 7, 7]


def test_long_runs_are_kept_as_runs() -> None:
    series = Series.parse("0x100000 1x100000 5")
    assert len(series.runs) == 3
    assert series.length == 200_003
    assert [series.at(number) for number in (100_001, 100_002, 200_002, 200_003)] == [0, 1, 1, 5]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "a series has 1 to 10000 parts, not 0"),
        ("1, 2", "“1,” cannot stand in a series"),
        ("-1", "“-1” cannot stand in a series"),
        ("1e9", "cannot stand in a series"),
        ("nan", "cannot stand in a series"),
        ("1x", "cannot stand in a series"),
        ("1+1", "cannot stand in a series"),
        ("1x100001", "repeats too often; at most 100000 times"),
        ("1x999999999999", "cannot stand in a series"),
        ("1-1x2", "“1-1x2” falls below 0"),
        ("_x0", "stands for nothing"),
        ("0 " * 10_001, "a series has 1 to 10000 parts, not 10001"),
    ],
)
def test_what_is_no_series_is_refused_with_the_part_that_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as caught:
        Series.parse(text)
    assert complaint in str(caught.value)


@given(st.lists(st.one_of(st.none(), st.decimals(0, 1000, places=3)), min_size=1, max_size=20))
def test_what_is_written_value_by_value_is_read_value_by_value(numbers: list) -> None:
    text = " ".join("_" if number is None else str(number) for number in numbers)
    assert values(text) == [None if number is None else float(number) for number in numbers]
