"""The fewest moves that mend some walls.

Rule: greedily first. Where that is not proven to be the fewest, or mends too little, a search goes deeper a move at a
time (iterative deepening, cut by how many moves are wanted at least); it may clear a place for a VM that finds none.
Within its budget it finds the fewest moves that mend the most; beyond it the best found so far counts. It always ends,
and the same farm gets the same answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from balancer.core.draft import Draft, Step, departures, weigh
from balancer.core.groups import Party, hangs, haven, unbound
from balancer.core.keeps import AtMost, KeepWall, On, Together
from balancer.core.projection import Places, Projection
from balancer.core.room import Fullest
from balancer.core.sieve import Sieve

BUDGET: Final = 2000
"""Hosts and moves that all searches of a round may try."""
TARGETS: Final = 8
"""Hosts that are tried for a VM, the least full first."""
SINGLY: Final = (AtMost, On, Together)
"""Walls of which no move brings more than one VM back."""
STEP: Final = Step("repairs", "keep", 0)


@dataclass(frozen=True, slots=True)
class Action:
    """A VM that goes to a host, or a party of them that hang together."""

    vms: tuple[int, ...]
    target: int
    lot: Party | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """Actions in their order, how many moves they are, and how many VMs stand against the walls afterwards."""

    strays: float
    moves: int = 0
    actions: tuple[Action, ...] = ()

    def and_then(self, action: Action, strays: float) -> "Repair":
        """The repair with one more action, after which so many VMs stand against the walls."""
        return Repair(strays, self.moves + len(action.vms), (*self.actions, action))

    def is_better(self, than: "Repair") -> bool:
        """It mends more, or as much by fewer moves."""
        return (self.strays, self.moves) < (than.strays, than.moves)


def fewest(draft: Draft, walls: Sequence[KeepWall], budget: int) -> Repair:
    """The repair of these walls; nothing of it is taken into the draft."""
    least = _least(draft.projection, walls)
    repair = _greedy(draft, walls)
    if not repair.strays and repair.moves <= least:
        return repair
    return _Search(walls, repair, budget).run(draft, least)


def in_order(projection: Projection, walls: Sequence[KeepWall]) -> Places:
    """The VMs that may mend these walls: those that may mend several, then the smallest, then by name."""
    counts = np.sum([wall.menders(projection) for wall in walls], axis=0)
    vms = np.flatnonzero(counts)
    return vms[np.lexsort([projection.memory[vms], -counts[vms]])]


def _greedy(draft: Draft, walls: Sequence[KeepWall]) -> Repair:
    """Whatever helps next, until nothing does."""
    repair = Repair(_strays(draft.projection, walls))
    while repair.strays:
        better = _helpful(draft, walls, repair)
        if better is None:
            break
        draft, repair = better
    return repair


def _helpful(draft: Draft, walls: Sequence[KeepWall], repair: Repair) -> tuple[Draft, Repair] | None:
    """The first action after which fewer VMs stand against the walls."""
    for vm in in_order(draft.projection, walls).tolist():
        for action in _actions(draft, vm)[0]:
            after = _after(draft, action)
            strays = _strays(after.projection, walls)
            if strays < repair.strays:
                return after, repair.and_then(action, strays)
    return None


class _Search:
    """Deeper by a move each time, as long as the budget lasts."""

    def __init__(self, walls: Sequence[KeepWall], best: Repair, budget: int) -> None:
        self._walls = walls
        self._best = best
        self._left = budget
        self._is_cut = True
        self._seen: dict[frozenset[tuple[int, int]], int] = {}

    def run(self, draft: Draft, limit: int) -> Repair:
        """The best repair found."""
        start = Repair(_strays(draft.projection, self._walls))
        while self._is_cut and self._left > 0 and (self._best.strays or limit < self._best.moves):
            self._is_cut = False
            self._seen.clear()
            self._deepen(draft, start, limit)
            limit += 1
        return self._best

    def _deepen(self, draft: Draft, so_far: Repair, limit: int) -> None:
        for action in self._candidates(draft, so_far, limit):
            if self._left <= 0:
                return
            self._left -= 1
            after = _after(draft, action)
            repair = so_far.and_then(action, _strays(after.projection, self._walls))
            if repair.is_better(self._best):
                self._best = repair
            if repair.strays and self._is_worth(after, repair, limit):
                self._deepen(after, repair, limit)

    def _is_worth(self, after: Draft, repair: Repair, limit: int) -> bool:
        """Whether there may be something better behind a repair, and it was not looked at yet."""
        if repair.moves + _least(after.projection, self._walls) > limit:
            self._is_cut = True
            return False
        made = frozenset((vm, action.target) for action in repair.actions for vm in action.vms)
        is_new = self._seen.get(made, limit + 1) > repair.moves
        if is_new:
            self._seen[made] = repair.moves
        return is_new

    def _candidates(self, draft: Draft, so_far: Repair, limit: int) -> Iterator[Action]:
        """What those may do that may mend; then, if there is a move to spare, those that are in their way."""
        menders = in_order(draft.projection, self._walls)
        in_the_way = np.zeros(len(draft.projection.cores), dtype=bool)
        for vm in menders.tolist():
            actions, full = self._looked(draft, vm)
            in_the_way |= full
            yield from actions
        if so_far.moves + 1 + _least(draft.projection, self._walls) > limit:
            self._is_cut |= bool(in_the_way.any())
            return
        others = np.flatnonzero(in_the_way[draft.projection.where])
        for vm in others[~np.isin(others, menders)].tolist():
            yield from self._looked(draft, vm)[0]

    def _looked(self, draft: Draft, vm: int) -> tuple[list[Action], Places]:
        if self._left <= 0:
            return [], np.zeros(len(draft.projection.cores), dtype=bool)
        self._left -= 1
        return _actions(draft, vm)


def _actions(draft: Draft, vm: int) -> tuple[list[Action], Places]:
    """What a VM may do, alone or with its party, the least full host first; and which hosts bar it by what is there."""
    nothing = np.zeros(len(draft.projection.cores), dtype=bool)
    if not departures(unbound(draft), STEP, np.array([vm])).open.all():
        return [], nothing
    lot = hangs(draft, STEP, Fullest(), vm)
    if lot is not None:
        free = departures(unbound(draft), STEP, np.array(lot.vms)).open.all()
        target = haven(draft, STEP, Fullest(), lot) if free else None
        return ([] if target is None else [Action(lot.vms, target, lot)]), nothing
    sieve, ranking = weigh(draft, STEP, [vm], Fullest())
    full = _in_the_way(draft, sieve)
    if not departures(draft, STEP, np.array([vm])).open.all():
        return [], full
    return [Action((vm,), int(host)) for host in sieve.order(ranking)[:TARGETS]], full


def _in_the_way(draft: Draft, sieve: Sieve) -> Places:
    """Hosts that bar a VM for want of room, or by whose VMs they have: these may make way."""
    texts = {wall.text for wall in draft.walls if isinstance(wall, KeepWall)} | {"memory", "full"}
    flags = [barred.flags for barred in sieve.refused if barred.reason in texts]
    return np.any(flags, axis=0) if flags else np.zeros(len(sieve.open), dtype=bool)


def _after(draft: Draft, action: Action) -> Draft:
    after = draft.aside(draft.projection.fork())
    for vm in action.vms:
        after.projection.move(vm, action.target)
    return after


def _strays(projection: Projection, walls: Sequence[KeepWall]) -> float:
    return sum(wall.strays(projection) for wall in walls)


def _least(projection: Projection, walls: Sequence[KeepWall]) -> int:
    """How many moves it takes at least to mend these walls."""
    strays = (wall.strays(projection) if isinstance(wall, SINGLY) else wall.strays(projection) > 0 for wall in walls)
    return max(int(each) for each in strays)
