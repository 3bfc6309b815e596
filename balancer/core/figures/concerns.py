"""Which of many walls or wishes speak of a VM at all: a file of a thousand shall cost each VM only its own few.

Rule: the order stays that of the file.
"""

from collections.abc import Iterable, Iterator
from copy import copy
from typing import Generic, Protocol, TypeVar

import numpy as np

from balancer.core.figures.projection import Places
from dsl.evaluation import Flags


class Concern(Protocol):
    """What speaks of some VMs."""

    @property
    def concerns(self) -> Flags | None:
        """Of which; None: of all."""
        ...


Each = TypeVar("Each", bound=Concern)


class Concerns(Generic[Each]):
    """All of them in their order, and those that speak of some VMs."""

    def __init__(self, each: Iterable[Each], vms: int) -> None:
        self._each = tuple(each)
        flags = np.ones((len(self._each), vms), dtype=bool)
        for row, one in enumerate(self._each):
            if one.concerns is not None:
                flags[row] = one.concerns
        self._by_vm = flags.T
        self._rows = np.ones(len(self._each), dtype=bool)

    def without(self, others: Iterable[Each]) -> "Concerns[Each]":
        """The same but for these."""
        left_out = {id(other) for other in others}
        rows = [id(each) not in left_out for each in self._each]
        return self._with(self._each, self._rows & np.array(rows, dtype=bool))

    def exchanged(self, old: Each, new: Each) -> "Concerns[Each]":
        """The same with one in the place of another that concerns the same VMs."""
        return self._with(tuple(new if each is old else each for each in self._each), self._rows)

    def _with(self, each: tuple[Each, ...], rows: Flags) -> "Concerns[Each]":
        other = copy(self)
        vars(other).update(_each=each, _rows=rows)
        return other

    def __iter__(self) -> Iterator[Each]:
        return (self._each[row] for row in np.flatnonzero(self._rows))

    def any_of(self, vm: int) -> bool:
        """Whether any speaks of this VM."""
        return bool(self._by_vm[vm].any())

    def of(self, vm: int) -> Iterator[Each]:
        """Those that speak of this VM."""
        return (self._each[row] for row in np.flatnonzero(self._by_vm[vm] & self._rows))

    def of_any(self, vms: Places) -> Iterator[Each]:
        """Those that speak of any of these VMs."""
        return (self._each[row] for row in np.flatnonzero(self._by_vm[vms].any(axis=0) & self._rows))
