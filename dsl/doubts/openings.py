"""Hours in which nothing can ever move (windows in forbidden ones, weeks without a minute left), and hours without end.

Rule: only what is certain. Hours of one zone are held against each other; hours all round the clock are in every zone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Final, Self

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
    forbidden = _Forbidden.of(said.all(Never))
    windows = said.all(Window)
    for window in windows:
        minutes = week(window.hours)
        if forbidden.shut(minutes, window.hours.zone, window.excepted):
            hint = against(each for each, hours, _ in forbidden.all if minutes & hours)
            yield error("never-opens", "no VM may move in any minute of this window", window.hours.span, hint)
    if not windows and forbidden.all:
        *earlier, (last, _, zone) = forbidden.all
        if last.during and forbidden.shut(ALL_WEEK, zone, ()):
            hint = against(each for each, _, _ in earlier) or "leave an hour open"
            yield error("never-opens", "no VM may move in any minute of the week", last.during.span, hint)


def _never_close(said: Said) -> Iterator[Finding]:
    """Hours that say always, each by itself; windows that say it together, at the last of them."""
    for never in said.all(Never):
        if never.during is not None and week(never.during) == ALL_WEEK:
            message = f"{never.during.days} {never.during.hours} is always"
            yield warning("never-closes", message, never.during.span, "leave out during and its hours")
    open_in: dict[str, int] = {}
    for window in said.all(Window):
        zone, minutes = window.hours.zone, week(window.hours)
        open_in[zone] = open_in.get(zone, 0) | minutes
        if open_in[zone] == ALL_WEEK:
            with_others = "" if minutes == ALL_WEEK else "with the windows before it "
            message = f"{with_others}moves may start in every minute of the week"
            hint = "leave the windows out: without one moves start at any time"
            yield warning("never-closes", message, window.hours.span, hint)
            return


@dataclass(frozen=True, slots=True)
class _Forbidden:
    """The hours in which no VM may move: each statement, its minutes and their zone.

    `kinds` are those of move that some of them let pass, and any other; `minutes` is what has been asked already.
    """

    all: Sequence[tuple[Never, int, str]]
    kinds: frozenset[str]
    minutes: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, nevers: Iterable[Never]) -> Self:
        hard = [each for each in nevers if each.hard and is_of_all(each)]
        kinds = frozenset(kind for each in hard for kind in each.excepted) | {_OTHER}
        return cls([(each, week(each.during), each.during.zone) for each in hard if each.during is not None], kinds)

    def shut(self, minutes: int, zone: str, excepted: Iterable[str]) -> bool:
        """Whether for no kind of move that needs these minutes one of them is left."""
        return all(not minutes & ~self._closed_to(kind, zone) for kind in self.kinds - set(excepted))

    def _closed_to(self, kind: str, zone: str) -> int:
        key = kind, zone
        if key not in self.minutes:
            hours = [(its, of) for never, its, of in self.all if kind not in never.excepted]
            self.minutes[key] = reduce(or_, (its for its, of in hours if of == zone or its == ALL_WEEK), 0)
        return self.minutes[key]
