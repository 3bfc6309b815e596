import pytest

from dsl.findings import Speller
from dsl.hours import DAY, DAYS, WallTime, is_within, mistakes, week
from dsl.syntax import NOWHERE, Hours


@pytest.mark.parametrize(
    ("hours", "shown", "expected"),
    [
        ("daily 01:00-04:00", "wed 00:59", False),
        ("daily 01:00-04:00", "wed 01:00", True),
        ("daily 01:00-04:00", "wed 03:59", True),
        ("daily 01:00-04:00", "wed 04:00", False),
        ("daily 00:00-24:00", "sun 23:59", True),
        ("sat 00:00-24:00", "sat 00:00", True),
        ("sat 00:00-24:00", "sun 00:00", False),
        # a day owns the night that it begins
        ("mon-fri 20:00-06:00", "fri 20:00", True),
        ("mon-fri 20:00-06:00", "sat 05:59", True),
        ("mon-fri 20:00-06:00", "sat 06:00", False),
        ("mon-fri 20:00-06:00", "sat 20:00", False),
        ("mon-fri 20:00-06:00", "mon 05:59", False),
        ("mon-fri 20:00-06:00", "mon 20:00", True),
        # a week has no beginning
        ("fri-mon 08:00-10:00", "sun 09:00", True),
        ("fri-mon 08:00-10:00", "tue 09:00", False),
        ("sun 22:00-02:00", "mon 01:59", True),
        ("sun 22:00-02:00", "sun 01:59", False),
    ],
)
def test_which_minutes_of_the_week_these_are(hours: str, shown: str, expected: object) -> None:
    days, clocks = hours.split()
    day, clock = shown.split()
    wall = WallTime(DAYS.index(day), int(clock[:2]) * 60 + int(clock[3:]))
    assert is_within(Hours(days, clocks, "UTC", NOWHERE), wall) is expected


@pytest.mark.parametrize(
    "text", ["daily 00:00-24:00", "mon-fri 20:00-06:00", "sun 22:30-01:00", "sat-mon 08:00-12:00", "fri 00:00-24:00"]
)
def test_a_week_has_a_bit_for_every_minute_within(text: str) -> None:
    days, hours = text.split()
    told = Hours(days, hours, "UTC", NOWHERE)
    clocks = [WallTime(day, minute) for day in range(7) for minute in range(DAY)]

    assert [bool(week(told) >> place & 1) for place in range(len(clocks))] == [is_within(told, each) for each in clocks]


@pytest.mark.parametrize(
    ("hours", "codes"),
    [("00:00-24:00", []), ("23:59-00:00", []), ("08:00-08:00", ["never-opens"]), ("24:00-06:00", ["never-opens"])],
)
def test_hours_without_a_minute_never_open(hours: str, codes: list[str]) -> None:
    assert [each.code for each in mistakes(Hours("daily", hours, "UTC", NOWHERE), ["UTC"], Speller())] == codes
