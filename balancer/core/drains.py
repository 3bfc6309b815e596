"""The statement `drain`: leave these hosts.

Rule: its VMs go where there is most room, the largest first, so that the small fill the gaps; what hangs together goes
as one, and last.
"""

from collections.abc import Collection

import numpy as np

from balancer.core.draft import Draft, Step, departures, note_vms, on_host
from balancer.core.groups import Errand, hangs, send, unbound
from balancer.core.projection import Places
from balancer.core.room import Fullest, least_full
from dsl.syntax import Drain


def empty(draft: Draft) -> None:
    """Move what can be moved off the drained hosts, the largest first, so that the small fill the gaps."""
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
    stay = departures(unbound(draft), step, vms)
    free = frozenset(vms[stay.open].tolist())
    for vm in vms.tolist():
        if vm in free and hangs(draft, step, Fullest(), vm) is not None:
            groups.append(vm)
        else:
            _send(draft, step, vm, free)
    for vm in groups:
        if draft.projection.where[vm] == source:
            _send(draft, step, vm, free)


def _send(draft: Draft, step: Step, vm: int, free: Collection[int]) -> None:
    if vm in free:
        send(draft, Errand(step, Fullest(), lambda vm, target: _reasons(draft, vm, target)), vm, free)
    else:
        note_vms(draft, step, np.array([vm]), departures(unbound(draft), step, np.array([vm])))


def _reasons(draft: Draft, vm: int, target: int) -> tuple[str, dict[str, float]]:
    source = draft.projection.names["host"][draft.projection.where[vm]]
    return f"{source} is drained; {least_full(draft, vm, target)}", {}
