"""What a checked test says of a farm, for all hosts or all VMs of a clause at once.

Rule: three values (Kleene). Unknown is neither true nor false, is never guessed, and each caller decides against moving
with it. Evaluation always ends: the tree is finite, there is no loop in the language, and every node is one array
operation.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from dsl.syntax import Amount, Arithmetic, Both, Compare, Either, Member, Name, Not, Over, Pick, Sum, Test, Text

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

    def picks(self, owner: str, how: str, pattern: str) -> Flags:
        """Where the owner's name (`named`) or one of its tags (`tagged`) matches the glob."""
        ...

    def member(self, owner: str, set_name: str) -> Truth:
        """Where the owner belongs to the named set."""
        ...


_COMPARE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_ARITHMETIC: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip


def value(of: Sum, scope: Scope) -> Column:
    """The values of a sum; a division by zero is unknown."""
    match of:
        case Amount(value=number):
            return np.asarray(number, dtype=float)
        case Text(value=text):
            return np.asarray(text, dtype=object)
        case Name(owner=str(owner), name=name):
            return scope.value(owner, name)
        case Arithmetic(operator=sign, left=left, right=right):
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                result = np.asarray(_ARITHMETIC[sign](value(left, scope), value(right, scope)))
            return np.where(np.isfinite(result), result, np.nan)
        case Name() | Over():
            raise AssertionError(f"the checker lets no such node through: {of}")


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
    known = _known(left) & _known(right)
    holds = np.asarray(_COMPARE[sign](left, right), dtype=bool) & known
    return Truth(holds, known & ~holds)


def _known(column: Column) -> Flags:
    if column.dtype == object:
        return np.asarray(np.not_equal(column, None), dtype=np.bool_)  # type: ignore[call-overload]  # elementwise, on purpose
    return np.asarray(~np.isnan(column), dtype=bool)
