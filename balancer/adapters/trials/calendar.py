"""Whether a moment lies in hours that a rule file names, as a person reads it off a wall clock.

Rule: local time of the zone that is told; a day owns the night it begins.
"""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from dsl.syntax import Hours

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def is_open(hours: Hours, moment: float) -> bool:
    """Whether the moment, s since the epoch, lies in these hours."""
    local = datetime.fromtimestamp(moment, ZoneInfo(hours.zone))
    now, today = local.hour * 60 + local.minute, local.weekday()
    begin, end = (_minutes(each) for each in hours.hours.split("-"))
    days = _days(hours.days)
    if begin < end:
        return today in days and begin <= now < end
    return (today in days and now >= begin) or ((today - 1) % 7 in days and now < end)


def _minutes(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


def _days(text: str) -> set[int]:
    """`daily`, `sat`, `mon-fri`, `sat-mon`."""
    if text == "daily":
        return set(range(7))
    first, _, last = text.partition("-")
    begin = DAYS.index(first)
    return {(begin + day) % 7 for day in range((DAYS.index(last or first) - begin) % 7 + 1)}
