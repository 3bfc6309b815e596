"""The few moves that bring the farm nearest to balance.

Rule: a beam search over sequences of moves, whose best of each length is then bettered by exchanging one or two of its
moves. Every move of a sequence passes all walls where it stands. The hosts that are furthest off are looked at, and
the larger the farm the fewer sequences: on a large one the best next move is nearly always right, on a small one it
hardly ever is. It looks so often and no more, so it always ends.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Final

import numpy as np

from balancer.core.drafting.draft import Draft, arrivals, departures
from balancer.core.figures.projection import Floats, Places, Projection
from balancer.core.observation import DIGITS
from balancer.core.steps.goal.scales import Scales
from dsl.evaluation import Flags

ENDS: Final = 12
"""Hosts looked at from either end of the order."""
WIDTH: Final = 48
"""Sequences of one length that are kept, at most."""
PAIRS_KEPT: Final = 60_000
"""Sequences of one length times hosts times VMs."""
PAIRS_EXCHANGED: Final = 500_000
"""Exchanges that are weighed in one round, times hosts times VMs."""
ASKED: Final = 4000
"""VMs for which the walls are asked in one round, at most."""
TRIED: Final = 24
"""First moves that are tried where two are exchanged."""
WORTH: Final = 0.1
"""By so much of `within` the farm must come nearer for each move: one that gains less is not made."""
TRIFLE: Final = 1e-6

Hop = tuple[int, int]
"""The places of a VM and of its target."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A sequence of moves and the farm as it would be after them; each is only equal to itself."""

    projection: Projection
    hops: tuple[Hop, ...]
    excess: float


@dataclass(frozen=True, slots=True)
class Weighed:
    """A move that could go on with a track, and the excess afterwards."""

    excess: float
    track: Track
    hop: Hop


