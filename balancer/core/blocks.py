"""Lines of figures, one for each round, that are kept and summed up together.

Rule: values. Figures stand in columns; a narrow line knows nothing of the columns behind it. NaN is a report that is
missing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Columns = npt.NDArray[np.intp]
"""In which column something stands; -1 where nothing is known of it."""

Signal = tuple[str, str]
"""Whose and what: `("vm", "cpu")`."""

BLOCK: Final = 64
"""Lines that are summed up together."""


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What lines come to, column by column: how many figures are known, their sum, the least and the greatest."""

    count: Floats
    total: Floats
    least: Floats
    most: Floats

    @classmethod
    def of(cls, lines: Floats) -> Self:
        """Lines one below the other; a column without a known figure has NaN as least and greatest."""
        known = ~np.isnan(lines)
        nothing = np.full(lines.shape[1], np.nan)
        return cls(
            known.sum(axis=0, dtype=float),
            np.where(known, lines, 0.0).sum(axis=0),
            np.fmin.reduce(lines, axis=0, initial=np.nan) if len(lines) else nothing,
            np.fmax.reduce(lines, axis=0, initial=np.nan) if len(lines) else nothing,
        )

    def widened(self, width: int) -> Self:
        """With columns behind, of which nothing is known."""
        more = width - len(self.count)
        return type(self)(
            np.pad(self.count, (0, more)),
            np.pad(self.total, (0, more)),
            np.pad(self.least, (0, more), constant_values=np.nan),
            np.pad(self.most, (0, more), constant_values=np.nan),
        )

    def __add__(self, other: "Sums") -> "Sums":
        """What both come to, column by column."""
        return Sums(
            self.count + other.count,
            self.total + other.total,
            np.fmin(self.least, other.least),
            np.fmax(self.most, other.most),
        )

    def with_those(self, columns: Columns, others: "Sums") -> "Sums":
        """With other ones in some columns."""
        mine, theirs = (
            (self.count, self.total, self.least, self.most),
            (others.count, others.total, others.least, others.most),
        )
        changed = [each.copy() for each in mine]
        for each, other in zip(changed, theirs, strict=True):
            each[columns] = other
        return Sums(*changed)

    def at(self, columns: Columns) -> "Sums":
        """Those of some columns."""
        return Sums(self.count[columns], self.total[columns], self.least[columns], self.most[columns])


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Lines one after the other: their times, and by signal the figures, line by column; `sums` once it is full."""

    times: Floats
    figures: Mapping[Signal, Floats]
    sums: Mapping[Signal, Sums] = field(default_factory=dict)

    @classmethod
    def of(cls, times: Floats, figures: Mapping[Signal, Floats]) -> Self:
        """A block, with its sums where it is full."""
        is_full = len(times) >= BLOCK
        return cls(times, figures, {signal: Sums.of(lines) for signal, lines in figures.items()} if is_full else {})

    def before(self, moment: float) -> Self:
        """The lines before a moment."""
        if not len(self.times) or self.times[-1] < moment:
            return self
        count = int(np.searchsorted(self.times, moment))
        return type(self)(self.times[:count], {signal: lines[:count] for signal, lines in self.figures.items()})

    def only(self, signals: Iterable[Signal]) -> Self:
        """Without the figures of other signals."""
        kept = [signal for signal in signals if signal in self.figures]
        if len(kept) == len(self.figures):
            return self
        sums = {signal: self.sums[signal] for signal in kept if self.sums}
        return replace(self, figures={signal: self.figures[signal] for signal in kept}, sums=sums)

    def with_line(self, now: float, line: Mapping[Signal, Floats]) -> Self:
        """And one more."""
        figures = {}
        for signal in {**self.figures, **line}:
            width = len(line[signal]) if signal in line else self.figures[signal].shape[1]
            above = self.figures.get(signal, np.empty((len(self.times), 0)))
            last = line.get(signal, np.full(width, np.nan))
            figures[signal] = np.vstack([widened(above, width), last])
        return type(self).of(np.append(self.times, now), figures)


def first_after(block: Block, moment: float) -> int:
    """The block's first line after a moment."""
    return int(np.searchsorted(block.times, moment, side="right"))


def widened(lines: Floats, width: int) -> Floats:
    """With columns behind, of which nothing is known."""
    return np.pad(lines, ((0, 0), (0, width - lines.shape[1])), constant_values=np.nan)


def taken(lines: Floats, places: Columns) -> Floats:
    """The columns of these places; NaN for -1, and for those that came later than these lines."""
    if len(places) == lines.shape[1] and np.array_equal(places, np.arange(len(places))):
        return lines
    known = (places >= 0) & (places < lines.shape[1])
    if known.all():
        return lines[:, places]
    found = np.full((len(lines), len(places)), np.nan)
    found[:, known] = lines[:, places[known]]
    return found
