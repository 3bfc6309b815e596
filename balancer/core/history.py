"""The past of what rules aggregate over time: a line of figures for every round, and what a stretch of lines comes to.

Rule: a value like any other. A further line makes a new history, which shares all full blocks with the old one. Sums
of full blocks are kept, so that a long window costs no more than a few of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from balancer.core.blocks import BLOCK, Block, Columns, Floats, Signal, Sums, first_after, taken, widened

CROWDED: Final = 256
"""Columns below which dead ones do no harm."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Lines of rounds, the oldest first.

    `columns` says by thing (`host`, `vm`, `farm`) whose figures stand where; it only grows within one `edition`.
    `first` is when each figure was first known, `every` how many seconds lie between two lines if all goes well.
    """

    columns: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()
    first: Mapping[Signal, Floats] = field(default_factory=dict)
    edition: int = 1
    every: float = 30.0

    @classmethod
    def of(
        cls,
        columns: Mapping[str, Mapping[str, int]],
        lines: Sequence[tuple[float, Mapping[Signal, Floats]]],
        edition: int,
    ) -> Self:
        """The history of these lines, the oldest first; each as wide as there are columns, or less."""
        width = {thing: len(places) for thing, places in columns.items()}
        first: dict[Signal, Floats] = {}
        for now, line in reversed(lines):
            for signal, figures in line.items():
                since = first.setdefault(signal, np.full(width[signal[0]], np.nan))
                since[: len(figures)][~np.isnan(figures)] = now
        parts = (lines[start : start + BLOCK] for start in range(0, len(lines), BLOCK))
        return cls(columns, tuple(_block(part, width) for part in parts), first, edition)

    def __eq__(self, other: object) -> bool:
        """Whether both say the same of the same."""
        if not isinstance(other, History):
            return NotImplemented
        return self.columns == other.columns and _alike(list(self.lines()), list(other.lines()))

    __hash__ = None  # type: ignore[assignment]  # as of any value that is compared by what it holds

    def lines(self) -> Iterator[tuple[float, Mapping[Signal, Floats]]]:
        """Every line with its time, the oldest first."""
        for block in self.blocks:
            for number, time in enumerate(block.times):
                yield float(time), {signal: lines[number] for signal, lines in block.figures.items()}

    def newest(self) -> tuple[float, Mapping[Signal, Floats]] | None:
        """The last line, and its time."""
        if not self.blocks:
            return None
        block = self.blocks[-1]
        return float(block.times[-1]), {signal: lines[-1] for signal, lines in block.figures.items()}

    def begin(self, signal: Signal) -> float:
        """When the oldest line with this signal was written."""
        return next((float(block.times[0]) for block in self.blocks if signal in block.figures), 0.0)

    def with_line(
        self,
        now: float,
        owners: Mapping[str, Sequence[str]],
        line: Mapping[Signal, Floats],
        keep: Mapping[Signal, float],
    ) -> Self:
        """And this round's: its figures stand as their `owners` do, by thing. Each signal is kept for so many seconds.

        Lines that are not older than this one come from a clock that was set back, and are gone.
        """
        blocks = [block for each in self.blocks if len((block := each.before(now)).times)]
        blocks = [only for each in blocks if (only := _within(each, now, keep)).figures]
        columns = {thing: _extended(self.columns.get(thing, {}), names) for thing, names in owners.items()}
        columns = {**self.columns, **columns}
        wide = {signal: _placed(figures, columns[signal[0]], owners[signal[0]]) for signal, figures in line.items()}
        is_open = bool(blocks) and len(blocks[-1].times) < BLOCK
        last = (blocks.pop() if is_open else Block(np.empty(0), {})).with_line(now, wide)
        first = {signal: _since(self.first.get(signal), figures, now) for signal, figures in wide.items()}
        history = replace(self, columns=columns, blocks=(*blocks, last), first=first)
        return history if is_open else history._uncrowded()  # noqa: SLF001 - one of its own

    def places(self, thing: str, names: Sequence[str]) -> Columns:
        """In which column each of these stands; -1 where nothing is known of it."""
        columns = self.columns.get(thing, {})
        return np.array([columns.get(name, -1) for name in names], dtype=np.intp)

    def times(self, after: float) -> Floats:
        """When each line after that moment was written."""
        return np.concatenate([np.empty(0), *(block.times[first_after(block, after) :] for block in self.blocks)])

    def matrix(self, signal: Signal, after: float, places: Columns) -> Floats:
        """The lines after that moment, with the columns of these places (-1: nothing is known)."""
        parts = []
        for block in self.blocks:
            start = first_after(block, after)
            if start < len(block.times):
                lines = block.figures.get(signal, np.empty((len(block.times), 0)))[start:]
                parts.append(taken(lines, places))
        return np.vstack(parts) if parts else np.empty((0, len(places)))

    def sums(self, signal: Signal, after: float, places: Columns) -> Sums:
        """What the lines after that moment come to, for the columns of these places (-1: nothing is known)."""
        width = len(self.columns.get(signal[0], {}))
        found = Sums.of(np.empty((0, width)))
        for block in self.blocks:
            start = first_after(block, after)
            if signal in block.figures and start < len(block.times):
                whole = block.sums.get(signal) if start == 0 else None
                found += (whole or Sums.of(block.figures[signal][start:])).widened(width)
        return found.widened(width + 1).at(places)

    def since(self, signal: Signal, places: Columns) -> Floats:
        """When the figure of each of these places was first known; NaN where it never was."""
        first = self.first.get(signal, np.empty(0))
        since: Floats = taken(first[np.newaxis], places)[0]
        return since

    def _uncrowded(self) -> Self:
        """Without the columns of those of whom nothing is known any more, once they are more than the others."""
        living = {thing: self._living(thing) for thing in self.columns}
        crowded = [
            thing
            for thing, alive in living.items()
            if len(alive) > CROWDED and 2 * np.count_nonzero(alive) < len(alive)
        ]
        if not crowded:
            return self
        columns, kept = dict(self.columns), {}
        for thing in crowded:
            kept[thing] = np.flatnonzero(living[thing])
            names = list(self.columns[thing])
            columns[thing] = MappingProxyType({names[column]: place for place, column in enumerate(kept[thing])})
        blocks = tuple(_narrowed(block, kept) for block in self.blocks)
        first = {signal: since[kept[signal[0]]] if signal[0] in kept else since for signal, since in self.first.items()}
        return replace(self, columns=columns, blocks=blocks, first=first, edition=self.edition + 1)

    def _living(self, thing: str) -> npt.NDArray[np.bool_]:
        """Which columns have a known figure in any line."""
        alive = np.zeros(len(self.columns[thing]), dtype=bool)
        for block in self.blocks:
            for (whose, _), lines in block.figures.items():
                if whose == thing:
                    alive[: lines.shape[1]] |= ~np.isnan(lines).all(axis=0)
        return alive


NOTHING: Final = History()


def _within(block: Block, now: float, keep: Mapping[Signal, float]) -> Block:
    """A block with those signals alone of which it is not too old."""
    return block.only(signal for signal, seconds in keep.items() if now - block.times[-1] <= seconds)


def _extended(columns: Mapping[str, int], names: Sequence[str]) -> Mapping[str, int]:
    """The columns, with one more for each new name."""
    new = [name for name in names if name not in columns]
    if not new:
        return columns
    return MappingProxyType(
        {**columns, **{name: len(columns) + place for place, name in enumerate(dict.fromkeys(new))}}
    )


def _placed(figures: Floats, columns: Mapping[str, int], names: Sequence[str]) -> Floats:
    """A line as wide as there are columns; of a name that stands twice nobody knows whose figure is right."""
    wide = np.full(len(columns), np.nan)
    places = np.array([columns[name] for name in names], dtype=np.intp)
    wide[places] = figures
    wide[np.bincount(places, minlength=len(columns)) > 1] = np.nan
    return wide


def _since(first: Floats | None, figures: Floats, now: float) -> Floats:
    """When each figure was first known, once these are."""
    since = np.full(len(figures), np.nan)
    if first is not None:
        since[: len(first)] = np.where(first < now, first, np.nan)
    return np.where(np.isnan(since) & ~np.isnan(figures), now, since)


def _narrowed(block: Block, kept: Mapping[str, Columns]) -> Block:
    """The block with these columns alone; a narrow one may lack the last of them."""
    figures = {}
    for signal, lines in block.figures.items():
        if signal[0] in kept:
            places = kept[signal[0]]
            figures[signal] = lines[:, places[places < lines.shape[1]]]
        else:
            figures[signal] = lines
    return Block.of(block.times, figures)


def _block(lines: Sequence[tuple[float, Mapping[Signal, Floats]]], width: Mapping[str, int]) -> Block:
    signals = dict.fromkeys(signal for _, line in lines for signal in line)
    figures = {}
    for signal in signals:
        figures[signal] = np.full((len(lines), width[signal[0]]), np.nan)
        for number, (_, line) in enumerate(lines):
            if signal in line:
                figures[signal][number, : len(line[signal])] = line[signal]
    return Block.of(np.array([time for time, _ in lines]), figures)


def _alike(these: Sequence[Any], those: Sequence[Any]) -> bool:
    """Whether lines say the same; one that ends early knows nothing of the rest."""
    return len(these) == len(those) and all(
        time == other_time and line.keys() == other.keys() and all(_equal(line[each], other[each]) for each in line)
        for (time, line), (other_time, other) in zip(these, those, strict=True)
    )


def _equal(one: Floats, other: Floats) -> bool:
    width = max(len(one), len(other))
    return np.array_equal(widened(one[np.newaxis], width), widened(other[np.newaxis], width), equal_nan=True)
