"""The step `preferences`: moves for the sake of a `prefer`, of what it costs that it is not so.

Rule: each move lowers the total cost, the one that lowers it most first, to where there is most room of equals. None
takes a VM to where a rule would act: what a rule eases, no preference loads.
"""

from collections.abc import Sequence
from math import inf
from typing import Final

import numpy as np

from balancer.core.drafting.draft import Draft, Step, departures
from balancer.core.drafting.groups import BONDS, Way, bound, find, party, price, take_way
from balancer.core.drafting.room import Fullest, least_full
from balancer.core.drafting.sieve import Sieve, even
from balancer.core.drafting.wishes import Preference
from balancer.core.figures.projection import Floats
from balancer.core.figures.scope import ClauseScope, of_hosts, of_hosts_after
from balancer.core.walls.journeys import is_settled
from balancer.core.walls.wall import Barred
from balancer.core.wording import compared
from dsl.evaluation import Column, Flags, conjuncts, leaves, truth
from dsl.syntax import Over, Rule, Test

PLANNED: Final = 20
"""Moves that one plan makes for the sake of preferences; what is left comes in later rounds."""

COMPARED: Final = 8
"""VMs of which, where they lower the cost alike, the one with most room to go to is taken."""


def prefer(draft: Draft) -> None:
    """Lower the total cost as long as a move does."""
    before, hopes, calm = len(draft.moves), Hopes(draft), Calm()
    while len(draft.moves) - before < PLANNED:
        found = _best(draft, hopes, calm)
        if found is None:
            return
        wish, way = found
        gain = -price(draft, step_of(wish), way)
        room = least_full(draft, step_of(wish), way.vms, way.target)
        why = f"{wish.text} is not so; this lowers the cost by {gain:g}; {room}"
        take_way(draft, step_of(wish), way, (why, {}))
        hopes.forget(way.vms)


class Hopes:
    """Whose moves may bring what is preferred nearer; what no move of the plan has touched is not worked out again."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._preferences = [wish for wish in draft.wishes if isinstance(wish, Preference)]
        self._fleeting = [wish for wish in draft.wishes if wish.is_fleeting]
        self._menders: dict[int, list[int]] = {}
        self._prices: dict[int, Floats] = {}
        self._floors: dict[int, float] = {}

    def promising(self) -> list[tuple[float, int, Preference]]:
        """VMs with the most that moving each alone may save, as a price, and for whose sake; the cheapest first."""
        found: dict[int, tuple[float, int, Preference]] = {}
        for wish in self._preferences:
            for vm in self._menders_of(wish):
                floor = self._floor(wish, vm)
                if floor < 0:
                    found.setdefault(vm, (floor, vm, wish))
        return sorted(found.values(), key=lambda each: each[:2])

    def prices(self, vm: int) -> Floats:
        """What moving this promising VM to each host costs in all."""
        return self._prices[vm]

    def _floor(self, wish: Preference, vm: int) -> float:
        if vm not in self._floors:
            self._prices[vm] = self._draft.price(step_of(wish), vm)
            self._floors[vm] = float(self._prices[vm].min())
        return self._floors[vm]

    def _menders_of(self, wish: Preference) -> list[int]:
        if id(wish) not in self._menders:
            self._menders[id(wish)] = np.flatnonzero(wish.keep.menders(self._draft.projection)).tolist()
        return self._menders[id(wish)]

    def forget(self, moved: Sequence[int]) -> None:
        """What these VMs' moves have changed: the wishes that speak of them, and the prices of all who share one."""
        touched = [*self._draft.wishes.of_any(np.array(moved)), *self._fleeting]
        for wish in touched:
            self._menders.pop(id(wish), None)
        stale = np.flatnonzero(np.any([wish.concerns for wish in touched], axis=0))
        for vm in self._floors.keys() & set(stale.tolist()):
            del self._floors[vm]


