"""The statement `drain`: leave these hosts.

Rule: its VMs go where there is most room, the largest first, so that the small fill the gaps; what hangs together goes
as one, and last.
"""

from collections.abc import Collection

import numpy as np

from balancer.core.draft import Draft, Step, departures, note_vms, on_host
from balancer.core.groups import BONDS, bound, find, take_way
from balancer.core.projection import Places
from balancer.core.room import Fullest, least_full
from dsl.syntax import Drain


def empty(draft: Draft) -> None:
    """Move what can be moved off the drained hosts."""
    for drain in draft.rules.drains:
        _empty(draft, drain)


def _empty(draft: Draft, drain: Drain) -> None:
    drained = draft.sets.members(drain.hosts).true
    step = Step("drains", "drain", drain.span.line)
    for host in np.flatnonzero(drained):
        vms = on_host(draft.projection, int(host))
        _empty_host(draft, step, vms[np.lexsort([-draft.projection.memory[vms]])])


def _empty_host(draft: Draft, step: Step, vms: Places) -> None:
    """Send these VMs of one host away in their order; groups wait until those have gone that need nobody."""
    source, groups = draft.projection.where[vms[:1]], []
    free = frozenset(vms[departures(draft, step, vms, BONDS).open].tolist())
    for vm in vms.tolist():
        if vm in free and bound(draft, step, Fullest(), vm).bonds:
            groups.append(vm)
        else:
            _send(draft, step, vm, free)
    for vm in groups:
        if draft.projection.where[vm] == source:
            _send(draft, step, vm, free)


def _send(draft: Draft, step: Step, vm: int, free: Collection[int]) -> None:
    if vm not in free:
        note_vms(draft, step, np.array([vm]), departures(draft, step, np.array([vm]), BONDS))
        return
    way = find(draft, step, Fullest(), vm, free)
    if way is not None:
        source = draft.projection.names["host"][draft.projection.where[vm]]
        take_way(draft, step, way, (f"{source} is drained; {least_full(draft, step, way.vms, way.target)}", {}))
