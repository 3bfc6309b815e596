"""What a value may be read as: the kinds of literals, of what is reckoned from others, and how they are written.

Rule: a literal may have several kinds, and a fact any; each keeps them all until it is known what it is held against.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from dsl.facts import PREFIX, READINGS
from dsl.phrases import phrase
from dsl.syntax import Amount, Kind, Name, Sum, Text
from dsl.units import UNITS, based, version_number

Kinds = frozenset[Kind]
"""The kinds that a sum may be read as: a plain number may be a version, a ratio is a number and a share."""

ANY: Final = frozenset(Kind)
"""What is wrong already fits everything, so that it is told once."""

MEASURES: Final = frozenset({Kind.NUMBER, Kind.SHARE, Kind.SIZE, Kind.TIME})
"""What one can reckon with."""

RATIO: Final = frozenset({Kind.NUMBER, Kind.SHARE})
ORDERED: Final = MEASURES | {Kind.VERSION}
_LITERAL: Final = frozenset({Kind.NUMBER, Kind.VERSION})
ONE_KIND: Final[Mapping[Kind, Kinds]] = MappingProxyType({kind: frozenset({kind}) for kind in Kind})
FLIPPED: Final[Mapping[str, str]] = MappingProxyType({
    "<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!=",
})  # fmt: skip
"""The comparison that says the same with its sides exchanged."""

_CALLED: Final[Mapping[Kinds, str]] = MappingProxyType({
    RATIO: "a ratio", READINGS: "a fact", _LITERAL: "a number",
    frozenset({Kind.BOOL}): "a yes or no", frozenset({Kind.ROUNDS}): "rounds",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """A checked sum and the kinds it may be read as."""

    of: Sum
    kinds: Kinds


def _alike(left: Kinds, right: Kinds) -> Kinds:
    return left & right


def _times(left: Kinds, right: Kinds) -> Kinds:
    if Kind.NUMBER in left:
        return right
    return left if Kind.NUMBER in right else frozenset()


def _divided(left: Kinds, right: Kinds) -> Kinds:
    if right != _LITERAL and left & right:
        return RATIO
    return left if Kind.NUMBER in right else frozenset()


RECKONED: Final[Mapping[str, Callable[[Kinds, Kinds], Kinds]]] = MappingProxyType({
    "+": _alike, "-": _alike, "*": _times, "/": _divided,
})  # fmt: skip
RECKONING: Final[Mapping[str, str]] = MappingProxyType({
    "+": "add like to like", "-": "take like from like",
    "*": "multiply by a plain number", "/": "divide by a plain number, or like by like",
})  # fmt: skip
UNCOMPARED: Final[Mapping[Kind, str]] = MappingProxyType({
    Kind.BOOL: "it stands alone: write the name, or not and the name",
    Kind.ROUNDS: "rounds stand behind for only",
})  # fmt: skip


def _percent(literal: Amount | Text) -> str:
    if isinstance(literal, Text) or literal.unit is not None:
        return "write a share, such as 85%"
    return f"write {literal.value * 100 if literal.value <= 1 else literal.value:g}%"


def _with_unit(kind: Kind) -> Callable[[Amount | Text], str]:
    units = ", ".join(unit for unit, (of, _) in UNITS.items() if of is kind)
    return lambda _literal: f"a {kind} has one of the units {units}"


def _in_quotes(literal: Amount | Text) -> str:
    return f'text goes in quotes: "{phrase(literal)}"'


WRITE: Final[Mapping[Kind, Callable[[Amount | Text], str]]] = MappingProxyType({
    Kind.NUMBER: lambda _literal: "write a plain number",
    Kind.SHARE: _percent,
    Kind.SIZE: _with_unit(Kind.SIZE),
    Kind.TIME: _with_unit(Kind.TIME),
    Kind.ROUNDS: _with_unit(Kind.ROUNDS),
    Kind.TEXT: _in_quotes,
    Kind.BOOL: lambda _literal: UNCOMPARED[Kind.BOOL],
    Kind.VERSION: lambda _literal: "a version is written without quotes, such as 4.17",
})  # fmt: skip


def literal(amount: Amount) -> Typed:
    """An amount in its base unit."""
    if amount.unit is None:
        return Typed(amount, _LITERAL)
    kind, value = based(amount.value, amount.unit)
    return Typed(Amount(value, None, amount.text, amount.span, kind), ONE_KIND[kind])


def settled(of: Sum, common: Kinds) -> Sum:
    """A literal held against a version is one, a fact is what it is held against."""
    if common and isinstance(of, Name) and of.name.startswith(PREFIX):
        return replace(of, kind=min(common))
    if common != {Kind.VERSION} or not isinstance(of, Amount):
        return of
    return replace(of, value=version_number(of.text), kind=Kind.VERSION)


def called(kinds: Kinds) -> str:
    """What a person calls it."""
    return _CALLED.get(kinds) or f"a {min(kinds)}"
