"""Tests that hold one figure against a literal, whichever way round: `85% < host.cpu`, `host.cpu - 5% > 80%`.

Rule: only what must hold by itself; what stands in an `or` limits nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isinf
from types import MappingProxyType
from typing import Final

from dsl.doubts.sums import ANYTHING, DIGITS, Figure, held_against, linear
from dsl.evaluation import conjuncts
from dsl.syntax import Amount, Arithmetic, Compare, Kind, Name, Span, Sum, Test

_UNITS: Final[Mapping[Kind, tuple[float, str]]] = MappingProxyType({
    Kind.SHARE: (0.01, "%"), Kind.SIZE: (1024.0, " GiB"), Kind.TIME: (1.0, " s"),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Named:
    """Whose name it is; what is no name, but a product or a sum, has another key."""

    owner: str
    name: str


@dataclass(frozen=True, slots=True)
class Limit:
    """`name` of `owner` held against a number; `side` is 1 where it must stay below, -1 where above.

    `height` grows with what the limit lets pass on either side; `text` is the number as the author may write it.
    """

    owner: str
    name: str
    side: int
    value: float
    text: str
    span: Span

    @property
    def key(self) -> tuple[str, int]:
        """What is limited, and from which side."""
        return self.name, self.side

    @property
    def height(self) -> float:
        """How much the limit lets pass."""
        return self.side * self.value


def limits(tests: Iterable[Test]) -> Iterator[Limit]:
    """What each test by itself asks of one name."""
    for part in (part for test in tests for part in conjuncts(test)):
        if isinstance(part, Compare) and part.operator not in {"==", "!="}:
            yield from _limit(part)


def _limit(test: Compare) -> Iterator[Limit]:
    """The limit of a comparison, where it is one name's."""
    if isinstance(test.left, Name) and isinstance(test.right, Amount):
        side = 1 if test.operator[0] == "<" else -1
        yield Limit(test.left.owner or "", test.left.name, side, test.right.value, test.right.text, test.right.span)
        return
    both = linear(test.left, _figure).plus(linear(test.right, _figure), -1.0)
    against = held_against(both, test.operator)
    literal = _literal(test)
    if against is None or literal is None or not isinstance(against[0].key, _Named):
        return
    name, interval = against[0].key, against[1]
    side, end = (-1, interval.low) if isinf(interval.high) else (1, interval.high)
    value = round(end, DIGITS)
    is_plain = {type(test.left), type(test.right)} == {Name, Amount}
    text, span = (literal.text, literal.span) if is_plain else (_spoken(value, literal.kind), test.span)
    yield Limit(name.owner, name.name, side, value, text, span)


def _figure(name: Name) -> Figure:
    return Figure(_Named(name.owner or "", name.name), ANYTHING)


def _literal(test: Compare) -> Amount | None:
    """The first number of a comparison: of which kind the limit is."""
    return next((each for side in (test.left, test.right) for each in _amounts(side)), None)


def _amounts(of: Sum) -> Iterator[Amount]:
    match of:
        case Amount():
            yield of
        case Arithmetic(left=left, right=right):
            yield from _amounts(left)
            yield from _amounts(right)
        case _:
            return


def _spoken(value: float, kind: Kind) -> str:
    scale, unit = _UNITS.get(kind, (1.0, ""))
    return f"{value / scale:g}{unit}"
