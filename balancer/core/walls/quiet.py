"""The statement `rest`: quiet after a move.

Rule: what has just moved rests, whoever moved it. It binds the rules, and the moves for preferences and for the goal;
repairs and drains do not wait. A rule that goes on relieving a host does not wait for what it moved off it itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from balancer.core.figures.projection import Floats, Places, Projection
from balancer.core.model import Move, OrderState, State
from balancer.core.walls.wall import Barred, Wall
from dsl.ruleset import RestTimes
from dsl.syntax import Kind

BOUND: Final = frozenset({"rules", "preferences", "goal"})
"""The kinds of move that wait."""


@dataclass(frozen=True, slots=True)
class Quiet(Wall):
    """Who rests, and for how many seconds it has.

    `vms` are by uuid, `hosts` the moves whose hosts rest, `left` where each VM came from, `engaged` the rules that go
    on relieving a host.
    """

    times: RestTimes
    vms: Mapping[str, float]
    hosts: tuple[tuple[Move, float], ...]
    left: Mapping[str, Mapping[str, float]]
    engaged: frozenset[tuple[str, str]]

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:
        """VMs that moved less than `rest vm` ago, and all of a resting host; a rule has looked at its host itself."""
        if kind not in BOUND:
            return
        since = np.array([self.vms.get(projection.observation.vms[vm].uuid, np.inf) for vm in vms], dtype=float)
        yield self._resting(since, "rest", self.times.vm)
        if kind != "rules" and self.hosts:
            yield self._resting(self._hosts(projection, "")[projection.where[vms]], "rest", self.times.host)

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """Hosts that took part in a move less than `rest host` ago, and those this VM left a while ago."""
        if kind not in BOUND:
            return
        seen = projection.observation.vms[vm]
        if self.hosts:
            since = self._hosts(projection, seen.host if kind == "rules" else "")
            yield self._resting(since, "rest", self.times.host)
        if seen.uuid in self.left:
            yield self._resting(_by_host(projection, self.left[seen.uuid]), "no return", self.times.no_return)

    def resting(self, host: str, rule: str) -> bool:
        """Whether a host has taken part in a move less than `rest host` ago, other than what this rule goes on with."""
        return any(
            host in (move.source, move.target) and not (move.rule == rule and self._goes_on(move, host))
            for move, _ in self.hosts
        )

    def _hosts(self, projection: Projection, relieved: str) -> Floats:
        """Since when each host rests, without what an engaged rule has moved off the host that it relieves."""
        rests: dict[str, float] = {}
        for move, since in self.hosts:
            if not self._goes_on(move, relieved):
                rests |= {move.source: since, move.target: since}
        return _by_host(projection, rests)

    def _resting(self, since: Floats, reason: str, limit: float) -> Barred:
        flags, most = np.isfinite(since), np.asarray(limit)
        return Barred(flags, reason, self.times.line, value=since, limit=most, kind=Kind.TIME)

    def _goes_on(self, move: Move, relieved: str) -> bool:
        """Whether it was a move off this host by a rule that is still engaged there."""
        return move.source == relieved and (move.rule, relieved) in self.engaged


def quiet(times: RestTimes, state: State, now: float) -> Quiet:
    """The wall that recent moves, ours and others', have built; a clock that was set back makes them just ended."""
    ended = [(order, max(0.0, now - order.ended)) for order in state.orders if order.ended is not None]
    ours = [(order, since) for order, since in ended if not order.never_begun]
    others = [(each.uuid, each.source, max(0.0, now - each.seen)) for each in state.journeys]
    moved = [(order.move.uuid, since) for order, since in ours] + [(uuid, since) for uuid, _, since in others]
    gone = [(order.move.uuid, order.move.source, since) for order, since in ours if order.state is OrderState.DONE]
    left: dict[str, dict[str, float]] = {}
    for uuid, source, since in sorted(gone + others, key=_latest_last):
        if since < times.no_return:
            left.setdefault(uuid, {})[source] = since
    return Quiet(
        times,
        vms={uuid: since for uuid, since in sorted(moved, key=_latest_last) if since < times.vm},
        hosts=tuple(sorted(((order.move, since) for order, since in ours if since < times.host), key=_latest_last)),
        left=left,
        engaged=frozenset((each.rule, each.host) for each in state.engagements),
    )


def _latest_last(each: tuple[Any, ...]) -> float:
    """By the time since, the longest first."""
    return -float(each[-1])


def _by_host(projection: Projection, since: Mapping[str, float]) -> Floats:
    """Seconds since then, by host; for ever where nothing was."""
    column = np.full(len(projection.cores), np.inf)
    for host, seconds in since.items():
        if host in projection.place:
            column[projection.place[host]] = seconds
    return column
