"""The statement `keep`: who may be whose neighbour.

Rule: a keep may stand broken from the start; no move breaks one, and none makes a broken one worse.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from balancer.core.projection import Floats, Places, Projection
from balancer.core.scope import Sets
from balancer.core.walls import Barred, Wall
from dsl.evaluation import Flags
from dsl.ruleset import Ruleset
from dsl.syntax import Keep


class KeepWall(Wall, ABC):
    """A wall about neighbourhood, which may stand broken before anything moves.

    Whether it does is asked of the places that VMs are bound for: what is under way need not be mended again.
    """

    text: str
    line: int

    __slots__ = ()

    @abstractmethod
    def strays(self, projection: Projection) -> int:
        """How many VMs are where the statement does not want them."""

    @abstractmethod
    def against(self, projection: Projection) -> Flags:
        """The VMs among which the strays are; none where it is whole."""

    def menders(self, projection: Projection) -> Flags:
        """The VMs any one of which may make it less broken by moving."""
        return self.against(projection)


@dataclass(frozen=True, slots=True)
class Apart(KeepWall):
    """`keep S apart`: never two on one host."""

    members: Flags
    text: str
    line: int

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """Hosts that have another member, or await one."""
        if self.members[vm]:
            others = self.members.copy()
            others[vm] = False
            yield Barred(projection.count(others) > 0, self.text, self.line)

    def strays(self, projection: Projection) -> int:
        """Every member beyond the first of its host."""
        return int(np.maximum(_awaited(projection, self.members) - 1, 0).sum())

    def against(self, projection: Projection) -> Flags:
        """All members of a host that has several."""
        return self.members & (_awaited(projection, self.members) > 1)[projection.bound]


@dataclass(frozen=True, slots=True)
class Beside(KeepWall):
    """`keep S with S2`: each of S has one of S2 on its host. A wall that was broken before may stay so, not spread."""

    members: Flags
    company: Flags
    text: str
    line: int

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:
        """The last of the company may not leave members alone."""
        members, company = projection.count(self.members), self._staying(projection)
        where = projection.where[vms]
        alone = members[where] - self.members[vms] > 0
        yield Barred(self.company[vms] & (company[where] == 1) & alone, self.text, self.line)

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """A member goes only where company is."""
        if self.members[vm] and not self.company[vm]:
            yield Barred(self._staying(projection) == 0, self.text, self.line)

    def _staying(self, projection: Projection) -> Floats:
        """How much of the company stays on each host; what is on its way there may still fail."""
        return _standing(projection, self.company & ~projection.leaving)

    def strays(self, projection: Projection) -> int:
        """Every member on a host without company."""
        return int(self.against(projection).sum())

    def against(self, projection: Projection) -> Flags:
        """The same."""
        return np.asarray(self.members & (_awaited(projection, self.company) == 0)[projection.bound])

    def menders(self, projection: Projection) -> Flags:
        """Those, and all company, which may come to them."""
        alone = self.against(projection)
        return alone | self.company if alone.any() else alone


@dataclass(frozen=True, slots=True)
class On(KeepWall):
    """`keep S on H`: S only there."""

    members: Flags
    hosts: Flags
    text: str
    line: int

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """Every host that is not certainly one of them."""
        if self.members[vm]:
            yield Barred(~self.hosts, self.text, self.line)

    def strays(self, projection: Projection) -> int:
        """Every member elsewhere."""
        return int(self.against(projection).sum())

    def against(self, projection: Projection) -> Flags:
        """The same."""
        return self.members & ~self.hosts[projection.bound]


@dataclass(frozen=True, slots=True)
class Together(KeepWall):
    """`keep S together`: all of S on one host, its home: where most of their memory stands, unless it is said.

    Alone a member moves home only; from home the group moves as one or not at all.
    """

    members: Flags
    text: str
    line: int
    destination: int | None = None

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:
        """Who is at home stays, as long as there are others."""
        is_alone = self.members.sum() < 2
        yield Barred(
            self.members[vms] & (projection.where[vms] == self.home(projection)) & ~is_alone, self.text, self.line
        )

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """A member goes home or nowhere."""
        if self.members[vm] and self.members.sum() > 1:
            elsewhere = np.ones(len(projection.cores), dtype=bool)
            elsewhere[self.home(projection)] = False
            yield Barred(elsewhere, self.text, self.line)

    def strays(self, projection: Projection) -> int:
        """Every member away from home."""
        return int(self.against(projection).sum())

    def against(self, projection: Projection) -> Flags:
        """The same."""
        return np.asarray(self.members & (projection.bound != self.home(projection)))

    def home(self, projection: Projection) -> int:
        """The host where they are to be; of equals the one with more of them, then the first by name."""
        return self.destination if self.destination is not None else int(self.homes(projection)[0])

    def homes(self, projection: Projection) -> Places:
        """The hosts in the order in which they would do as home, best first."""
        where = projection.bound[self.members]
        memory = np.bincount(where, weights=projection.memory[self.members], minlength=len(projection.cores))
        return np.lexsort([-np.bincount(where, minlength=len(projection.cores)), -memory])


def broken(rules: Ruleset, sets: Sets, reported: Projection, in_transit: Collection[str]) -> int:
    """How many VMs stand against a `keep`, as reported; those `in_transit`, by their text, are expected to."""
    standing = (keep for keep in rules.keeps if keep.text not in in_transit)
    return sum(keep_wall(keep, sets, reported).strays(reported) for keep in standing)


def _awaited(projection: Projection, members: Flags) -> Floats:
    """How many of these VMs each host has once all that are under way have arrived."""
    return np.bincount(projection.bound[members], minlength=len(projection.cores)).astype(float)


def _standing(projection: Projection, members: Flags) -> Floats:
    """How many of these VMs run on each host, wherever they are bound for."""
    return np.bincount(projection.where[members], minlength=len(projection.cores)).astype(float)


def keep_wall(keep: Keep, sets: Sets, projection: Projection, destination: int | None = None) -> KeepWall:
    """The wall that a `keep` statement builds; `destination` is where its group goes, once it has begun to move."""
    members = sets.members(keep.vms, projection).possible
    text, line, other = keep.text, keep.span.line, keep.relation.other
    match keep.relation.how:
        case "apart":
            return Apart(members, text, line)
        case "with" if other is not None:
            return Beside(members, sets.members(other, projection).true, text, line)
        case "on" if other is not None:
            return On(members, sets.members(other, projection).true, text, line)
        case "together":
            return Together(members, text, line, destination)
    raise AssertionError(f"the checker refuses what is not built: {text}")
