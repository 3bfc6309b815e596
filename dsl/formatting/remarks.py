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


def is_allowance(text: str) -> bool:
    """Whether a comment allows a warning on its line."""
    return _ALLOWANCE.match(text) is not None


def shared_out(said: Sequence[Remark], pieces: Sequence[Span]) -> list[Remarks]:
    """Who gets which remark, piece by piece; the pieces are in the order of the file, the first begins it all."""
    starts = [(piece.line, piece.column) for piece in pieces]
    ends = [(piece.end_line, piece.end_column) for piece in pieces]
    given: list[list[Remark]] = [[] for _ in pieces]
    for remark in said:
        below = min(bisect_right(ends, remark.place), len(pieces) - 1)
        before = max(bisect_left(starts, remark.place) - 1, 0)
        given[below if remark.is_alone else before].append(remark)
    return [_settled(each) for each in given]


def _settled(given: list[Remark]) -> Remarks:
    """One remark stays behind, an allowance before any other; the others go above."""
    behind = [remark for remark in given if not remark.is_alone]
    if not behind:
        return Remarks(tuple(remark.text for remark in given))
    kept = next((remark for remark in behind if is_allowance(remark.text)), behind[-1])
    return Remarks(tuple(remark.text for remark in given if remark is not kept), kept.text)
