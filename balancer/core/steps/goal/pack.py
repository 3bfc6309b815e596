"""The goal `pack`: all VMs on as few hosts as can be, so that whole hosts are left empty.

Rule: a host is begun only if all of its VMs find a place elsewhere, on hosts that have VMs already; the emptiest first,
so that what was begun is finished. A plan has so many moves of it as the goal allows; the next rounds do the rest.
"""

from dataclasses import dataclass, replace

import numpy as np

from balancer.core.drafting.draft import Draft, Step, departures, find_target, note_vms, on_host, take
from balancer.core.drafting.sieve import Sieve
from balancer.core.figures.scope import of_targets
from balancer.core.walls.wall import Barred, Closed
from balancer.core.wording import spoken
from dsl.evaluation import Column, Flags
from dsl.syntax import Kind, Pack


@dataclass(frozen=True, slots=True)
class Place:
    """A VM and the host that it is to go to."""

    vm: int
    target: int


def pack(draft: Draft, goal: Pack) -> None:
    """Empty host after host, as far as the goal's moves go; one that has been begun is finished in later rounds."""
    step = Step("goal", "pack", goal.span.line)
    left = goal.at_most
    emptied = np.zeros(len(draft.projection.cores), dtype=bool)
    for host in in_order(draft):
        begun = left < goal.at_most
        if left == 0 or (begun and len(on_host(draft.projection, host)) > left):
            return
        emptied[host] = True
        places = _evacuated(draft, step, goal, emptied, host)
        if places is None:
            emptied[host] = False
            continue
        for place in places[:left]:
            take(draft, step, place.vm, place.target, _reasons(draft, host, place))
        left -= len(places[:left])


def in_order(draft: Draft) -> list[int]:
    """Hosts with VMs that could be emptied: those with the fewest first, then the least memory to move, then by name.

    Hosts that take nothing are emptied by whoever closed them, or not at all.
    """
    projection = draft.projection
    closed = np.zeros(len(projection.cores), dtype=bool)
    for wall in draft.walls:
        if isinstance(wall, Closed):
            closed |= wall.hosts
    memory = np.bincount(projection.where, weights=projection.memory, minlength=len(closed))
    order = np.lexsort([np.arange(len(closed)), np.round(memory, 6), projection.vms])
    return [int(host) for host in order if projection.vms[host] > 0 and not closed[host]]


def _evacuated(draft: Draft, step: Step, goal: Pack, emptied: Flags, host: int) -> list[Place] | None:
    """Where each VM of a host would go, the largest first; None where one of them stays."""
    trial = replace(draft, projection=draft.projection.copy(), moves=[])
    vms = on_host(trial.projection, host)
    sieve = departures(trial, step, vms)
    if not sieve.open.all():
        note_vms(draft, step, vms, sieve)
        return None
    places = []
    for vm in vms[np.lexsort([vms, -trial.projection.memory[vms]])]:
        if not departures(trial, step, np.array([vm])).open.all():
            return None
        target = find_target(trial, step, int(vm), Packed(goal, emptied))
        if target is None:
            return None
        trial.projection.move(int(vm), target)
        places.append(Place(int(vm), target))
    return places


@dataclass(frozen=True, slots=True)
class Packed:
    """The targets of packing: never an empty host nor one that is being emptied, the fullest that passes the gates."""

    goal: Pack
    emptied: Flags

    def choose(self, draft: Draft, sieve: Sieve, vm: int) -> list[Column]:
        """Lay the goal's gates and rank what is left."""
        sieve.bar([
            Barred(draft.projection.vms == 0, "empty", self.goal.span.line),
            Barred(self.emptied, "to be emptied", self.goal.span.line),
        ])  # fmt: skip
        scope = of_targets(draft.projection, draft.sets, vm)
        sieve.gates(self.goal.where, scope)
        cpu, memory = scope.value("after", "cpu"), scope.value("after", "memory")
        fullest = np.fmax(cpu, memory)
        sieve.bar([Barred(fullest > 1.0, "full", value=fullest, limit=np.ones_like(fullest), kind=Kind.SHARE)])
        return [-fullest]


def _reasons(draft: Draft, host: int, place: Place) -> tuple[str, dict[str, float]]:
    """Why this move, and the figures behind it."""
    projection = draft.projection
    hosts = projection.names["host"]
    left = int(projection.vms[host])
    scope = of_targets(projection, draft.sets, place.vm)
    after = {name: float(scope.value("after", name)[place.target]) for name in ("cpu", "memory")}
    why = (
        f"{hosts[host]} has {left} VM{'s' if left != 1 else ''} left and can be emptied; {hosts[place.target]} has cpu "
        f"{spoken(after['cpu'], Kind.SHARE)} and memory {spoken(after['memory'], Kind.SHARE)} afterwards"
    )
    return why, {f"after.{name}": figure for name, figure in after.items()}
