"""Walls and drains that cannot hold together on this farm, and the fewest statements that make it so.

Rule: what nobody knows is left out of a demand and let into a permission, and a silent host may take anything: so only
what is certain is told. A drain yields to walls, so that it is a warning; walls among themselves are an error.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, Self

import numpy as np

from balancer.core.audit.placement import why_not
from balancer.core.audit.wishes import AtMost, Beside, Ground, Hosts, Only, Parted, Together, Wish, concerned, hosts_of
from balancer.core.figures.scope import Sets
from dsl.doubts.said import against
from dsl.evaluation import Flags
from dsl.findings import Finding, error, warning
from dsl.phrases import set_phrase
from dsl.ruleset import Ruleset
from dsl.syntax import Drain, Keep, Never, Relation, Set

TOLD: Final = 20
"""Clashes of one file; who has more mends these first."""
NARROWED: Final = 64
"""VMs among which the fewest that clash are looked for."""
NAMED: Final = 4

Demanding = Keep | Drain | Never


@dataclass(frozen=True, slots=True)
class _Demand:
    """A statement and what it wants of the places of VMs."""

    statement: Demanding
    wishes: tuple[Wish, ...]


def clashes(rules: Ruleset, sets: Sets) -> Iterator[Finding]:
    """Each smallest set of statements that cannot hold together, told at the latest of them: walls, then drains."""
    farm = _Farm.of(sets)
    demands = farm.demands(rules)
    walls = [each for each in demands if not isinstance(each.statement, Drain)]
    for fewest in islice(_clashing(walls, farm.ground), TOLD):
        yield _told(fewest, farm.ground)
        walls.remove(fewest[-1])
    demands = [each for each in demands if each in walls or isinstance(each.statement, Drain)]
    for fewest in islice(_clashing(demands, farm.ground), TOLD):
        yield _told(fewest, farm.ground)
        demands.remove(next((each for each in reversed(fewest) if each in walls), fewest[-1]))


def _clashing(demands: Sequence[_Demand], ground: Ground) -> Iterator[list[_Demand]]:
    """The fewest that clash, asked anew each time of those that are left."""
    while demands and why_not(_wishes(demands), ground) is not None:
        yield _fewest((), demands, ground)


@dataclass(frozen=True, slots=True)
class _Farm:
    """The farm's VMs and hosts by number; behind those that reported stand the silent ones, of any kind and size."""

    sets: Sets
    ground: Ground
    silent: Sequence[int]
    placed: Flags

    @classmethod
    def of(cls, sets: Sets) -> Self:
        projection = sets.reported
        doubted = {doubt.uuid for doubt in projection.observation.doubts}
        placed = np.array([vm.uuid not in doubted for vm in projection.observation.vms], dtype=bool)
        held = np.bincount(projection.where, weights=projection.memory, minlength=len(projection.cores))
        silent = len(projection.observation.silent)
        room = [*(projection.free + held).tolist(), *[np.inf] * silent]
        ground = Ground(room, projection.memory.tolist(), projection.names["vm"].tolist())
        return cls(sets, ground, range(len(projection.cores), len(room)), placed)

    def demands(self, rules: Ruleset) -> list[_Demand]:
        """What walls and drains want, in the order of the file; a drain wants it of its own VMs and of the walls'."""
        walls = [_Demand(keep, tuple(_kept(self, keep))) for keep in rules.keeps]
        walls += [_Demand(never, tuple(self._still(never))) for never in rules.nevers]
        spoken_of = frozenset(vm for each in walls for wish in each.wishes for vm in concerned(wish))
        drains = [_Demand(drain, (self._drained(drain, spoken_of),)) for drain in rules.drains]
        return sorted((*walls, *drains), key=lambda each: each.statement.span.line)

    def vms(self, of: Set) -> frozenset[int]:
        """Who is certainly in a set, and certainly where it is said to be."""
        return _numbers(self.sets.members(of).true & self.placed)

    def hosts(self, of: Set) -> Hosts:
        """Which hosts may be in a set."""
        return hosts_of((*_numbers(self.sets.members(of).possible), *self.silent))

    def possible(self, of: Set) -> frozenset[int]:
        """Who may be in a set."""
        return _numbers(self.sets.members(of).possible & self.placed)

    def domains(self, per: str) -> dict[int, tuple[int, ...]]:
        """The domains of each host; each silent one may be in one of its own."""
        known = self.sets.domains(per)
        each: dict[int, tuple[int, ...]] = dict.fromkeys(range(known.size), ())
        for host, number in zip(known.hosts.tolist(), known.numbers.tolist(), strict=True):
            each[host] += (number,)
        return each | {host: (known.count + host,) for host in self.silent}

    def _still(self, never: Never) -> Iterator[Wish]:
        """Those that neither a repair nor a drain may move stay on their host, one wish each."""
        if never.target is not None or never.during is not None or {"repairs", "drains"} & set(never.excepted):
            return
        where = self.sets.reported.where
        sources = None if never.source is None else self.sets.members(never.source).true
        for vm in self.vms(never.vms):
            if sources is None or sources[where[vm]]:
                yield Only(frozenset([vm]), hosts_of([int(where[vm])]))

    def _drained(self, drain: Drain, spoken_of: frozenset[int]) -> Wish:
        """None of those of whom walls speak, and none of its own, may be there."""
        drained = _numbers(self.sets.members(drain.hosts).true)
        there = _numbers(np.isin(self.sets.reported.where, list(drained)) & self.placed)
        return Only(spoken_of | there, hosts_of(frozenset(range(len(self.ground.room))) - drained))