class Search:
    """One search from the farm as it is planned so far; it says how often it may still look."""

    def __init__(self, draft: Draft, scales: Scales) -> None:
        self._draft = draft
        self._scales = scales
        pairs = max(1, len(draft.projection.cores) * len(draft.projection.cpu))
        self._width = min(WIDTH, max(2, PAIRS_KEPT // pairs))
        self._exchanges = PAIRS_EXCHANGED // pairs
        self._asked = ASKED
        excess = float(scales.excess(scales.levels(draft.projection)).sum())
        self._start = Track(draft.projection, (), excess)

    def best(self) -> Track:
        """The sequence that brings the farm nearest, each further move counted at its worth; empty where none does."""
        price = WORTH * self._scales.goal.within.value
        best, tracks = self._start, [self._start]
        for length in range(1, self._scales.goal.at_most + 1):
            tracks = list(self._kept([each for track in tracks for each in self._weigh(track)]))
            if not tracks:
                break
            first = self._refined(tracks[0])
            if first.excess + price * length < best.excess + price * len(best.hops):
                best = first
            if not self._scales.outside(self._scales.levels(best.projection)).any():
                break
        return best

    # -- sequences

    def _kept(self, weighed: Sequence[Weighed]) -> Iterator[Track]:
        """The best continuations that no wall bars, each set of moves once."""
        seen: set[frozenset[Hop]] = set()
        open_ = cache(self._open)
        count = 0
        for each in sorted(weighed, key=lambda each: _even(each.excess)):
            hops = frozenset((*each.track.hops, each.hop))
            vm, target = each.hop
            if hops not in seen and count < self._width and open_(each.track, vm)[target]:
                seen.add(hops)
                count += 1
                yield self._after(each.track, (each.hop,))

    def _open(self, track: Track, vm: int) -> Flags:
        """The hosts with room to which no wall bars the VM's way; none once the walls were asked too often."""
        self._asked -= 1
        draft, step = replace(self._draft, projection=track.projection), self._scales.step
        if self._asked >= 0 and departures(draft, step, np.array([vm])).open.all():
            hosts = np.arange(len(track.projection.cores))
            return np.asarray(arrivals(draft, step, vm).open & has_room(track.projection, np.array([vm]), hosts)[0])
        return np.zeros(len(track.projection.cores), dtype=bool)

    def _after(self, track: Track, hops: Sequence[Hop]) -> Track:
        """The track with these moves behind it, walls or not."""
        projection = track.projection.copy()
        for vm, target in hops:
            projection.move(vm, target)
        return Track(
            projection, (*track.hops, *hops), float(self._scales.excess(self._scales.levels(projection)).sum())
        )

    # -- exchanges

    def _refined(self, track: Track) -> Track:
        """The track with some of its moves exchanged for better ones, as long as that helps."""
        while (better := next(self._exchanged(track), None)) is not None:
            track = better
        return track

    def _exchanged(self, track: Track) -> Iterator[Track]:
        """Tracks of the same length that are better: one move of it is another, else two are."""
        for left_out in (*combinations(track.hops, 1), *combinations(track.hops, 2)):
            if self._exchanges <= 0:
                return
            kept = self._after(self._start, [hop for hop in track.hops if hop not in left_out])
            for hops, excess in self._filled(kept, len(left_out)):
                better = self._in_order(hops) if excess < track.excess - TRIFLE else None
                if better is not None:
                    yield better

    def _filled(self, track: Track, missing: int) -> Iterator[tuple[tuple[Hop, ...], float]]:
        """So many moves added: of the last one only the best, of the one before it a few."""
        self._exchanges -= 1
        if self._exchanges < 0:
            return
        for each in self._weigh(track)[: 1 if missing == 1 else TRIED]:
            if missing == 1:
                yield (*track.hops, each.hop), each.excess
            else:
                yield from self._filled(self._after(track, (each.hop,)), missing - 1)

    def _in_order(self, hops: Sequence[Hop]) -> Track | None:
        """These moves in an order in which no wall bars any, the most helpful first; None where it comes to a halt."""
        track, left = self._start, list(hops)
        while left:
            ranked = sorted((self._after(track, (hop,)) for hop in left), key=lambda each: _even(each.excess))
            ways = ((each, each.hops[-1]) for each in ranked)
            following = next((each for each, (vm, target) in ways if self._open(track, vm)[target]), None)
            if following is None:
                return None
            track = following
            left.remove(track.hops[-1])
        return track

    # -- figures

    def _weigh(self, track: Track) -> list[Weighed]:
        """The moves that could come next as far as figures tell, the best first."""
        scales, projection = self._scales, track.projection
        levels = scales.levels(projection)
        sources, targets = self._ends(levels)
        weights = scales.weights(projection)
        can_go = np.isin(projection.where, sources) & ~projection.leaving & (projection.vm_moves == 0) & (weights > 0)
        vms = np.flatnonzero(can_go)
        effects = scales.effects(projection, vms, targets)
        fits = (targets != projection.where[vms][:, np.newaxis]) & has_room(projection, vms, targets)
        if scales.goal.gaining is not None:
            fits &= np.round(effects.gain - scales.goal.gaining.value, DIGITS) >= 0
        change = np.where(fits, np.round(effects.change, DIGITS), np.inf)
        order = np.argsort(change, axis=None, kind="stable")[: 2 * WIDTH]
        return [
            Weighed(track.excess + float(change.flat[each]), track, (int(vms[row]), int(targets[column])))
            for each, row, column in zip(order, *np.unravel_index(order, change.shape), strict=True)
            if np.isfinite(change.flat[each])
        ]

    def _ends(self, levels: Floats) -> tuple[Places, Places]:
        """The hosts that may give and those that may take: the highest and the lowest; all of them on a small farm."""
        known = np.flatnonzero(self._scales.partakes)
        order = known[np.argsort(-np.round(levels[known], DIGITS), kind="stable")]
        if len(order) <= 2 * ENDS:
            return order, order
        return order[:ENDS], order[: -ENDS - 1 : -1]


def has_room(projection: Projection, vms: Places, targets: Places) -> Flags:
    """Where the VM fits: its memory, and never more than all of the CPUs."""
    fits = projection.free[targets] >= projection.memory[vms][:, np.newaxis]
    busy = projection.busy[targets] + projection.cpu[vms][:, np.newaxis]
    return np.asarray(fits & (np.round(busy - projection.cores[targets], DIGITS) <= 0))


def _even(excess: float) -> float:
    """Without the noise of sums: of those alike the one stays first that began with the most helpful move."""
    return round(excess, DIGITS)
