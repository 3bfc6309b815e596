"""A test, clause by clause: what it says with its figures, whether it holds, and what would have to change.

Rule: clauses are the parts that must all hold, and each is judged by the evaluation that decides; nothing is guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from balancer.core.wording import kind_of, spoken_at, told
from dsl.evaluation import Column, Scope, conjuncts, truth, value
from dsl.syntax import Amount, Both, Compare, Either, Gate, Kind, Member, Name, Not, Pick, Sum, Test, Text

_CHANGES: Final = {
    ">": "rise above {}", ">=": "rise to {}", "<": "fall below {}", "<=": "fall to {}", "==": "be {}",
    "!=": "be anything but {}",
}  # fmt: skip
_OPPOSITES: Final = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}


@dataclass(frozen=True, slots=True)
class Clause:
    """One part of a test at one host or VM.

    `holds` is None where nobody knows; `needs` is what would make it hold, empty where it does. `value`, `limit` and
    their `kind` are those of a comparison of figures.
    """

    text: str
    holds: bool | None
    needs: str = ""
    value: float | None = None
    limit: float | None = None
    kind: Kind = Kind.NUMBER


def clauses(test: Test | None, scope: Scope, place: int, noun: str) -> tuple[Clause, ...]:
    """The clauses of a test at one place of `noun`; no test has none."""
    here = _Here(scope, place, noun)
    return tuple(here.clause(part) for part in (conjuncts(test) if test is not None else ()))


def gate_clauses(gates: Sequence[Gate], scope: Scope, place: int, noun: str) -> tuple[Clause, ...]:
    """The clauses of all gates."""
    return tuple(each for gate in gates for each in clauses(gate.test, scope, place, noun))


def needs(of: Sequence[Clause]) -> str:
    """What would have to change for all of them to hold; empty where they do."""
    return " and ".join(each.needs for each in of if each.needs)


@dataclass(frozen=True, slots=True)
class _Here:
    """One host or VM, of which tests are told."""

    scope: Scope
    place: int
    noun: str

    def clause(self, test: Test) -> Clause:
        holds = self._holds(test)
        value_, limit, kind = self._figures(test)
        return Clause(self._text(test), holds, "" if holds else self._needs(test), value_, limit, kind)

    def _holds(self, test: Test) -> bool | None:
        result = truth(test, self.scope)
        if bool(self._at(result.true)):
            return True
        return False if bool(self._at(result.false)) else None

    def _text(self, test: Test) -> str:
        """The test in the words of the language, each measured name with its figure."""
        match test:
            case Compare(operator=sign, left=left, right=right):
                return f"{self._measured(left)} {sign} {self._measured(right)}"
            case Both(left=one, right=other):
                return f"{self._text(one)} and {self._text(other)}"
            case Either(left=one, right=other):
                return f"({self._text(one)} or {self._text(other)})"
            case Not(test=inner):
                return f"not {self._text(inner)}"
            case _:
                return self._fact(test)

    def _fact(self, test: Pick | Member | Name) -> str:
        match test:
            case Pick(owner=owner, how=how, pattern=pattern):
                return f'{self._owned(owner)}{how} "{pattern}"'
            case Member(owner=owner, set_name=name):
                return f"{self._owned(owner)}in {name}"
            case Name():
                return told(test, self.noun)

    def _needs(self, test: Test) -> str:
        """What would make a test hold that does not, or of which nobody knows whether it does."""
        match test:
            case Compare(operator=sign, left=left, right=right):
                return self._unknown(left, right) if self._holds(test) is None else self._change(sign, left, right)
            case Both(left=one, right=other):
                return needs([self.clause(one), self.clause(other)])
            case Either(left=one, right=other):
                return f"{self._needs(one)} or {self._needs(other)}"
            case Not(test=Compare(operator=sign, left=left, right=right, span=span)):
                return self._needs(Compare(_OPPOSITES[sign], left, right, span))
            case Not(test=inner):
                return f"would have to be no longer {self._text(inner)}"
            case _:
                return f"would have to be {self._text(test)}"

    def _change(self, sign: str, left: Sum, right: Sum) -> str:
        limit = told(right, self.noun)
        figure = "" if _is_literal(right) else f" ({spoken_at(right, self.scope, self.place)})"
        return f"{self._measured(left)} would have to {_CHANGES[sign].format(f'{limit}{figure}')}"

    def _unknown(self, *sides: Sum) -> str:
        names = [told(each, self.noun) for each in sides if self._figure(each) is None]
        return f"{' and '.join(names)} would have to be known"

    def _figures(self, test: Test) -> tuple[float | None, float | None, Kind]:
        if not isinstance(test, Compare) or (kind := kind_of(test.left)) is Kind.TEXT:
            return None, None, Kind.NUMBER
        left, right = (self._figure(side) for side in (test.left, test.right))
        return float(left) if left is not None else None, float(right) if right is not None else None, kind

    def _figure(self, of: Sum) -> float | str | None:
        """The value of a sum, None where it is unknown."""
        figure: float | str | None = self._at(value(of, self.scope))
        return figure if figure is None or isinstance(figure, str) or not np.isnan(figure) else None

    def _measured(self, of: Sum) -> str:
        """`cpu 71%`, and a literal as it is written."""
        words = told(of, self.noun)
        return words if _is_literal(of) else f"{words} {spoken_at(of, self.scope, self.place)}"

    def _at(self, column: Column) -> Any:
        """The value here; what is one for all is the same everywhere."""
        return column[self.place] if column.ndim else column[()]

    def _owned(self, owner: str | None) -> str:
        return "" if owner in {self.noun, None} else f"{owner} "


def _is_literal(of: Sum) -> bool:
    return isinstance(of, Amount | Text)
