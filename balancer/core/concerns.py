"""Which of many walls or wishes speak of a VM at all: a file of a thousand shall cost each VM only its own few.

Rule: the order stays that of the file.
"""

from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

import numpy as np

from balancer.core.projection import Places
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
        self._by_vm = np.ascontiguousarray(flags.T)

    def __iter__(self) -> Iterator[Each]:
        return iter(self._each)

    def any_of(self, vm: int) -> bool:
        """Whether any speaks of this VM."""
        return bool(self._by_vm[vm].any())

    def of(self, vm: int) -> Iterator[Each]:
        """Those that speak of this VM."""
        return (self._each[row] for row in np.flatnonzero(self._by_vm[vm]))

    def of_any(self, vms: Places) -> Iterator[Each]:
        """Those that speak of any of these VMs."""
        return (self._each[row] for row in np.flatnonzero(self._by_vm[vms].any(axis=0)))
