"""The judge's calendar: what a person reads off a wall clock, and the language's own arithmetic says the same."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.adapters.calendar import wall_times
from balancer.adapters.trials.calendar import DAYS, is_open
from dsl.hours import is_within
from dsl.syntax import NOWHERE, Hours

PARIS = ZoneInfo("Europe/Paris")
NIGHTS = Hours("mon-fri", "20:00-06:00", "Europe/Paris", NOWHERE)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-12-04 19:59", False),
        ("2026-12-04 20:00", True),  # a Friday
        ("2026-12-05 05:59", True),  # Friday's night
        ("2026-12-05 06:00", False),
        ("2026-12-05 21:00", False),
        ("2026-12-07 05:00", False),  # Sunday's night
    ],
)
def test_a_day_owns_the_night_it_begins(moment: str, expected: bool) -> None:  # noqa: FBT001
    assert is_open(NIGHTS, datetime.fromisoformat(moment).replace(tzinfo=PARIS).timestamp()) is expected


def test_an_hour_that_a_clock_shows_twice_is_open_twice_and_one_it_skips_never() -> None:
    hour = Hours("daily", "02:00-03:00", "Europe/Paris", NOWHERE)
    autumn = datetime(2026, 10, 25, 0, 0, tzinfo=ZoneInfo("UTC")).timestamp()
    spring = datetime(2026, 3, 29, 0, 0, tzinfo=ZoneInfo("UTC")).timestamp()
    assert sum(is_open(hour, autumn + minute * 60) for minute in range(180)) == 120
    assert sum(is_open(hour, spring + minute * 60) for minute in range(180)) == 0


CLOCKS = st.integers(0, 1439).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
SPANS = st.tuples(CLOCKS, CLOCKS | st.just("24:00")).filter(lambda each: each[0] != each[1]).map("-".join)
WEEK = st.just("daily") | st.sampled_from(DAYS) | st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)).map("-".join)


@given(
    WEEK, SPANS, st.sampled_from(["UTC", "Europe/Paris", "Asia/Kathmandu"]), st.integers(1_700_000_000, 1_900_000_000)
)
def test_two_ways_to_reckon_agree(days: str, hours: str, zone: str, moment: int) -> None:
    told = Hours(days, hours, zone, NOWHERE)
    assert is_open(told, float(moment)) is is_within(told, wall_times({zone}, float(moment))[zone])
