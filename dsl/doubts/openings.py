"""Hours in which nothing can ever move (windows in forbidden ones, weeks without a minute left), and hours without end.

Rule: only what is certain. Hours of one zone are held against each other; hours all round the clock are in every zone.
"""

from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_
from typing import Final

from dsl.doubts.said import Said, against, is_of_all
from dsl.findings import Finding, error, warning
from dsl.hours import ALL_WEEK, week
from dsl.syntax import Never, Window

_OTHER: Final = ""
"""Every kind of move that no `except` names."""


def openings(said: Said) -> Iterator[Finding]:
    """Hours that never open; where all do, those that never close."""
    shut = list(_never_open(said))
    yield from shut or _never_close(said)


def _never_open(said: Said) -> Iterator[Finding]:
    """Windows that never open; without any, the last of the hours that leave none."""
    forbidden = [each for each in said.all(Never) if each.hard and is_of_all(each) and each.during is not None]
    windows = said.all(Window)
    for window in windows:
        minutes = week(window.hours)
        in_it = [each for each in forbidden if each.during and minutes & week(each.during)]
        if _is_shut(minutes, window.hours.zone, window.excepted, forbidden):
            yield error("never-opens", "no VM may move in any minute of this window", window.hours.span, against(in_it))
    if not windows and forbidden:
        *earlier, last = forbidden
        if last.during and _is_shut(ALL_WEEK, last.during.zone, (), forbidden):
            hint = against(earlier) or "leave an hour open"
            yield error("never-opens", "no VM may move in any minute of the week", last.during.span, hint)


def _never_close(said: Said) -> Iterator[Finding]:
    """Hours that say always, each by itself; windows that say it together, at the last of them."""
    for never in said.all(Never):
        if never.during is not None and week(never.during) == ALL_WEEK:
            message = f"{never.during.days} {never.during.hours} is always"
            yield warning("never-closes", message, never.during.span, "leave out during and its hours")
    open_in: dict[str, list[Window]] = {}
    for window in said.all(Window):
        alike = open_in.setdefault(window.hours.zone, [])
        alike.append(window)
        if reduce(or_, (week(each.hours) for each in alike)) == ALL_WEEK:
            hint = against(alike[:-1]) or "leave the window out: without one moves start at any time"
            yield warning("never-closes", "moves may start in every minute of the week", window.hours.span, hint)
            return


def _is_shut(minutes: int, zone: str, excepted: Iterable[str], forbidden: list[Never]) -> bool:
    """Whether for no kind of move that needs these minutes one of them is left."""
    named = {kind for never in forbidden for kind in never.excepted} | {_OTHER}
    return all(not minutes & ~_forbidden(kind, zone, forbidden) for kind in named - set(excepted))


def _forbidden(kind: str, zone: str, forbidden: Iterable[Never]) -> int:
    hours = [each.during for each in forbidden if kind not in each.excepted and each.during is not None]
    weeks = [(each.zone, week(each)) for each in hours]
    return reduce(or_, (minutes for of, minutes in weeks if of == zone or minutes == ALL_WEEK), 0)
