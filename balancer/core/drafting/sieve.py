"""One choice among candidates: what bars them one after the other, who is left, and in which order.

Rule: each refused candidate has exactly one reason, the first that met it. Ties are broken by place, that is by name.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from balancer.core.figures.projection import Places
from balancer.core.observation import DIGITS
from balancer.core.walls.wall import Barred
from balancer.core.wording import kind_of
from dsl.evaluation import Column, Flags, Scope, conjuncts, truth, value
from dsl.syntax import Compare, Gate, Key, Sum, Test


class Sieve:
    """Candidates in places 0 to count; barriers are laid over them, the first that bars one is its reason."""

    def __init__(self, open_: Flags) -> None:
        self.open = open_.copy()
        self.refused: list[Barred] = []

    def bar(self, barriers: Iterable[Barred]) -> None:
        """Lay barriers over what is still open."""
        for barred in barriers:
            flags = self.open & barred.flags
            if np.count_nonzero(flags):
                self.refused.append(replace(barred, flags=flags))
                self.open &= ~flags

    def gates(self, gates: Sequence[Gate], scope: Scope) -> None:
        """Lay the author's gates: a test that is not true bars under its label, one without answer as unknown."""
        for gate in gates:
            for test in conjuncts(gate.test):
                self.bar(_gate(gate, test, scope, self.open.shape))

    def order(self, keys: Sequence[Column]) -> Places:
        """The places still open, best first; an unknown key sorts last, and the noise of sums decides nothing."""
        places = np.flatnonzero(self.open)
        if not keys:
            return places
        columns = [even(np.broadcast_to(key, self.open.shape)[places]) for key in reversed(keys)]
        return places[np.lexsort(columns)]

    def tally(self) -> Counter[str]:
        """How many were refused for each reason."""
        counted: Counter[str] = Counter()
        for barred in self.refused:
            counted[barred.reason] += int(barred.flags.sum())
        return counted


class Ledger(Sieve):
    """A sieve that goes on asking: who is refused keeps every reason, in the order in which they were met."""

    def __init__(self, open_: Flags) -> None:
        super().__init__(open_)
        self._asked = open_.copy()

    def bar(self, barriers: Iterable[Barred]) -> None:
        """Lay barriers over all."""
        for barred in barriers:
            flags = self._asked & barred.flags
            if np.count_nonzero(flags):
                self.refused.append(replace(barred, flags=flags))
                self.open &= ~flags

    def reasons(self, place: int) -> list[Barred]:
        """All that bars the candidate at that place, in the order met; what several say alike once."""
        found: dict[tuple[str, int | None], Barred] = {}
        for barred in self.refused:
            if barred.flags[place]:
                found.setdefault((barred.reason, barred.line), barred)
        return list(found.values())


def even(column: Column) -> Column:
    """The same figures without the noise of sums: what is equal shall compare so."""
    return np.round(column, DIGITS)


def keys(by: Sequence[Key], scope: Scope) -> list[Column]:
    """The columns of `by most/least …`, each so that less is better."""
    return [value(key.of, scope) * (-1.0 if key.direction == "most" else 1.0) for key in by]


def _gate(gate: Gate, test: Test, scope: Scope, shape: tuple[int, ...]) -> Iterable[Barred]:
    result = truth(test, scope)
    barred = Barred(np.broadcast_to(result.false, shape), gate.label, gate.span.line)
    if isinstance(test, Compare):
        left, right = _side(test.left, scope, shape), _side(test.right, scope, shape)
        barred = replace(barred, value=left, limit=right, kind=kind_of(test.left))
    yield barred
    yield Barred(np.broadcast_to(result.unknown, shape), "unknown", gate.span.line)


def _side(side: Sum, scope: Scope, shape: tuple[int, ...]) -> Column:
    return np.broadcast_to(value(side, scope), shape)
