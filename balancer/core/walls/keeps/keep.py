"""What every `keep` can say: whom it speaks of, and how far the farm is from what it wants.

Rule: counted by where each VM is, or is bound for.
"""

from abc import ABC, abstractmethod
from functools import reduce

import numpy as np

from balancer.core.figures.projection import Floats, Places, Projection
from balancer.core.walls.wall import Mendable
from dsl.evaluation import Flags


class KeepWall(Mendable, ABC):
    """A wall about neighbourhood, which may stand broken before anything moves."""

    __slots__ = ()

    rule = "keep"

    @property
    @abstractmethod
    def sides(self) -> tuple[Flags, ...]:
        """The sets of VMs that it speaks of, each with a part of its own."""

    @property
    def concerns(self) -> Flags:
        """The VMs of any side."""
        first, *others = self.sides
        return reduce(np.logical_or, others, first)

    @abstractmethod
    def strays(self, projection: Projection) -> int:
        """How far from what the statement wants: VMs where they should not be, or pairs that should not."""

    @abstractmethod
    def swing(self, projection: Projection, vm: int) -> Floats:
        """How many strays more, or fewer, there would be with this VM on each host."""


def standing(projection: Projection, vms: Flags) -> Floats:
    """How many of these VMs are on each host, those under way where they are bound for."""
    return spread(projection, projection.bound, vms)


def spread(projection: Projection, where: Places, vms: Flags) -> Floats:
    """How many of these VMs are on each host, each VM being on `where`."""
    return np.bincount(where[vms], minlength=len(projection.cores)).astype(float)
