"""The statement `reserve`: room for the VMs of hosts that may be lost.

Rule: lost are the hosts whose VMs hold most memory. Their VMs, the largest first, are put where they
leave least free, on hosts that take VMs at all; what finds no room is the shortfall. No move makes it greater. A VM
under way counts at both ends; a silent host neither is lost nor gives room.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from balancer.core.figures.projection import Floats, Places, Projection
from balancer.core.walls.wall import Barred, Mendable
from dsl.evaluation import Flags
from dsl.syntax import Kind


@dataclass(frozen=True, slots=True)
class ReserveWall(Mendable):
    """`reserve memory for N lost hosts`. Where there is plenty it is not reckoned out for each target."""

    lost: int
    takes: Flags
    text: str
    line: int

    rule = "reserve"

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """Hosts on which it would leave more VMs without room than there are now."""
        memory = projection.memory[vm]
        if self._has_plenty(projection, memory):
            return
        now = self.shortfall(projection)
        later = np.full(len(projection.cores), now)
        farm = _Memory.of(projection)
        for target in np.flatnonzero(projection.free >= memory):
            if target != projection.where[vm]:
                later[target] = self._shortfall(farm.with_move(projection, vm, int(target)))
        yield Barred(later > now, self.text, self.line, value=later, limit=np.asarray(now), kind=Kind.SIZE)

    def is_tight(self, projection: Projection, memory: float) -> bool:
        """Unless there is plenty."""
        return not self._has_plenty(projection, memory)

    def strays(self, projection: Projection) -> float:
        """The shortfall; what it will be is seen once nothing is under way."""
        return 0.0 if projection.arrivals else self.shortfall(projection)

    def against(self, projection: Projection) -> Flags:
        """Those of the hosts that would be lost."""
        is_short = self.strays(projection) > 0
        return np.isin(projection.where, self._lost(_Memory.of(projection))) & is_short

    def shortfall(self, projection: Projection) -> float:
        """Memory of the VMs that would find no room, MiB."""
        return self._shortfall(_Memory.of(projection))

    def _shortfall(self, farm: "_Memory") -> float:
        lost = self._lost(farm)
        stays = self.takes.copy()
        stays[lost] = False
        is_lost = np.isin(farm.homes, lost)
        sizes = np.sort(farm.sizes[np.unique(farm.vms[is_lost])])[::-1]
        return _left_over(sizes.tolist(), farm.free[stays].tolist())

    def _lost(self, farm: "_Memory") -> Places:
        """The hosts whose VMs hold most."""
        return np.argsort(-farm.held, kind="stable")[: self.lost]

    def _has_plenty(self, projection: Projection, memory: float) -> bool:
        """Whether all fits however moves of so much memory, and who is lost, turn out.

        A VM finds no room only where every host has less than its size; so what hosts have beyond the largest size is
        filled before one is left over.
        """
        if not projection.memory.size:
            return True
        beyond = np.sort(np.maximum(0.0, projection.free[self.takes] - projection.memory.max()))[::-1]
        held = np.sort(_Memory.of(projection).held)[::-1][: self.lost]
        return bool(beyond[self.lost :].sum() - memory >= held.sum() + memory)


@dataclass(frozen=True, slots=True)
class _Memory:
    """What is free and what VMs hold on each host; each VM's size; and who is where, at both ends if under way."""

    free: Floats
    held: Floats
    sizes: Floats
    vms: Places
    homes: Places

    @classmethod
    def of(cls, projection: Projection) -> "_Memory":
        """As projected."""
        arrivals = np.array(projection.arrivals, dtype=np.intp).reshape(-1, 2)
        vms = np.concatenate([np.arange(len(projection.where)), arrivals[:, 0]])
        homes = np.concatenate([projection.where, arrivals[:, 1]])
        held = np.bincount(homes, weights=projection.memory[vms], minlength=len(projection.cores)).astype(float)
        return cls(projection.free, held, projection.memory, vms, homes)

    def with_move(self, projection: Projection, vm: int, target: int) -> "_Memory":
        """Once this VM has arrived there."""
        free, held, homes = self.free.copy(), self.held.copy(), self.homes.copy()
        source, memory = projection.where[vm], projection.memory[vm]
        free[[source, target]] += memory, -memory
        held[[source, target]] += -memory, memory
        homes[vm] = target
        return _Memory(free, held, self.sizes, self.vms, homes)


def _left_over(sizes: list[float], free: list[float]) -> float:
    """What of these sizes finds no room, each put where it leaves least free."""
    room = sorted(free)
    left = 0.0
    for size in sizes:
        place = bisect_left(room, size)
        if place == len(room):
            left += size
        else:
            insort(room, room.pop(place) - size)
    return left
