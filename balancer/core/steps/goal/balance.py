"""The goal `balance`: every host within so much of the farm's mean, by few moves.

Rule: nothing is done while all hosts are inside. Where some are outside and nothing helps, it is told what stands
against it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from balancer.core.drafting.draft import Draft, departures, find_target, note_vms, take
from balancer.core.drafting.sieve import Sieve
from balancer.core.figures.projection import Floats, Projection
from balancer.core.observation import DIGITS
from balancer.core.steps.goal.scales import Scales
from balancer.core.steps.goal.search import WORTH, Search, has_room
from balancer.core.walls.wall import Barred
from balancer.core.wording import spoken
from dsl.evaluation import Column
from dsl.syntax import Balance

TOLD: Final = 3
"""VMs of the host furthest above for which it is told why they stay, where nothing can be done."""


def balance(draft: Draft, goal: Balance) -> None:
    """Plan the moves that bring the farm nearest to its goal."""
    scales = Scales.of(draft, goal)
    levels = scales.levels(draft.projection)
    if not scales.outside(levels).any():
        return
    best = Search(draft, scales).best()
    for vm, target in best.hops:
        take(draft, scales.step, vm, target, _reasons(draft.projection, scales, vm, target))
    if not best.hops:
        _tell(draft, scales, levels)


def off_mean(projection: Projection, scales: Scales, host: int) -> str:
    """How far a host is from the farm's mean."""
    goal, kind, level = scales.goal, scales.goal.within.kind, float(scales.levels(projection)[host])
    side, off = "above" if level > scales.mean else "below", spoken(abs(level - scales.mean), kind)
    return (
        f"{projection.names['host'][host]} {goal.signal} {spoken(level, kind)} is {off} {side} the farm's mean "
        f"{spoken(scales.mean, kind)}, wanted is {goal.within.text}"
    )


def _reasons(projection: Projection, scales: Scales, vm: int, target: int) -> tuple[str, dict[str, float]]:
    """Why this move, and the figures behind it."""
    goal, kind = scales.goal, scales.goal.within.kind
    source, hosts = int(projection.where[vm]), projection.names["host"]
    levels = scales.levels(projection)
    after = float(levels[target] + scales.weights(projection)[vm] / scales.sizes[target])
    furthest = max((source, target), key=lambda host: abs(levels[host] - scales.mean))
    why = f"{off_mean(projection, scales, furthest)}; {hosts[target]} has {spoken(after, kind)} afterwards"
    figures = {"source": float(levels[source]), "target": float(levels[target]), "after": after, "mean": scales.mean}
    return why, {f"{owner}.{goal.signal}": figure for owner, figure in figures.items()}


def _tell(draft: Draft, scales: Scales, levels: Floats) -> None:
    """What stands against moving the largest VMs of the host that is furthest above."""
    host = int(np.argmax(np.where(scales.partakes, levels, -np.inf)))
    vms = np.flatnonzero(draft.projection.where == host)
    weights = np.nan_to_num(scales.weights(draft.projection)[vms])
    for vm in vms[np.argsort(-weights, kind="stable")][:TOLD]:
        stays = departures(draft, scales.step, np.array([vm]))
        note_vms(draft, scales.step, np.array([vm]), stays)
        if stays.open.all():
            find_target(draft, scales.step, int(vm), Nearer(scales))


@dataclass(frozen=True, slots=True)
class Nearer:
    """The targets of one move alone: there is room, and it brings the farm near enough to be worth it."""

    scales: Scales

    def choose(self, draft: Draft, sieve: Sieve, vm: int) -> list[Column]:
        """Bar what gains too little, and rank the rest by what it gains."""
        goal, vms, hosts = self.scales.goal, np.array([vm]), np.flatnonzero(self.scales.partakes)
        gain, nearer = (np.full(len(sieve.open), np.nan) for _ in range(2))
        effects = self.scales.effects(draft.projection, vms, hosts)
        gain[hosts], nearer[hosts] = effects.gain[0], -effects.change[0]
        worth, kind, line = WORTH * goal.within.value, goal.within.kind, goal.span.line
        room = has_room(draft.projection, vms, np.arange(len(sieve.open)))[0]
        sieve.bar([Barred(np.isnan(nearer), "unknown"), Barred(~room, "full")])
        if goal.gaining is not None:
            least = np.asarray(goal.gaining.value)
            too_little = np.round(gain - least, DIGITS) < 0
            sieve.bar([Barred(too_little, "gains too little", line, value=gain, limit=least, kind=kind)])
        comes_no_nearer = np.round(nearer - worth, DIGITS) <= 0
        limit = np.asarray(worth)
        sieve.bar([Barred(comes_no_nearer, "gains too little", line, value=nearer, limit=limit, kind=kind)])
        return [-nearer]
