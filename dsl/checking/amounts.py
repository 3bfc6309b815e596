"""Amounts that stand outside all sums: in their base unit, and within what a farm can need.

Rule: the bounds are told with every amount that is beyond them.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Final

from dsl.meanings import Meanings
from dsl.syntax import Amount, Kind
from dsl.units import UNITS, based, quantity

Bounds = Mapping[Kind, tuple[str, str]]
"""The least and the most of an amount, for each kind that it may have."""

ROUND: Final[Bounds] = MappingProxyType({Kind.TIME: ("5 s", "1 h")})
HOLD: Final[Bounds] = MappingProxyType({Kind.ROUNDS: ("1 round", "1000 rounds"), Kind.TIME: ("1 s", "1 d")})
PAUSE: Final[Bounds] = MappingProxyType({Kind.TIME: ("0 s", "30 d")})
TOLERANCE: Final[Mapping[Kind, Bounds]] = MappingProxyType({
    Kind.SHARE: {Kind.SHARE: ("0.1%", "100%")}, Kind.NUMBER: {Kind.NUMBER: ("0.01", "1000")},
})  # fmt: skip
_CALLED: Final[Mapping[Kind, str]] = MappingProxyType({
    Kind.TIME: "time", Kind.ROUNDS: "number of rounds", Kind.SHARE: "share", Kind.NUMBER: "plain number",
})  # fmt: skip


def bounded(meanings: Meanings, amount: Amount, bounds: Bounds) -> Amount:
    """An amount outside all sums, in its base unit and within its bounds."""
    kind, value = based(amount.value, amount.unit) if amount.unit else (Kind.NUMBER, amount.value)
    if kind not in bounds:
        units = ", ".join(unit for unit, (of, _) in UNITS.items() if of in bounds)
        wanted = " or ".join(_CALLED[each] for each in bounds)
        meanings.words.complain("wrong-unit", f"{amount.text} is no {wanted}", amount.span, f"units: {units}")
    elif kind is Kind.ROUNDS and not value.is_integer():
        meanings.words.complain("wrong-unit", "a round cannot be parted", amount.span)
    elif not _bound(bounds[kind][0], kind) <= value <= _bound(bounds[kind][1], kind):
        low, high = bounds[kind]
        message = f"{amount.text} is out of bounds"
        meanings.words.complain("out-of-bounds", message, amount.span, f"write {low} to {high}")
    return replace(amount, value=value, unit=None, kind=kind)


@cache
def _bound(text: str, kind: Kind) -> float:
    return float(text) if kind is Kind.NUMBER else quantity(text, kind)