def _kept(farm: _Farm, keep: Keep) -> Iterator[Wish]:
    """What a `keep` wants; of fewer VMs than it takes, nothing."""
    vms, other = farm.vms(keep.vms), keep.relation.other
    match keep.relation:
        case Relation(how="apart"):
            yield AtMost(vms, 1, farm.domains("host"))
        case Relation(how="at_most", count=int(count), per=str(per)):
            yield AtMost(vms, count, farm.domains(per), per)
        case Relation(how="together"):
            yield Together(vms)
        case Relation(how="on") if other is not None:
            yield Only(vms, farm.hosts(other))
        case Relation(how="apart_from") if other is not None:
            yield Parted(vms, farm.vms(other))
        case Relation(how="with") if other is not None:
            yield Beside(vms, farm.possible(other))


def _numbers(flags: Flags) -> frozenset[int]:
    return frozenset(np.flatnonzero(flags).tolist())


# -- the fewest --------------------------------------------------------------------------------------------------------


def _wishes(demands: Iterable[_Demand]) -> list[Wish]:
    return [wish for each in demands for wish in each.wishes if concerned(wish)]


def _fewest(
    given: Sequence[_Demand], doubted: Sequence[_Demand], ground: Ground, *, is_new: bool = False
) -> list[_Demand]:
    """Of the doubted demands the fewest that clash with those given; halving finds them in few questions (QuickXplain).

    `is_new`: something was given since they were last asked about.
    """
    if is_new and why_not(_wishes(given), ground) is not None:
        return []
    if len(doubted) == 1:
        return list(doubted)
    half = len(doubted) // 2
    late = _fewest([*given, *doubted[:half]], doubted[half:], ground, is_new=True)
    early = _fewest([*given, *late], doubted[:half], ground, is_new=bool(late))
    return early + late


def _narrowed(wishes: Sequence[Wish], ground: Ground) -> list[Wish]:
    """The same wishes for the fewest VMs that cannot have them."""
    vms = sorted({vm for wish in wishes for vm in concerned(wish)})
    narrowed = list(wishes)
    for vm in vms if len(vms) <= NARROWED else ():
        fewer = [_without(wish, vm) for wish in narrowed]
        if why_not(fewer, ground) is not None:
            narrowed = fewer
    return narrowed


def _without(wish: Wish, vm: int) -> Wish:
    """Company stays where it is: without it the wish would be another."""
    if isinstance(wish, Parted):
        return Parted(wish.vms - {vm}, wish.others - {vm})
    return replace(wish, vms=wish.vms - {vm})


# -- words -------------------------------------------------------------------------------------------------------------


def _told(demands: Sequence[_Demand], ground: Ground) -> Finding:
    narrowed = _narrowed(_wishes(demands), ground)
    reason = why_not(narrowed, ground)
    *earlier, latest = [each.statement for each in demands]
    drain = next((each for each in (*earlier, latest) if isinstance(each, Drain)), None)
    walls = [wish for each in demands for wish in each.wishes if drain is None or each.statement is not drain]
    of_walls = {vm for wish in walls for vm in _wanted(wish)}
    vms = {vm for wish in narrowed for vm in _wanted(wish)}
    names = [ground.names[vm] for vm in sorted((vms & of_walls) or vms)]
    if drain is not None:
        message = f"{set_phrase(drain.hosts)} can never be empty of {_listed(names)}: {reason}"
        return warning("never-empty", message, latest.span, against(earlier))
    want, them = "these statements want" if earlier else "this wants", "them" if len(names) > 1 else "it"
    hint = against(earlier) or _more(latest)
    return error("conflict", f"{_listed(names)} cannot be where {want} {them}: {reason}", latest.span, hint)


def _more(statement: Demanding) -> str:
    """The way out of a clash with the farm alone: what a count lets pass."""
    relation = statement.relation if isinstance(statement, Keep) else None
    if relation is None or relation.how not in {"apart", "at_most"}:
        return ""
    per = relation.per or "host"
    return f"allow more per {per}, add {per}s, or name fewer VMs"


def _wanted(wish: Wish) -> frozenset[int]:
    return wish.vms | wish.others if isinstance(wish, Parted) else wish.vms


def _listed(names: Sequence[str]) -> str:
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
