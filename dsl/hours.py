"""Hours of the week: when `mon-fri 20:00-06:00 Europe/Paris` is, and whether a clock on the wall shows it.

Rule: wall time alone, told from outside. A day owns the night that it begins; an hour that the clock skips is skipped,
one that it shows twice counts twice.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

from dsl.findings import Finding, Speller, error
from dsl.syntax import Hours, place

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY: Final = 24 * 60
ALL_WEEK: Final = (1 << len(DAYS) * DAY) - 1
_END: Final = (24, 0)
_WIDTH: Final = len("24:00")


@dataclass(frozen=True, slots=True)
class WallTime:
    """What a clock on the wall shows: the day of the week, 0 for Monday, and the minute of the day."""

    weekday: int
    minute: int


def is_within(hours: Hours, shown: WallTime) -> bool:
    """Whether the clock of their zone shows one of these hours."""
    begin, end = _minutes(hours.hours)
    days = _days(hours.days)
    if end > begin:
        return shown.weekday in days and begin <= shown.minute < end
    in_the_evening = shown.weekday in days and shown.minute >= begin
    return in_the_evening or ((shown.weekday - 1) % len(DAYS) in days and shown.minute < end)


def week(hours: Hours) -> int:
    """These hours as a set of the week's minutes: bit 0 is Monday 00:00 on the wall of their zone."""
    begin, end = _minutes(hours.hours)
    length = end - begin if end > begin else end - begin + DAY
    minutes = sum(((1 << length) - 1) << day * DAY + begin for day in _days(hours.days))
    return minutes & ALL_WEEK | minutes >> len(DAYS) * DAY


def mistakes(hours: Hours, zones: Collection[str], speller: Speller) -> Iterator[Finding]:
    """What no clock ever shows; `zones` are the names that the machine knows."""
    both = place(hours, "hours")
    for column, (hour, minute) in zip((both.column, both.end_column - _WIDTH), _clocks(hours.hours), strict=True):
        if (hour > 23 and (hour, minute) != _END) or minute > 59:
            clock = replace(both, column=column, end_column=column + _WIDTH)
            yield error("out-of-bounds", f"no clock shows {hour:02}:{minute:02}", clock, "write 00:00 to 24:00")
    begin, end = _minutes(hours.hours)
    if begin in {end, DAY}:
        message = f"{hours.hours} has no minute in it"
        yield error("never-opens", message, both, "all day is 00:00-24:00")
    if hours.zone not in zones:
        hint = speller.did_you_mean(hours.zone, zones) or "write UTC, or a zone such as Europe/Paris"
        yield error("unknown-zone", f"no time zone is called {hours.zone}", place(hours, "zone"), hint)


def _days(text: str) -> frozenset[int]:
    """`daily`, `sat` or `fri-mon` as days of the week."""
    if text == "daily":
        return frozenset(range(len(DAYS)))
    first, _, last = text.partition("-")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return frozenset((begin + each) % len(DAYS) for each in range((end - begin) % len(DAYS) + 1))


def _minutes(text: str) -> tuple[int, int]:
    """`20:00-06:00` as minutes of the day."""
    begin, end = (hour * 60 + minute for hour, minute in _clocks(text))
    return begin, end


def _clocks(text: str) -> list[tuple[int, int]]:
    return [(int(clock[:2]), int(clock[3:])) for clock in text.split("-")]
