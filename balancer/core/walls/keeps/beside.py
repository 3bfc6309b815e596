"""Keeps that bind VMs to a place: `S with S2`, `S on H`, `S together`.

Rule: the company must surely be there, the member only perhaps be one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from balancer.core.figures.projection import Floats, Places, Projection
from balancer.core.walls.keeps.keep import KeepWall, spread, standing
from balancer.core.walls.wall import Barred
from dsl.evaluation import Flags


@dataclass(frozen=True, slots=True)
class Beside(KeepWall):
    """`keep S with S2`: each of S has one of S2 on its host. A wall that was broken before may stay so, not spread."""

    members: Flags
    company: Flags
    text: str
    line: int

    @property
    def sides(self) -> tuple[Flags, ...]:
        """Members and company."""
        return self.members, self.company

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
        return spread(projection, projection.where, self.company & ~projection.leaving)

    def strays(self, projection: Projection) -> int:
        """Every member on a host without company."""
        return int(self.against(projection).sum())

    def swing(self, projection: Projection, vm: int) -> Floats:
        """Whom it leaves alone, whom it joins, and whether it is alone itself."""
        here, rest = projection.where[vm], np.arange(len(self.members)) != vm
        members = standing(projection, self.members & rest)
        alone = standing(projection, self.company & rest) == 0
        if self.company[vm]:
            joined = -members * alone
            return np.asarray(joined - joined[here])
        lonely = (alone & self.members[vm]).astype(float)
        return np.asarray(lonely - lonely[here])

    def against(self, projection: Projection) -> Flags:
        """The same."""
        return np.asarray(self.members & (standing(projection, self.company) == 0)[projection.bound])

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

    @property
    def sides(self) -> tuple[Flags, ...]:
        """Its members."""
        return (self.members,)

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """Every host that is not certainly one of them."""
        if self.members[vm]:
            yield Barred(~self.hosts, self.text, self.line)

    def strays(self, projection: Projection) -> int:
        """Every member elsewhere."""
        return int(self.against(projection).sum())

    def swing(self, projection: Projection, vm: int) -> Floats:
        """One fewer where it comes home, one more where it strays."""
        astray = (~self.hosts & self.members[vm]).astype(float)
        return np.asarray(astray - astray[projection.where[vm]])

    def against(self, projection: Projection) -> Flags:
        """The same."""
        return np.asarray(self.members & ~self.hosts[projection.bound])


@dataclass(frozen=True, slots=True)
class Together(KeepWall):
    """`keep S together`: all of S on one host, its home: where most of their memory stands, unless it is said.

    Alone a member moves home only; from home the group moves as one or not at all.
    """

    members: Flags
    text: str
    line: int
    destination: int | None = None

    @property
    def sides(self) -> tuple[Flags, ...]:
        """The group."""
        return (self.members,)

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:
        """Who is at home stays, as long as there are others."""
        if self.members.sum() > 1:
            at_home = projection.where[vms] == self.home(projection)
            yield Barred(self.members[vms] & at_home, self.text, self.line)

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """A member goes home or nowhere."""
        if self.members[vm] and self.members.sum() > 1:
            elsewhere = np.ones(len(projection.cores), dtype=bool)
            elsewhere[self.home(projection)] = False
            yield Barred(elsewhere, self.text, self.line)

    def strays(self, projection: Projection) -> int:
        """Every member away from home."""
        return int(self.against(projection).sum())

    def swing(self, projection: Projection, vm: int) -> Floats:
        """One fewer where it comes home, one more where it leaves it; a move that makes another host home counts so."""
        swing, source = np.zeros(len(projection.cores)), projection.where[vm]
        if not self.members[vm] or projection.bound[vm] != source:
            return swing
        if self.destination is not None:
            swing[self.destination] = -1.0
            return np.asarray(swing - swing[source])
        memory, count = self._standing(projection)
        now = count[_first_home(memory, count)]
        memory[source] -= projection.memory[vm]
        count[source] -= 1.0
        rival = _first_home(memory, count)
        more = memory + projection.memory[vm] - memory[rival]
        even = count + 1.0 - count[rival]
        hosts = np.arange(len(swing))
        is_home = (more > 0) | (more == 0) & ((even > 0) | (even == 0) & (hosts <= rival))
        return np.asarray(now - np.where(is_home, count + 1.0, count[rival]))

    def against(self, projection: Projection) -> Flags:
        """The same."""
        return np.asarray(self.members & (projection.bound != self.home(projection)))

    def home(self, projection: Projection) -> int:
        """The host where they are to be; of equals the one with more of them, then the first by name."""
        return self.destination if self.destination is not None else _first_home(*self._standing(projection))

    def homes(self, projection: Projection) -> Places:
        """The hosts in the order in which they would do as home, best first."""
        memory, count = self._standing(projection)
        return np.lexsort([-count, -memory])

    def _standing(self, projection: Projection) -> tuple[Floats, Floats]:
        """The memory and the number of members on each host, or bound for it."""
        where, hosts = projection.bound[self.members], len(projection.cores)
        memory = np.bincount(where, weights=projection.memory[self.members], minlength=hosts)
        return memory.astype(float), np.bincount(where, minlength=hosts).astype(float)


def _first_home(memory: Floats, count: Floats) -> int:
    """The host with most memory; of equals the one with more VMs, then the first."""
    return int(np.lexsort([-count, -memory])[0])
