"""The step `repairs`: walls that stand broken are mended, by the fewest moves.

Rule: no move of a repair breaks another wall or makes one worse, at any step. Walls that the same VMs may mend are
mended at one go, memory for lost hosts last; what no move mends is told, and the rest goes on.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Final

import numpy as np

from balancer.core.drafting.draft import Draft, Step, departures, note_hosts, note_vms, weigh
from balancer.core.drafting.groups import BONDS, Way, take_way
from balancer.core.drafting.room import Fullest, least_full
from balancer.core.drafting.sieve import Sieve, even
from balancer.core.drafting.transits import finish
from balancer.core.model import Unmended
from balancer.core.steps.fewest import BUDGET, Repair, fewest
from balancer.core.walls.keeps.beside import Together
from balancer.core.walls.keeps.keep import KeepWall
from balancer.core.walls.wall import Mendable
from dsl.evaluation import Column

PLANNED: Final = 20
"""Moves after which one plan begins no further way of a repair; what is left comes in later rounds."""
NAMED: Final = 4
"""VMs that are named of a broken wall."""
PASSING: Final = frozenset({"unknown", "under way", "moved already", "in transit"})
"""What stands in the way for a round or two: whether the wall can be mended is seen then."""


def mend(draft: Draft) -> None:
    """Finish what has begun to move, then mend what stands broken, and tell what stays so."""
    finish(draft)
    find_homes(draft)
    clusters = _clusters(draft)
    for walls in clusters:
        room = PLANNED - len(draft.moves)
        if room <= 0:
            return
        repair = fewest(draft, walls, BUDGET // len(clusters), room)
        _take(draft, walls, repair)
        if repair.goes_on:
            return
        looked_at = cache(partial(_look, draft))
        for wall in walls:
            _tell(draft, wall, looked_at)


def mendable(draft: Draft) -> list[Mendable]:
    """All walls that may stand broken."""
    return [wall for wall in draft.walls if isinstance(wall, Mendable)]


def find_homes(draft: Draft) -> None:
    """A group that stands asunder gathers where most of its memory stands, of the hosts that have room for the rest."""
    for wall in tuple(draft.walls):
        if isinstance(wall, Together) and wall.destination is None and wall.strays(draft.projection):
            hosts = wall.homes(draft.projection)[: len(set(draft.projection.bound[wall.members].tolist()))]
            homes = (replace(wall, destination=int(host)) for host in hosts)
            home = next((each for each in homes if _gathers(draft, wall, each)), wall)
            draft.walls = draft.walls.exchanged(wall, home)


def _gathers(draft: Draft, wall: Together, home: Together) -> bool:
    """Whether all members can come home, one after the other."""
    step, trial = step_of(wall), draft.aside(draft.projection.copy())
    trial.walls = draft.walls.exchanged(wall, home)
    host, coming = home.home(trial.projection), np.flatnonzero(home.menders(trial.projection))
    if even(trial.projection.memory[coming].sum() - trial.projection.free[host]) > 0:
        return False
    for vm in coming.tolist():
        may_leave = departures(trial, step, np.array([vm])).open.all()
        if not may_leave or not weigh(trial, step, [vm], Fullest())[0].open[host]:
            return False
        trial.projection.move(vm, host)
    return True


def _clusters(draft: Draft) -> list[list[Mendable]]:
    """The broken walls, those keeps together that the same VMs may mend; in file order."""
    clusters: dict[int, list[Mendable]] = {}
    others: list[list[Mendable]] = []
    cluster_of = np.full(len(draft.projection.where), -1)
    for number, wall in enumerate(mendable(draft)):
        menders = wall.menders(draft.projection)
        if not isinstance(wall, KeepWall):
            others.append([wall])
        elif menders.any():
            shared = sorted(set(cluster_of[menders].tolist()) - {-1})
            clusters[number] = [one for each in shared for one in clusters.pop(each)] + [wall]
            cluster_of[menders | np.isin(cluster_of, shared)] = number
    return sorted(clusters.values(), key=lambda walls: walls[0].line) + others


def _take(draft: Draft, walls: list[Mendable], repair: Repair) -> None:
    """Take the moves of a repair into the plan."""
    many = repair.moves > 1
    how_far = " in part, the rest comes later" if repair.goes_on else " as far as can be" if repair.strays else ""
    mends = f"{repair.moves} move{'s' if many else ''} mend{'' if many else 's'} it{how_far}"
    for way in repair.ways:
        wall, broken = _broken(draft, walls, way)
        why = f"{broken}; {mends}; {least_full(draft, step_of(wall), way.vms, way.target)}"
        take_way(draft, step_of(wall), way, (why, {}))


def _broken(draft: Draft, walls: list[Mendable], way: Way) -> tuple[Mendable, str]:
    """The wall that a move is for, and what is wrong with it."""
    for wall in walls:
        if wall.menders(draft.projection)[list(way.vms)].any():
            return wall, broken_at(draft, wall, way.vms)
    wall = next(each for each in walls if each.strays(draft.projection))
    return wall, f"makes room: {wall.text} is broken"


def broken_at(draft: Draft, wall: Mendable, vms: Sequence[int]) -> str:
    """Which wall is broken and who is against it: where one of these VMs is against it, else on the first host."""
    projection, names = draft.projection, draft.projection.names
    against = wall.against(projection)
    host = next((projection.where[vm] for vm in vms if against[vm]), projection.where[against][0])
    there = [str(name) for name in names["vm"][against & (projection.where == host)]]
    more = f" and {len(there) - NAMED} more" if len(there) > NAMED else ""
    return f"{wall.text} is broken ({', '.join(there[:NAMED])}{more} on {names['host'][host]})"


@dataclass(frozen=True, slots=True)
class Look:
    """What stands against a VM's leaving, and against each other host, with the columns to rank these by."""

    stays: Sieve
    hosts: Sieve
    ranking: Sequence[Column]


def _look(draft: Draft, vm: int) -> Look:
    step = Step("repairs", "", None)
    return Look(departures(draft, step, np.array([vm]), BONDS), *weigh(draft, step, [vm], Fullest()))


def _tell(draft: Draft, wall: Mendable, looked_at: Callable[[int], Look]) -> None:
    """Say that a wall stays broken, and what keeps the first of those that it is about."""
    strays = wall.strays(draft.projection)
    if not strays:
        return
    step, vm = step_of(wall), int(np.flatnonzero(wall.against(draft.projection))[0])
    name, look = str(draft.projection.names["vm"][vm]), looked_at(vm)
    if look.stays.open.all():
        note_hosts(draft, step, vm, look.hosts, look.ranking)
        refused = look.hosts.tally()
        reasons = ", ".join(f"{reason} {count}" for reason, count in refused.most_common())
        why = f"{name} finds no host: {reasons or 'none is better'}"
    else:
        note_vms(draft, step, np.array([vm]), look.stays)
        refused = Counter([look.stays.refused[0].reason])
        why = f"{name} stays: {look.stays.refused[0].reason}"
    if not PASSING & refused.keys():
        draft.unmended.append(Unmended(wall.rule, wall.line, wall.text, strays, why))


def step_of(wall: Mendable) -> Step:
    """Who wants the moves that mend it."""
    return Step("repairs", wall.rule, wall.line)
