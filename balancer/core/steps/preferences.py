"""The step `preferences`: moves for the sake of a `prefer`, of what it costs that it is not so.

Rule: each move lowers the total cost, the one that lowers it most first, to where there is most room of equals. None
takes a VM to where a rule would act: what a rule eases, no preference loads.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from balancer.core.drafting.draft import Draft, Step, departures
from balancer.core.drafting.groups import BONDS, Way, bound, find, price, take_way
from balancer.core.drafting.room import Fullest, least_full
from balancer.core.drafting.sieve import Sieve
from balancer.core.drafting.wishes import Preference
from balancer.core.figures.scope import ClauseScope, of_hosts_after
from balancer.core.walls.wall import Barred
from dsl.evaluation import Column, Flags, conjuncts, truth
from dsl.syntax import Rule

PLANNED: Final = 20
"""Moves that one plan makes for the sake of preferences; what is left comes in later rounds."""

COMPARED: Final = 8
"""VMs of which, where they lower the cost alike, the one with most room to go to is taken."""


def prefer(draft: Draft) -> None:
    """Lower the total cost as long as a move does."""
    before = len(draft.moves)
    while len(draft.moves) - before < PLANNED:
        found = _best(draft)
        if found is None:
            return
        wish, way = found
        gain = -price(draft, step_of(wish), way)
        room = least_full(draft, step_of(wish), way.vms, way.target)
        why = f"{wish.text} is not so; this lowers the cost by {gain:g}; {room}"
        take_way(draft, step_of(wish), way, (why, {}))


def _best(draft: Draft) -> tuple[Preference, Way] | None:
    """The way that lowers the cost most, of equals to where there is most room; with what it is for."""
    best: tuple[tuple[float, float, int], Preference, Way] | None = None
    for number, (floor, vm, wish) in enumerate(sorted(_promising(draft), key=lambda each: each[:2])):
        if best is not None and (floor > best[0][0] or (floor == best[0][0] and number >= COMPARED)):
            break
        way = _way(draft, step_of(wish), vm)
        if way is None:
            continue
        rank = (price(draft, step_of(wish), way), round(float(Fullest.of(draft, vm)[way.target]), 9), vm)
        if rank[0] < 0 and (best is None or rank < best[0]):
            best = rank, wish, way
    return None if best is None else best[1:]


def _promising(draft: Draft) -> Iterator[tuple[float, int, Preference]]:
    """VMs that may bring what is preferred nearer, each with the most that moving it alone may save, as a price."""
    seen: set[int] = set()
    for wish in draft.wishes:
        if isinstance(wish, Preference):
            for vm in np.flatnonzero(wish.keep.menders(draft.projection)).tolist():
                floor = float(draft.price(step_of(wish), vm).min())
                if vm not in seen and floor < 0:
                    seen.add(vm)
                    yield floor, vm, wish


def _way(draft: Draft, step: Step, vm: int) -> Way | None:
    """Where the VM may go, alone or with its party."""
    lot = bound(draft, step, Calm(), vm)
    vms = np.array(lot.vms)
    free = vms[departures(draft, step, vms, BONDS).open].tolist()
    return find(draft, step, Calm(), vm, free) if vm in free else None


def step_of(wish: Preference) -> Step:
    """Who wants the moves for its sake."""
    return Step("preferences", "prefer", wish.line)


class Calm(Fullest):
    """Where there is most room, and no rule would act with the VM there."""

    def choose(self, draft: Draft, sieve: Sieve, vm: int) -> list[Column]:
        """Bar what would be in trouble as well."""
        ranking = super().choose(draft, sieve, vm)
        scope = of_hosts_after(draft.projection, draft.sets, vm)
        for rule in draft.rules.rules:
            sieve.bar([Barred(_acting(rule, scope, sieve.open), f"rule {rule.name} would act", rule.span.line)])
        return ranking


def _acting(rule: Rule, scope: ClauseScope, hosts: Flags) -> Flags:
    """On which of these hosts a rule would act; the rest of its test is not asked once it holds on none."""
    for test in conjuncts(rule.when.held):
        hosts = hosts & truth(test, scope).true
        if not hosts.any():
            break
    return hosts
