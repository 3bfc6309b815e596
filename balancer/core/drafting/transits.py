"""Groups of which one VM has moved: the others follow, in this round or a later one.

Rule: what was begun is read off the orders, so that it outlives a restart. It is finished, not pulled back, until a
move of it fails or a wall stands in its way; then its walls are mended like any other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from balancer.core.drafting.draft import Draft, Step, departures, take, weigh
from balancer.core.drafting.groups import BONDS
from balancer.core.drafting.sieve import Sieve
from balancer.core.figures.projection import Places, Projection
from balancer.core.model import Order, OrderState, State, Transit
from balancer.core.walls.keeps.beside import Together
from balancer.core.walls.wall import Barred, Wall
from dsl.evaluation import Column
from dsl.ruleset import Ruleset


@dataclass(frozen=True, slots=True)
class Begun:
    """A group of which one has moved or is about to: where the others are still, and where they are awaited.

    `target` is None while that host is silent.
    """

    transit: Transit
    target: int | None
    left: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class InTransit(Wall):
    """Who belongs to a group that has begun to move goes with it, and nowhere else."""

    begun: Begun

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:
        """Those of it that have not moved yet, and those that have."""
        uuids = self.begun.transit.vms
        flags = [projection.observation.vms[vm].uuid in uuids for vm in vms]
        yield Barred(np.array(flags, dtype=bool), "in transit")


def begun(rules: Ruleset, state: State, projection: Projection) -> tuple[Begun, ...]:
    """The groups that are to be finished, in the order in which they were begun."""
    keeps = {keep.text for keep in rules.keeps}
    latest = {order.move.uuid: order for order in state.orders}
    given_up = {order.move.transit for order in state.orders if order.state is OrderState.FAILED}
    transits = dict.fromkeys(order.move.transit for order in state.orders if order.move.transit is not None)
    alive = (each for each in transits if each not in given_up and keeps.issuperset(each.walls))
    found = (_begun(transit, latest, projection) for transit in alive)
    return tuple(each for each in found if each is not None)


def _begun(transit: Transit, latest: Mapping[str, Order], projection: Projection) -> Begun | None:
    """How far a group has come; None where all are there, or where one went elsewhere since."""
    orders = [latest[uuid] for uuid in transit.vms if uuid in latest and latest[uuid].round >= transit.round]
    if any(order.move.transit != transit for order in orders):
        return None
    move, sent = orders[0].move, {order.move.uuid for order in orders}
    target, source = projection.place.get(move.target), projection.place.get(move.source)
    members = [vm for vm, seen in enumerate(projection.observation.vms) if seen.uuid in transit.vms]
    away = [vm for vm in members if target is None or projection.bound[vm] != target]
    left = [vm for vm in away if projection.observation.vms[vm].uuid not in sent]
    is_asunder = len(left) < len(away) or any(projection.where[vm] != source for vm in left)
    return Begun(transit, target, tuple(left)) if left and not is_asunder else None


def finish(draft: Draft) -> None:
    """Plan what is left of the groups that have begun to move; who cannot be let through is given up."""
    for each in begun(draft.rules, draft.state, draft.projection):
        if each.target is not None and not _finished(draft, each, each.target):
            _give_up(draft, each.transit)


def _finished(draft: Draft, group: Begun, target: int) -> bool:
    """Take all that is left of a group, or nothing."""
    transit, names = group.transit, draft.projection.names
    keep = next(each for each in draft.rules.keeps if each.text == transit.walls[0])
    step = Step("repairs", "keep", keep.span.line, transit)
    passed = [wall for wall in draft.walls if _binds(wall, transit) or _holds(wall, transit)]
    trial = replace(draft, walls=draft.walls.without(passed)).aside(draft.projection.copy())
    for vm in group.left:
        may_leave = departures(trial, step, np.array([vm])).open.all()
        if not may_leave or not weigh(trial, step, [vm], Anywhere())[0].open[target]:
            return False
        trial.projection.move(vm, target)
    told = f"{keep.text} (line {keep.span.line}), begun in round {transit.round}"
    for vm in group.left:
        others = sorted(each.name for each in draft.projection.observation.vms if each.uuid in transit.vms)
        others.remove(names["vm"][vm])
        take(draft, step, vm, target, (f"follows {', '.join(others)} to {names['host'][target]}: {told}", {}))
    return True


class Anywhere:
    """The targets of a group that is on its way: what was chosen is chosen."""

    def choose(self, draft: Draft, sieve: Sieve, vm: int) -> list[Column]:
        """Nothing to weigh."""
        return []


def _give_up(draft: Draft, transit: Transit) -> None:
    """Such a group may gather anywhere."""
    draft.walls = draft.walls.without([wall for wall in draft.walls if _holds(wall, transit)])
    for wall in tuple(draft.walls):
        if isinstance(wall, Together) and _binds(wall, transit):
            draft.walls = draft.walls.exchanged(wall, replace(wall, destination=None))


def _binds(wall: Wall, transit: Transit) -> bool:
    return isinstance(wall, BONDS) and wall.text in transit.walls


def _holds(wall: Wall, transit: Transit) -> bool:
    return isinstance(wall, InTransit) and wall.begun.transit == transit


def in_transit(groups: Sequence[Begun]) -> frozenset[str]:
    """The walls that are broken for the time being, by their text."""
    return frozenset(text for each in groups for text in each.transit.walls)


def destination(groups: Sequence[Begun], text: str) -> int | None:
    """Where the group of a `keep` is bound for, once it has begun to move."""
    return next((each.target for each in groups if text in each.transit.walls), None)
