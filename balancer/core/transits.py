"""Groups of which one VM has moved: the others follow, in this round or a later one.

Rule: what was begun is read off the orders, so that it outlives a restart. It is finished, not pulled back, until a
move of it fails or a wall stands in its way; then its walls are mended like any other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from balancer.core.draft import Draft, Step, departures, take, weigh
from balancer.core.groups import bonds, without
from balancer.core.keeps import Together
from balancer.core.model import Order, OrderState, State, Transit
from balancer.core.projection import Places, Projection
from balancer.core.sieve import Sieve
from balancer.core.walls import Barred, Wall
from dsl.evaluation import Flags
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
        yield Barred(
            np.array([projection.observation.vms[vm].uuid in uuids for vm in vms], dtype=bool), "in transit"
        )  # fmt: skip


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
    left = []
    for vm, seen in enumerate(projection.observation.vms):
        if seen.uuid not in transit.vms or (projection.leaving[vm] and seen.uuid in sent):
            continue
        if target is None or seen.uuid not in sent:
            left += [vm]
        elif projection.bound[vm] != target:
            return None
    left = [vm for vm in left if projection.bound[vm] != target]
    is_asunder = any(projection.where[vm] != source for vm in left)
    return None if is_asunder or not left else Begun(transit, target, tuple(left))


def finish(draft: Draft) -> None:
    """Plan what is left of the groups that have begun to move; who cannot be let through is given up."""
    for each in begun(draft.rules, draft.state, draft.projection):
        if each.target is not None and not _finished(draft, each, each.target):
            draft.walls = tuple(_loosened(wall, each.transit) for wall in draft.walls if not _holds(wall, each.transit))


def _finished(draft: Draft, group: Begun, target: int) -> bool:
    """Take all that is left of a group, or nothing."""
    transit, names = group.transit, draft.projection.names
    keep = next(each for each in draft.rules.keeps if each.text == transit.walls[0])
    step = Step("repairs", "keep", keep.span.line, transit)
    passed = [wall for wall in bonds(draft.walls) if wall.text in transit.walls]
    walls = tuple(wall for wall in without(draft.walls, passed) if not _holds(wall, transit))
    trial = replace(draft, walls=walls).aside(draft.projection.fork())
    for vm in group.left:
        if not departures(trial, step, np.array([vm])).open.all():
            return False
        sieve, _ = weigh(trial, step, [vm], Anywhere())
        if not sieve.open[target]:
            return False
        trial.projection.move(vm, target)
    for vm in group.left:
        others = ", ".join(sorted(_names(draft.projection, transit) - {str(names["vm"][vm])}))
        told = f"{keep.text} (line {keep.span.line}), begun in round {transit.round}"
        why = f"follows {others} to {names['host'][target]}: {told}"
        take(draft, step, vm, target, (why, {}))
    return True


class Anywhere:
    """The targets of a group that is on its way: what was chosen is chosen."""

    def choose(self, draft: Draft, sieve: Sieve, vm: int) -> list[Flags]:
        """Nothing to weigh."""
        return []


def _names(projection: Projection, transit: Transit) -> set[str]:
    return {vm.name for vm in projection.observation.vms if vm.uuid in transit.vms}


def _holds(wall: Wall, transit: Transit) -> bool:
    return isinstance(wall, InTransit) and wall.begun.transit == transit


def _loosened(wall: Wall, transit: Transit) -> Wall:
    """A group that is given up may gather anywhere."""
    is_its = isinstance(wall, Together) and wall.text in transit.walls
    return replace(wall, destination=None) if is_its else wall  # type: ignore[type-var]  # a `Together`, as just asked


def in_transit(groups: Sequence[Begun]) -> frozenset[str]:
    """The walls that are broken for the time being, by their text."""
    return frozenset(text for each in groups for text in each.transit.walls)


def destination(groups: Sequence[Begun], text: str) -> int | None:
    """Where the group of a `keep` is bound for, once it has begun to move."""
    return next((each.target for each in groups if text in each.transit.walls), None)
