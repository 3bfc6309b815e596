"""What a formula is: a test taken apart into claims about single things.

Rule: values only, without places; two tests that claim the same make equal formulas.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from dsl.doubts.intervals import Interval
from dsl.doubts.sums import Figure


@dataclass(frozen=True, slots=True)
class Fixed:
    """True or false whatever the farm is like."""

    holds: bool


@dataclass(frozen=True, slots=True)
class Within:
    """A figure lies in an interval."""

    figure: Figure
    interval: Interval


@dataclass(frozen=True, slots=True)
class Reads:
    """A text is this one."""

    of: Hashable
    text: str


@dataclass(frozen=True, slots=True)
class Matches:
    """A thing's name (`named`) or one of its tags (`tagged`) matches a pattern; `of` is the owner and the word."""

    of: tuple[str, str]
    pattern: str


@dataclass(frozen=True, slots=True)
class Holds:
    """Something is so; what it is cannot be taken apart."""

    of: Hashable


@dataclass(frozen=True, slots=True)
class Negated:
    """The formula does not hold."""

    part: "Formula"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Each part holds."""

    parts: tuple["Formula", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part holds at least."""

    parts: tuple["Formula", ...]


Claim = Fixed | Within | Reads | Matches | Holds
Formula = Claim | Negated | AllOf | AnyOf

ALWAYS: Final = Fixed(holds=True)


def joined(kind: type[AllOf] | type[AnyOf], parts: Iterable[Formula]) -> Formula:
    """All of these, or any: a part of the same kind lends its own parts, so that no chain becomes a ladder."""
    links = (part.parts if isinstance(part, kind) else (part,) for part in parts)
    return kind(tuple(chain.from_iterable(links)))


def subjects(formula: Formula) -> Iterator[Hashable]:
    """What the claims of a formula are about, each as often as it is spoken of."""
    match formula:
        case Fixed():
            return
        case Within(figure=figure):
            yield figure.key
        case Reads(of=of) | Matches(of=of) | Holds(of=of):
            yield of
        case Negated(part=part):
            yield from subjects(part)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from subjects(part)
