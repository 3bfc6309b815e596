"""Names and tags, and whom a pattern picks among those who bear them.

Rule: of all wildcards the language has `*` and `?` alone. What is sorted once is not looked through again for each
pattern: a file may hold hundreds of them.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from fnmatch import translate
from functools import lru_cache
from typing import Final

import numpy as np

from dsl.evaluation import Flags

_WILD: Final = re.compile(r"[*?]")
_LAST: Final = "\U0010ffff"
"""Sorts behind whatever may follow the beginning of a label."""


@lru_cache(maxsize=4096)
def _read(pattern: str) -> Callable[[str], object]:
    """Whether a label matches; reading the pattern takes longer than a look at some labels."""
    return re.compile(translate(pattern.replace("[", "[[]"))).match


class Labels:
    """The labels of all things of a kind, each with the place of its bearer."""

    def __init__(self, labels: Iterable[Iterable[str]]) -> None:
        of_each: Sequence[Iterable[str]] = list(labels)
        pairs = sorted((label, place) for place, borne in enumerate(of_each) for label in borne)
        self._count = len(of_each)
        self._labels = [label for label, _ in pairs]
        self._places = np.array([place for _, place in pairs], dtype=np.intp)
        self._known: dict[str, Flags] = {}

    def matching(self, pattern: str) -> Flags:
        """Who bears a label like the pattern; asked again, it is remembered."""
        if pattern not in self._known:
            self._known[pattern] = self._flags(self._found(pattern))
        return self._known[pattern]

    def called(self, name: str) -> Flags:
        """Who bears this very label, whatever signs are in it."""
        return self._flags(slice(bisect_left(self._labels, name), bisect_right(self._labels, name)))

    def _found(self, pattern: str) -> slice | list[int]:
        """Where the labels are that match: as written up to the first wildcard, then by the rest."""
        wild = _WILD.search(pattern)
        if wild is None:
            return slice(bisect_left(self._labels, pattern), bisect_right(self._labels, pattern))
        head, rest = pattern[: wild.start()], pattern[wild.start() :]
        begin, end = bisect_left(self._labels, head), bisect_right(self._labels, head + _LAST)
        if rest == "*":
            return slice(begin, end)
        fits = _read(pattern)
        return [number for number in range(begin, end) if fits(self._labels[number])]

    def _flags(self, found: slice | list[int]) -> Flags:
        flags = np.zeros(self._count, dtype=bool)
        flags[self._places[found]] = True
        return flags
