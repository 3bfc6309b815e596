"""A glance at who may mend broken keeps: where thousands may and hardly any can, most need not be looked at closely.

Rule: a VM is passed over only where figures prove that no move of it alone makes the keeps less broken. Alike are VMs
of one host, of one size, on the same sides of each keep: for all of them one reckoning does.
"""

from collections.abc import Iterator, Sequence
from functools import cache, partial

import numpy as np

from balancer.core.drafting.draft import Draft
from balancer.core.figures.projection import Floats, Places, Projection
from balancer.core.walls.keeps.beside import Beside, Together
from balancer.core.walls.keeps.keep import KeepWall, standing
from balancer.core.walls.wall import Mendable
from dsl.evaluation import Flags


def hopeful(draft: Draft, walls: Sequence[Mendable], vms: Places) -> Iterator[int]:
    """Those of these VMs that may make these walls less broken, in the same order."""
    keeps = [wall for wall in walls if isinstance(wall, KeepWall)]
    if len(keeps) < len(walls):
        yield from vms.tolist()
        return
    in_company = cache(partial(_in_company, draft))
    better: dict[tuple[int, float, bytes], Flags] = {}
    for vm, alike in zip(vms.tolist(), _alike(draft.projection, keeps, vms), strict=True):
        if alike not in better:
            better[alike] = np.sum([keep.swing(draft.projection, vm) for keep in keeps], axis=0) < 0
        if np.count_nonzero(better[alike] & _has_room(draft.projection, vm)) or in_company()[vm]:
            yield vm


def _alike(projection: Projection, keeps: Sequence[KeepWall], vms: Places) -> Iterator[tuple[int, float, bytes]]:
    """What makes VMs alike, for each of these."""
    sides = np.packbits([side[vms] for keep in keeps for side in keep.sides], axis=0).T
    yield from zip(projection.where[vms].tolist(), projection.memory[vms].tolist(), map(bytes, sides), strict=True)


def _in_company(draft: Draft) -> Flags:
    """The VMs that may have to go with others of their host."""
    projection = draft.projection
    flags = np.zeros(len(projection.where), dtype=bool)
    for wall in draft.walls:
        if isinstance(wall, Together) and not wall.strays(projection):
            flags |= wall.concerns
        elif isinstance(wall, Beside):
            both = (standing(projection, wall.members) > 0) & (standing(projection, wall.company) > 0)
            flags |= wall.concerns & both[projection.bound]
    return flags


def _has_room(projection: Projection, vm: int) -> Flags:
    """Where its memory fits, and never more than all of the CPUs."""
    fits: Flags = projection.free >= projection.memory[vm]
    shares: Floats = (projection.busy + projection.cpu[vm]) / projection.cores
    return fits & (shares <= 1.0)
