"""What a checked test says of a farm, for all hosts or all VMs of a clause at once.

Rule: three values (Kleene). Unknown is neither true nor false, is never guessed, and each caller decides against moving
with it. Evaluation always ends: the tree is finite, there is no loop in the language, and every node is one array
operation.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from dsl.syntax import (
    Amount,
    Arithmetic,
    Both,
    Compare,
    Either,
    Kind,
    Member,
    Name,
    Not,
    Over,
    Pick,
    Sum,
    Test,
    Text,
)

Column = npt.NDArray[Any]
"""Values of one name: one per thing of the clause's noun, or a single one (0-d).

Numbers are floats with NaN for unknown (bool names: 1.0 and 0.0), texts are objects with None for unknown."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is certainly true and what is certainly false; where neither holds it is unknown."""

    true: Flags
    false: Flags

    @property
    def unknown(self) -> Flags:
        """Where nothing is certain."""
        return ~(self.true | self.false)

    @property
    def possible(self) -> Flags:
        """True or unknown: what a wall must reckon with."""
        return ~self.false

    def __and__(self, other: "Truth") -> "Truth":
        return Truth(self.true & other.true, self.false | other.false)

    def __or__(self, other: "Truth") -> "Truth":
        return Truth(self.true | other.true, self.false & other.false)

    def __invert__(self) -> "Truth":
        return Truth(self.false, self.true)


class Scope(Protocol):
    """How a clause finds the values it speaks of."""

    def value(self, owner: str, name: str) -> Column:
        """The column of `owner.name`."""
        ...

    def fact(self, owner: str, name: str, kind: Kind) -> Column:
        """The column of a fact of the owner, its texts read as that kind."""
        ...

    def over(self, over: Over) -> Column:
        """The column of an aggregate over time."""
        ...

    def picks(self, owner: str, how: str, pattern: str) -> Flags:
        """Where the owner's name (`named`) or one of its tags (`tagged`) matches the glob."""
        ...

    def member(self, owner: str, set_name: str) -> Truth:
        """Where the owner belongs to the named set."""
        ...


_COMPARE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_OPPOSITE: Final[Mapping[str, str]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
"""Of two known numbers one or the other holds; of NaN and a number, neither."""
_ARITHMETIC: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip


def value(of: Sum, scope: Scope) -> Column:
    """The values of a sum; a division by zero is unknown."""
    return reckoned(of, lambda leaf: _measured(leaf, scope))


def reckoned(of: Sum, measured: Callable[[Name | Over], Column]) -> Column:
    """The values of a sum, once somebody tells what was measured; a division by zero is unknown."""
    match of:
        case Amount(value=number):
            return np.asarray(number, dtype=float)
        case Text(value=text):
            return np.asarray(text, dtype=object)
        case Arithmetic(operator=sign, left=left, right=right):
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                result = np.asarray(_ARITHMETIC[sign](reckoned(left, measured), reckoned(right, measured)))
            return np.where(np.isfinite(result), result, np.nan)
        case _:
            return measured(of)


def leaves(of: Sum) -> Iterator[Name | Over]:
    """What a sum is made of that must be measured."""
    match of:
        case Name() | Over():
            yield of
        case Arithmetic(left=left, right=right):
            yield from leaves(left)
            yield from leaves(right)
        case _:
            return


def _measured(leaf: Name | Over, scope: Scope) -> Column:
    match leaf:
        case Over():
            return scope.over(leaf)
        case Name(owner=str(owner), name=name, kind=None):
            return scope.value(owner, name)
        case Name(owner=str(owner), name=name, kind=Kind() as kind):
            return scope.fact(owner, name, kind)
        case _:
            raise AssertionError(f"the checker gives every name an owner: {leaf}")


def truth(test: Test, scope: Scope) -> Truth:
    """Where a test holds, where it does not, and where nobody knows."""
    match test:
        case Both(left=left, right=right):
            return truth(left, scope) & truth(right, scope)
        case Either(left=left, right=right):
            return truth(left, scope) | truth(right, scope)
        case Not(test=inner):
            return ~truth(inner, scope)
        case _:
            return _fact(test, scope)


def conjuncts(test: Test) -> tuple[Test, ...]:
    """The parts of a test that must all hold: what to blame one by one when it does not."""
    match test:
        case Both(left=left, right=right):
            return conjuncts(left) + conjuncts(right)
        case _:
            return (test,)


def _fact(test: Compare | Pick | Member | Name, scope: Scope) -> Truth:
    match test:
        case Compare(operator=sign, left=left, right=right):
            return _compared(sign, value(left, scope), value(right, scope))
        case Pick(owner=str(owner), how=how, pattern=pattern):
            picked = scope.picks(owner, how, pattern)
            return Truth(picked, ~picked)
        case Member(owner=str(owner), set_name=set_name):
            return scope.member(owner, set_name)
        case Name():
            return _compared("==", value(test, scope), np.asarray(1.0))
        case Pick() | Member():
            raise AssertionError(f"the checker gives every test an owner: {test}")


def _compared(sign: str, left: Column, right: Column) -> Truth:
    if sign in _OPPOSITE:
        return Truth(np.asarray(_COMPARE[sign](left, right)), np.asarray(_COMPARE[_OPPOSITE[sign]](left, right)))
    known = _known(left) & _known(right)
    holds = np.asarray(_COMPARE[sign](left, right), dtype=bool) & known
    return Truth(holds, known & ~holds)


def _known(column: Column) -> Flags:
    if column.dtype == object:
        return np.asarray(np.not_equal(column, None), dtype=np.bool_)  # type: ignore[call-overload]  # elementwise, on purpose
    return np.asarray(~np.isnan(column), dtype=bool)
