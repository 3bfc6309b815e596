"""The fewest moves that mend some walls.

Rule: greedily first. Where that is not proven to be the fewest, or mends too little, a search goes deeper a move at a
time (iterative deepening, cut by how many moves are wanted at least); it may clear a place for a VM that finds none.
Within its budget it finds the fewest moves that mend the most; beyond it the best found so far counts. What takes more
moves than a plan has room for is done in portions, each of which leaves the walls less broken. It always ends, and the
same farm gets the same answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from balancer.core.drafting.draft import Draft, Step, departures, weigh
from balancer.core.drafting.groups import BONDS, Party, Way, bound, haven
from balancer.core.drafting.room import Fullest
from balancer.core.drafting.sieve import Sieve
from balancer.core.figures.projection import Places, Projection
from balancer.core.steps.glance import hopeful
from balancer.core.walls.keeps.apart import AtMost
from balancer.core.walls.keeps.beside import On, Together
from balancer.core.walls.keeps.keep import KeepWall
from balancer.core.walls.wall import Mendable
from dsl.evaluation import Flags

BUDGET: Final = 2_000
"""Hosts that all searches of a round may look at; each VM looks at all that there are."""
TARGETS: Final = 8
"""Hosts that are tried for a VM: what mends most first, then the cheapest, then the least full."""
SINGLY: Final = (AtMost, On, Together)
"""Walls of which no move brings back more than one VM (a host in several domains of one key excepted)."""
STEP: Final = Step("repairs", "keep", 0)


@dataclass(frozen=True, slots=True)
class Repair:
    """Who goes where, in this order, how many moves that is, and how far the walls are from whole afterwards.

    `but_last` is the same without its last way; a repair that `goes_on` is a portion, whose rest comes in later rounds.
    """

    strays: float
    moves: int = 0
    ways: tuple[Way, ...] = ()
    but_last: "Repair | None" = None
    goes_on: bool = False

    def and_then(self, way: Way, strays: float) -> "Repair":
        """The repair with one more way, and what is left after it."""
        return Repair(strays, self.moves + len(way.vms), (*self.ways, way), self)

    def portion(self, room: int) -> "Repair":
        """Its beginning of so many moves, or a few more where only these mend anything; all of it where it is less."""
        portion = each = self
        while each.but_last is not None:
            if each.moves >= room and each.strays < each.but_last.strays:
                portion = each
            each = each.but_last
        return portion if portion is self else replace(portion, goes_on=True)

    def is_better(self, than: "Repair") -> bool:
        """It mends more, or as much by fewer moves."""
        return (self.strays, self.moves) < (than.strays, than.moves)


def fewest(draft: Draft, walls: Sequence[Mendable], budget: int, room: int) -> Repair:
    """The repair of these walls, or a portion of it: there is room for so many moves. The draft stays as it is."""
    least = _least(draft.projection, walls)
    repair = _greedy(draft, walls, room)
    if not repair.goes_on and (repair.strays or repair.moves > least):
        repair = _Search(walls, repair, budget).run(draft, least)
    return repair.portion(room)


def in_order(projection: Projection, walls: Sequence[Mendable]) -> Places:
    """The VMs that may mend these walls: those that may mend several, then the smallest, then by name."""
    counts = np.sum([wall.menders(projection) for wall in walls], axis=0)
    vms = np.flatnonzero(counts)
    return vms[np.lexsort([projection.memory[vms], -counts[vms]])]


def _greedy(draft: Draft, walls: Sequence[Mendable], room: int) -> Repair:
    """Whatever helps next, until nothing does, or there is no more room."""
    repair = Repair(_strays(draft.projection, walls))
    while repair.strays:
        if repair.moves >= room:
            return replace(repair, goes_on=True)
        better = _helpful(draft, walls, repair)
        if better is None:
            break
        draft, repair = better
    return repair


def _helpful(draft: Draft, walls: Sequence[Mendable], repair: Repair) -> tuple[Draft, Repair] | None:
    """The first way after which the walls are less broken."""
    for vm in hopeful(draft, walls, in_order(draft.projection, walls)):
        for way in _ways(draft, walls, vm)[0]:
            after = _after(draft, way)
            strays = _strays(after.projection, walls)
            if strays < repair.strays:
                return after, repair.and_then(way, strays)
    return None


class _Search:
    """Deeper by a move each time, as long as the budget lasts."""

    def __init__(self, walls: Sequence[Mendable], best: Repair, budget: int) -> None:
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
        for way in self._candidates(draft, so_far, limit):
            if self._left <= 0:
                return
            after = _after(draft, way)
            repair = so_far.and_then(way, _strays(after.projection, self._walls))
            if repair.is_better(self._best):
                self._best = repair
            if repair.strays and self._is_worth(after, repair, limit):
                self._deepen(after, repair, limit)

    def _is_worth(self, after: Draft, repair: Repair, limit: int) -> bool:
        """Whether there may be something better behind a repair, and it was not looked at yet."""
        if repair.moves + _least(after.projection, self._walls) > limit:
            self._is_cut = True
            return False
        made = frozenset((vm, way.target) for way in repair.ways for vm in way.vms)
        is_new = self._seen.get(made, limit + 1) > repair.moves
        if is_new:
            self._seen[made] = repair.moves
        return is_new

    def _candidates(self, draft: Draft, so_far: Repair, limit: int) -> Iterator[Way]:
        """What those may do that may mend; then, if there is a move to spare, those that are in their way."""
        menders = in_order(draft.projection, self._walls)
        in_the_way = np.zeros(len(draft.projection.cores), dtype=bool)
        for vm in menders.tolist():
            ways, full = self._looked(draft, vm)
            in_the_way |= full
            yield from ways
        if so_far.moves + 1 + _least(draft.projection, self._walls) > limit:
            self._is_cut |= bool(in_the_way.any())
            return
        others = np.flatnonzero(in_the_way[draft.projection.where])
        for vm in others[~np.isin(others, menders)].tolist():
            yield from self._looked(draft, vm)[0]

    def _looked(self, draft: Draft, vm: int) -> tuple[list[Way], Flags]:
        if self._left <= 0:
            return [], np.zeros(len(draft.projection.cores), dtype=bool)
        self._left -= len(draft.projection.cores)
        return _ways(draft, self._walls, vm)


def _ways(draft: Draft, walls: Sequence[Mendable], vm: int) -> tuple[list[Way], Flags]:
    """Where a VM may go, alone or with its party, the best first; and which hosts bar it by what is there."""
    nothing = np.zeros(len(draft.projection.cores), dtype=bool)
    lot = bound(draft, STEP, Fullest(), vm)
    if lot.bonds:
        is_free = departures(draft, STEP, np.array(lot.vms), BONDS).open.all()
        target = haven(draft.aside(draft.projection), STEP, Fullest(), lot) if is_free else None
        return ([] if target is None else [Way(lot, target)]), nothing
    if not departures(draft, STEP, np.array([vm])).open.all():
        return [], nothing
    sieve, ranking = weigh(draft, STEP, [vm], Fullest())
    full = _in_the_way(draft, sieve, vm)
    swing = sum((wall.swing(draft.projection, vm) for wall in walls if isinstance(wall, KeepWall)), start=nothing)
    best = sieve.order([np.asarray(swing, dtype=float), draft.price(STEP, vm), *ranking])
    return [Way(Party((vm,)), int(host)) for host in best[:TARGETS]], full


def _in_the_way(draft: Draft, sieve: Sieve, vm: int) -> Flags:
    """Hosts that bar a VM for want of room, or by whose VMs they have: these may make way."""
    reasons = {wall.text for wall in draft.walls.of(vm) if isinstance(wall, KeepWall)} | {"memory", "full"}
    flags = [barred.flags for barred in sieve.refused if barred.reason in reasons]
    return np.asarray(np.any(flags, axis=0)) if flags else np.zeros(len(sieve.open), dtype=bool)


def _after(draft: Draft, way: Way) -> Draft:
    after = draft.aside(draft.projection.copy())
    for vm in way.vms:
        after.projection.move(vm, way.target)
    return after


def _strays(projection: Projection, walls: Sequence[Mendable]) -> float:
    return sum(wall.strays(projection) for wall in walls)


def _least(projection: Projection, walls: Sequence[Mendable]) -> int:
    """How many moves it takes at least to mend these walls."""
    strays = (wall.strays(projection) if isinstance(wall, SINGLY) else wall.strays(projection) > 0 for wall in walls)
    return max(int(each) for each in strays)
