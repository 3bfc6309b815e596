"""A series of a scenario or a rules test, one value a round, in Prometheus' test notation.

Rule: runs are kept as runs, so that `0x100000` costs as much as `0`; the last value holds on for ever.

    a b c      these three            axN      a, then N more of it
    _          no report              a+bxN    a, then N more, each b above the last (a-bxN: below)
    _xN        N times no report      40%      0.4
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Self

MAX_REPEATS: Final = 100_000
MAX_RUNS: Final = 10_000

_NUMBER: Final = r"\d{1,15}(?:\.\d{1,12})?%?"
_ITEM: Final = re.compile(rf"(?P<missing>_)(?:x\d{{1,9}})?|(?P<first>{_NUMBER})(?:(?P<step>[+-]{_NUMBER})?x\d{{1,9}})?")


@dataclass(frozen=True, slots=True)
class Run:
    """`length` values, the first is `first` (None: no report), each next one `step` above."""

    first: float | None
    step: float
    length: int

    def at(self, index: int) -> float | None:
        """The value at 0-based `index`; rounded so that steps like 0.1 do not pile up."""
        return None if self.first is None else round(self.first + self.step * index, 12)


@dataclass(frozen=True, slots=True)
class Series:
    """Values by round, from round 1 on."""

    runs: tuple[Run, ...]
    ends: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The series that `text` writes; ValueError says which part cannot be read, and what would be right."""
        items = text.split()
        if not 0 < len(items) <= MAX_RUNS:
            raise ValueError(f"a series has 1 to {MAX_RUNS} parts, not {len(items)}")
        runs = tuple(_run(item) for item in items)
        return cls(runs, tuple(accumulate(run.length for run in runs)))

    @property
    def length(self) -> int:
        """How many rounds it speaks of."""
        return self.ends[-1]

    def at(self, round_number: int) -> float | None:
        """The value of that round (1 is the first), None where there is no report."""
        index = min(max(round_number, 1), self.length) - 1
        which = bisect_right(self.ends, index)
        run = self.runs[which]
        return run.at(index - (self.ends[which] - run.length))

    def held(self, round_number: int) -> float:
        """The value of that round or, where there is no report, the last one before it; 0 where there is none."""
        index = min(max(round_number, 1), self.length) - 1
        which = bisect_right(self.ends, index)
        if (value := self.at(round_number)) is not None:
            return value
        earlier = (run.at(run.length - 1) for run in reversed(self.runs[:which]))
        return next((value for value in earlier if value is not None), 0.0)


def _run(item: str) -> Run:
    found = _ITEM.fullmatch(item)
    if found is None:
        raise ValueError(
            f"“{item}” cannot stand in a series; write values like 0.5, 40%, _ or 1+0.5x3 with spaces between"
        )
    repeats = int(item.rpartition("x")[2]) if "x" in item else 0
    if repeats > MAX_REPEATS:
        raise ValueError(f"“{item}” repeats too often; at most {MAX_REPEATS} times")
    if found["missing"]:
        return _missing(item, repeats)
    first, step = _number(found["first"]), _number(found["step"] or "0")
    if first + step * repeats < 0:
        raise ValueError(f"“{item}” falls below 0")
    return Run(first, step, repeats + 1)


def _missing(item: str, repeats: int) -> Run:
    if "x" in item and repeats == 0:
        raise ValueError(f"“{item}” stands for nothing; leave it out")
    return Run(None, 0.0, max(repeats, 1))


def _number(text: str) -> float:
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)
