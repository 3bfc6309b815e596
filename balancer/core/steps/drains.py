"""The statement `drain`, and the operators' word for the same: leave these hosts.

Rule: its VMs go where there is most room, the largest first, so that the small fill the gaps; what hangs together goes
as one, and last.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from balancer.core.drafting.draft import Draft, Step, departures, note_vms, on_host
from balancer.core.drafting.groups import BONDS, bound, find, take_way
from balancer.core.drafting.room import Fullest, least_full
from balancer.core.figures.projection import Places
from balancer.core.figures.scope import Sets
from balancer.core.model import State
from dsl.evaluation import Flags
from dsl.ruleset import Ruleset


@dataclass(frozen=True, slots=True)
class Drain:
    """Hosts to be left, and who wants that: a line of the rules, or an operator."""

    hosts: Flags
    line: int | None = None
    who: str | None = None


def drains(rules: Ruleset, sets: Sets, state: State) -> Iterator[Drain]:
    """What is to be emptied: by the rules, then by operators."""
    for statement in rules.drains:
        yield Drain(sets.members(statement.hosts).true, line=statement.span.line)
    for each in state.drained:
        yield Drain(sets.reported.names["host"] == each.host, who=each.who)


def empty(draft: Draft) -> None:
    """Move what can be moved off the drained hosts."""
    for drain in drains(draft.rules, draft.sets, draft.state):
        for host in np.flatnonzero(drain.hosts):
            vms = on_host(draft.projection, int(host))
            _empty_host(draft, drain, vms[np.lexsort([-draft.projection.memory[vms]])])


def _empty_host(draft: Draft, drain: Drain, vms: Places) -> None:
    """Send these VMs of one host away in their order; groups wait until those have gone that need nobody."""
    step = Step("drains", "drain", drain.line)
    source, groups = draft.projection.where[vms[:1]], []
    free = frozenset(vms[departures(draft, step, vms, BONDS).open].tolist())
    for vm in vms.tolist():
        if vm in free and bound(draft, step, Fullest(), vm).bonds:
            groups.append(vm)
        else:
            _send(draft, step, drain, vm, free)
    for vm in groups:
        if draft.projection.where[vm] == source:
            _send(draft, step, drain, vm, free)


def _send(draft: Draft, step: Step, drain: Drain, vm: int, free: Collection[int]) -> None:
    if vm not in free:
        note_vms(draft, step, np.array([vm]), departures(draft, step, np.array([vm]), BONDS))
        return
    way = find(draft, step, Fullest(), vm, free)
    if way is not None:
        source = draft.projection.names["host"][draft.projection.where[vm]]
        by = f" by {drain.who}" if drain.who else ""
        take_way(draft, step, way, (f"{source} is drained{by}; {least_full(draft, step, way.vms, way.target)}", {}))
