"""The statement `keep`: who may be whose neighbour.

Rule: a keep may stand broken from the start; no move breaks one, and none makes a broken one worse.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from balancer.core.projection import Floats, Places, Projection
from balancer.core.scope import Sets
from balancer.core.walls import Barred, Wall
from dsl.evaluation import Flags
from dsl.ruleset import Ruleset
from dsl.syntax import Keep


class KeepWall(Wall, ABC):
    """A wall about neighbourhood, which may stand broken before anything moves."""

    __slots__ = ()

    @abstractmethod
    def strays(self, projection: Projection) -> int:
        """How many VMs are where the statement does not want them."""


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
        return int(np.maximum(_standing(projection, self.members) - 1, 0).sum())


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
        alone = _standing(projection, self.company) == 0
        return int((_standing(projection, self.members) * alone).sum())


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
        return int((self.members & ~self.hosts[projection.where]).sum())


def broken(rules: Ruleset, sets: Sets) -> int:
    """How many VMs stand against a `keep`, as reported."""
    return sum(keep_wall(keep, sets).strays(sets.reported) for keep in rules.keeps)


def _standing(projection: Projection, members: Flags) -> Floats:
    """How many of these VMs run on each host, wherever they are bound for."""
    return np.bincount(projection.where[members], minlength=len(projection.cores)).astype(float)


def keep_wall(keep: Keep, sets: Sets) -> KeepWall:
    """The wall that a `keep` statement builds."""
    members = sets.members(keep.vms).possible
    text, line, other = keep.text, keep.span.line, keep.relation.other
    match keep.relation.how:
        case "apart":
            return Apart(members, text, line)
        case "with" if other is not None:
            return Beside(members, sets.members(other).true, text, line)
        case "on" if other is not None:
            return On(members, sets.members(other).true, text, line)
    raise AssertionError(f"the checker refuses what is not built: {text}")
