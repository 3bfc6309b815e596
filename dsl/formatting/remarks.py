"""The comments of a statement and of what follows it: the syntax tree does not know them, its layout must.

Rule: none is lost. A comment of its own line stays above what comes next, one behind some words stays behind them.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dsl.reading import Passage, comment_start
from dsl.syntax import Span

Place = tuple[int, int]
"""Line and column of the file."""

_ALLOWANCE: Final = re.compile(r"#\s*allow:")


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment, where it begins, and whether its line holds nothing else."""

    text: str
    place: Place
    is_alone: bool


@dataclass(frozen=True, slots=True)
class Remarks:
    """What is said of one piece of a statement: in lines above it, and behind its words."""

    above: tuple[str, ...] = ()
    behind: str = ""


def remarks(passage: Passage) -> Iterator[Remark]:
    """All comments of a passage, in order."""
    for line, text in enumerate(passage.text.split("\n"), passage.line):
        start = comment_start(text)
        if start is not None:
            yield Remark(text[start:].rstrip(), (line, start + 1), not text[:start].strip())


def shared_out(said: Sequence[Remark], pieces: Sequence[Span]) -> list[Remarks]:
    """Who gets which remark, piece by piece; the pieces are in the order of the file, the first begins it all."""
    starts = [(piece.line, piece.column) for piece in pieces]
    ends = [(piece.end_line, piece.end_column) for piece in pieces]
    above: list[list[str]] = [[] for _ in pieces]
    behind: list[list[str]] = [[] for _ in pieces]
    for remark in said:
        if remark.is_alone:
            above[min(bisect_right(ends, remark.place), len(pieces) - 1)].append(remark.text)
        else:
            behind[max(bisect_left(starts, remark.place) - 1, 0)].append(remark.text)
    return [_settled(*each) for each in zip(above, behind, strict=True)]


def _settled(above: list[str], behind: list[str]) -> Remarks:
    """One remark stays behind, an allowance before any other; the others go above."""
    if not behind:
        return Remarks(tuple(above))
    kept = next((text for text in behind if _ALLOWANCE.match(text)), behind[-1])
    behind.remove(kept)
    return Remarks((*above, *behind), kept)