Rank = tuple[float, float, int]
"""What a way costs, how full its target is afterwards, and the VM: less is better."""


def _best(draft: Draft, hopes: Hopes, calm: "Calm") -> tuple[Preference, Way] | None:
    """The way that lowers the cost most, of equals to where there is most room; with what it is for."""
    best: tuple[Rank, Preference, Way] | None = None
    for number, (floor, vm, wish) in enumerate(hopes.promising()):
        if best is not None:
            if floor > best[0][0] or (floor == best[0][0] and number >= COMPARED):
                break
            if _is_beaten(draft, best[0], vm, hopes.prices(vm)):
                continue
        way = _way(draft, step_of(wish), calm, vm)
        if way is None:
            continue
        rank = (price(draft, step_of(wish), way), _fullness(draft, vm)[way.target], vm)
        if rank[0] < 0 and (best is None or rank < best[0]):
            best = rank, wish, way
    return None if best is None else best[1:]


def _is_beaten(draft: Draft, best: Rank, vm: int, prices: Floats) -> bool:
    """Whether a VM that goes alone can find no better way wherever it goes: nobody need ask where it may."""
    if (prices < best[0]).any() or party(draft, vm).bonds:
        return False
    roomiest = float(_fullness(draft, vm)[prices == best[0]].min(initial=inf))
    return (best[0], roomiest, vm) > best


def _fullness(draft: Draft, vm: int) -> Floats:
    """The greater share of each host once the VM is there, without the noise of sums."""
    return np.asarray(even(Fullest.of(draft, vm)), dtype=float)


def _way(draft: Draft, step: Step, calm: "Calm", vm: int) -> Way | None:
    """Where the VM may go, alone or with its party."""
    lot = bound(draft, step, calm, vm)
    vms = np.array(lot.vms)
    free = vms[departures(draft, step, vms, BONDS).open].tolist()
    return find(draft, step, calm, vm, free) if vm in free else None


def step_of(wish: Preference) -> Step:
    """Who wants the moves for its sake."""
    return Step("preferences", "prefer", wish.line)


class Calm(Fullest):
    """Where there is most room, and no rule would act with the VM there; it is for one draft."""

    def __init__(self) -> None:
        self._rules: list[tuple[Rule, Flags, Sequence[Test]]] = []

    def choose(self, draft: Draft, sieve: Sieve, vm: int) -> list[Column]:
        """Bar what would be in trouble as well."""
        ranking = super().choose(draft, sieve, vm)
        self._rules = self._rules or [_split(rule, draft) for rule in draft.rules.rules]
        scope = of_hosts_after(draft.projection, draft.sets, vm)
        for rule, hosts, tests in self._rules:
            acting = _true(tests, scope, sieve.open & hosts)
            sieve.bar([Barred(acting, f"rule {rule.name} would act", rule.span.line)])
        return ranking


def _split(rule: Rule, draft: Draft) -> tuple[Rule, Flags, Sequence[Test]]:
    """On which hosts a rule may act at all, and what else it asks of them, which the next VM may change."""
    tests = conjuncts(rule.when.held)
    settled = [test for test in tests if is_settled(test)]
    everywhere = np.ones(len(draft.projection.cores), dtype=bool)
    hosts = _true(settled, of_hosts(draft.projection, draft.sets), everywhere)
    return rule, hosts, sorted((test for test in tests if test not in settled), key=_looks_back)


def _looks_back(test: Test) -> bool:
    """Whether it asks what reports come to over time, which takes longest."""
    return any(isinstance(leaf, Over) for side in compared(test) for leaf in leaves(side))


def _true(tests: Sequence[Test], scope: ClauseScope, hosts: Flags) -> Flags:
    """On which of these hosts all tests hold; once one holds on none of them, the rest is not asked."""
    for test in tests:
        if not np.count_nonzero(hosts):
            break
        hosts = hosts & truth(test, scope).true
    return hosts
