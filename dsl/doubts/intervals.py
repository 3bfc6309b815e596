"""Stretches of numbers: what a comparison lets a figure be.

Rule: figures carry the noise of a division; ends that differ by less than that are one end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor, inf, isclose, isinf
from typing import Final, Self

_NOISE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers between two ends, an open end excluded."""

    low: float = -inf
    high: float = inf
    low_open: bool = False
    high_open: bool = False

    @classmethod
    def beside(cls, sign: str, limit: float) -> Self:
        """The numbers that stand so to a limit; `sign` is one of < <= > >= ==."""
        match sign:
            case "<" | "<=":
                return cls(high=limit, high_open=sign == "<")
            case ">" | ">=":
                return cls(low=limit, low_open=sign == ">")
            case _:
                return cls(limit, limit)

    def __and__(self, other: "Interval") -> "Interval":
        """The numbers in both; where both end alike, an open end wins."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Interval(
            low,
            high,
            any(each.low_open for each in (self, other) if _same(each.low, low)),
            any(each.high_open for each in (self, other) if _same(each.high, high)),
        )

    def __add__(self, other: "Interval") -> "Interval":
        """Every sum of one number of each."""
        return Interval(
            self.low + other.low,
            self.high + other.high,
            self.low_open or other.low_open,
            self.high_open or other.high_open,
        )

    def times(self, factor: float) -> "Interval":
        """Each number times a factor other than 0."""
        if factor > 0:
            return Interval(self.low * factor, self.high * factor, self.low_open, self.high_open)
        return Interval(self.high * factor, self.low * factor, self.high_open, self.low_open)

    def outside(self) -> Iterator["Interval"]:
        """The numbers below, and those above."""
        if not isinf(self.low):
            yield Interval(high=self.low, high_open=not self.low_open)
        if not isinf(self.high):
            yield Interval(low=self.high, low_open=not self.high_open)

    def is_empty(self, *, discrete: bool = False) -> bool:
        """Whether no number is left; what is `discrete` is whole."""
        if discrete and not isinf(self.low) and not isinf(self.high):
            first = floor(self.low + _NOISE) + 1 if self.low_open else ceil(self.low - _NOISE)
            last = ceil(self.high - _NOISE) - 1 if self.high_open else floor(self.high + _NOISE)
            return first > last
        if _same(self.low, self.high):
            return self.low_open or self.high_open
        return self.low > self.high


def _same(one: float, other: float) -> bool:
    return one == other or isclose(one, other, rel_tol=_NOISE, abs_tol=_NOISE)
