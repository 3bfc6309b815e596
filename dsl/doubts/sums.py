"""A sum as so much of this and so much of that: `cpu - 10% > 70%` is `cpu > 80%`, and both can be held together.

Rule: only what is linear is taken apart; a product or a history is one figure of its own.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from dsl.doubts.intervals import Interval
from dsl.meanings.kinds import FLIPPED
from dsl.syntax import Amount, Arithmetic, Name, Over, Sum, Text

ANYTHING: Final = Interval()
POSITIVE: Final = Interval(low=0.0)
DIGITS: Final = 9
"""Of a figure: what is beyond is the noise of a division."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What a comparison speaks of: what tells it from others, what it can be at all, whether it is a whole number."""

    key: Hashable
    range: Interval
    discrete: bool = False


@dataclass(frozen=True, slots=True)
class Linear:
    """So much of each figure, and a constant."""

    parts: Mapping[Figure, float]
    constant: float = 0.0

    def plus(self, other: "Linear", factor: float = 1.0) -> "Linear":
        """The sum with so many times the other; what cancels out is gone."""
        parts = dict(self.parts)
        for figure, weight in other.parts.items():
            parts[figure] = round(parts.get(figure, 0.0) + factor * weight, DIGITS)
        kept = {figure: weight for figure, weight in parts.items() if weight}
        return Linear(kept, self.constant + factor * other.constant)

    def times(self, factor: float) -> "Linear":
        """So many times each."""
        return NOTHING.plus(self, factor)

    @property
    def range(self) -> Interval:
        """What the whole can be."""
        total = Interval(self.constant, self.constant)
        for figure, weight in self.parts.items():
            total += figure.range.times(weight)
        return total

    @property
    def key(self) -> Hashable:
        """What tells it from others."""
        return tuple(sorted((repr(figure.key), weight) for figure, weight in self.parts.items())), self.constant


NOTHING: Final = Linear(MappingProxyType({}))


def linear(of: Sum, figure: Callable[[Name], Figure]) -> Linear:
    """A checked sum; `figure` says what is known of a name beforehand."""
    match of:
        case Amount(value=number):
            return Linear(NOTHING.parts, number)
        case Name():
            return _one(figure(of))
        case Over(function=function, of=inner, window=window):
            return _one(_over(function, linear(inner, figure), window.value))
        case Text(value=value):
            return _one(Figure(("text", value), ANYTHING))
        case Arithmetic(operator=sign, left=left, right=right):
            return _reckoned(sign, linear(left, figure), linear(right, figure))


def held_against(of: Linear, sign: str) -> tuple[Figure, Interval] | None:
    """`of sign 0` as one figure and the interval that it must lie in; None where no figure is in it."""
    if not of.parts:
        return None
    first = min(of.parts, key=lambda each: repr(each.key))
    weight = of.parts[first]
    interval = Interval.beside(sign if weight > 0 else FLIPPED[sign], -of.constant / weight)
    if len(of.parts) == 1:
        return first, interval
    scaled = Linear(of.parts).times(1 / weight)
    return Figure(scaled.key, scaled.range), interval


def _reckoned(sign: str, left: Linear, right: Linear) -> Linear:
    """By a plain number it stays a sum; a product of two figures is one of its own."""
    if sign in {"+", "-"}:
        return left.plus(right, 1.0 if sign == "+" else -1.0)
    if not right.parts and (sign == "*" or right.constant):
        return left.times(right.constant if sign == "*" else 1 / right.constant)
    if not left.parts and sign == "*":
        return right.times(left.constant)
    is_positive = left.range.low >= 0 and right.range.low >= 0
    return _one(Figure((sign, left.key, right.key), POSITIVE if is_positive else ANYTHING))


def _over(function: str, inner: Linear, seconds: float) -> Figure:
    """A sum over time may be any multiple; everything else lies where the figure itself does."""
    known = inner.range
    if function == "sum":
        known = POSITIVE if known.low >= 0 else ANYTHING
    return Figure((function, inner.key, seconds), known)


def _one(figure: Figure) -> Linear:
    return Linear({figure: 1.0})
