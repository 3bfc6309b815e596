"""The goal `balance`: every host within so much of the farm's mean, by few moves.

Rule: nothing is done while all hosts are inside. Where some are outside and nothing helps, it is told what stands
against it.
"""

from typing import Final

import numpy as np

from balancer.core.draft import Draft, find_target, take
from balancer.core.goal.scales import Scales
from balancer.core.goal.search import Search
from balancer.core.projection import Floats, Projection
from balancer.core.sieve import Sieve
from balancer.core.walls import Barred
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


def _reasons(projection: Projection, scales: Scales, vm: int, target: int) -> tuple[str, dict[str, float]]:
    """Why this move, and the figures behind it."""
    goal, kind = scales.goal, scales.goal.within.kind
    source, hosts = int(projection.where[vm]), projection.names["host"]
    levels = scales.levels(projection)
    after = float(levels[target] + scales.weights(projection)[vm] / scales.sizes[target])
    furthest = max((source, target), key=lambda host: abs(levels[host] - scales.mean))
    side = "above" if levels[furthest] > scales.mean else "below"
    off = spoken(abs(levels[furthest] - scales.mean), kind)
    why = (
        f"{hosts[furthest]} {goal.signal} {spoken(levels[furthest], kind)} is {off} {side} the farm's mean "
        f"{spoken(scales.mean, kind)}, wanted is {goal.within.text}; "
        f"{hosts[target]} has {spoken(after, kind)} afterwards"
    )
    figures = {"source": float(levels[source]), "target": float(levels[target]), "after": after, "mean": scales.mean}
    return why, {f"{owner}.{goal.signal}": figure for owner, figure in figures.items()}


def _tell(draft: Draft, scales: Scales, levels: Floats) -> None:
    """What stands against moving the largest VMs of the host that is furthest above."""
    host = int(np.argmax(np.where(scales.partakes, levels, -np.inf)))
    vms = np.flatnonzero(draft.projection.where == host)
    weights = np.nan_to_num(scales.weights(draft.projection)[vms])
    for vm in vms[np.argsort(-weights, kind="stable")][:TOLD]:
        find_target(draft, scales.step, int(vm), _Gainless())


class _Gainless:
    """Targets of a move that brings the farm no nearer: all that no wall bars."""

    def choose(self, _draft: Draft, sieve: Sieve, _vm: int) -> list[Column]:
        """Bar what is left."""
        sieve.bar([Barred(np.ones_like(sieve.open), "gains too little")])
        return []
