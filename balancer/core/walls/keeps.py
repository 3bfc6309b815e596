"""The statement `keep`: who may be whose neighbour.

Rule: a keep may stand broken from the start; no move breaks one, and none makes a broken one worse. How broken it is,
its strays say: by where each VM is, or is bound for.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from balancer.core.figures.domains import Domains
from balancer.core.figures.projection import Floats, Places, Projection
from balancer.core.figures.scope import Sets
from balancer.core.walls.wall import Barred, Mendable, Wall
from dsl.evaluation import Flags
from dsl.syntax import Keep


class KeepWall(Mendable, ABC):
    """A wall about neighbourhood, which may stand broken before anything moves."""

    __slots__ = ()

    rule = "keep"

    @property
    @abstractmethod
    def concerns(self) -> Flags:
        """The VMs that it speaks of."""

    @abstractmethod
    def strays(self, projection: Projection) -> int:
        """How far from what the statement wants: VMs where they should not be, or pairs that should not."""

    @abstractmethod
    def swing(self, projection: Projection, vm: int) -> Floats:
        """How many strays more, or fewer, there would be with this VM on each host."""


@dataclass(frozen=True, slots=True)
class AtMost(KeepWall):
    """`keep at most N of S per host/TAGKEY`, of which `keep S apart` is the one with 1 per host.

    Within its own domain a VM may move whatever else is there. Hosts in no domain take no member.
    """

    members: Flags
    count: int
    domains: Domains
    text: str
    line: int

    @property
    def concerns(self) -> Flags:
        """Its members."""
        return self.members

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """Hosts whose domain has, or awaits, as many others as may be there."""
        if self.members[vm]:
            others = self.members.copy()
            others[vm] = False
            full = self._present(projection, others) >= self.count
            full &= ~self.domains.of_host(projection.where[vm])
            yield Barred((self.domains.by_host(full) > 0) | self.domains.outside, self.text, self.line)

    def _present(self, projection: Projection, vms: Flags) -> Floats:
        """How many of them are in each domain or bound for it; who is under way within one is there once."""
        present = self.domains.by_domain(_spread(projection, projection.where, vms))
        for vm, target in projection.arrivals:
            if vms[vm]:
                present += self.domains.of_host(target) & ~self.domains.of_host(projection.where[vm])
        return present

    def strays(self, projection: Projection) -> int:
        """Every member beyond so many of a domain, and every one outside."""
        standing = _standing(projection, self.members)
        over = np.maximum(self.domains.by_domain(standing) - self.count, 0)
        return int(over.sum() + standing[self.domains.outside].sum())

    def swing(self, projection: Projection, vm: int) -> Floats:
        """One fewer in each domain that it relieves, one more in each that it overfills."""
        if not self.members[vm]:
            return np.zeros(len(projection.cores))
        here = projection.where[vm]
        held, own = self.domains.by_domain(_standing(projection, self.members)), self.domains.of_host(here)
        outside = self.domains.outside.astype(float)
        overfilled = self.domains.by_host((held >= self.count) & ~own) + outside
        relieved = self.domains.by_host((held > self.count) & own)
        return np.asarray(overfilled - outside[here] - (relieved[here] - relieved))

    def against(self, projection: Projection) -> Flags:
        """All members of an overfilled domain, and those outside."""
        overfilled = self.domains.by_domain(_standing(projection, self.members)) > self.count
        hosts = (self.domains.by_host(overfilled) > 0) | self.domains.outside
        return np.asarray(self.members & hosts[projection.bound])


@dataclass(frozen=True, slots=True)
class ApartFrom(KeepWall):
    """`keep S apart from S2`: no host has one of each."""

    members: Flags
    others: Flags
    text: str
    line: int

    @property
    def concerns(self) -> Flags:
        """Both sides."""
        return np.asarray(self.members | self.others)

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """Hosts that have, or await, one of the other side."""
        if self.members[vm] or self.others[vm]:
            yield Barred(projection.count(self._unwelcome(vm)) > 0, self.text, self.line)

    def _unwelcome(self, vm: int) -> Flags:
        """Whom this VM shall not meet."""
        against = (self.others & self.members[vm]) | (self.members & self.others[vm])
        against[vm] = False
        return np.asarray(against)

    def strays(self, projection: Projection) -> int:
        """Every pair; who is on both sides is no pair with himself, and two such are one."""
        return int(self._pairs(projection).sum())

    def swing(self, projection: Projection, vm: int) -> Floats:
        """Those it would meet, without those it meets."""
        met = _standing(projection, self._unwelcome(vm))
        return np.asarray(met - met[projection.where[vm]])

    def against(self, projection: Projection) -> Flags:
        """Both sides, where they meet."""
        return np.asarray((self.members | self.others) & (self._pairs(projection) > 0)[projection.bound])

    def _pairs(self, projection: Projection) -> Floats:
        members, others = _standing(projection, self.members), _standing(projection, self.others)
        both = _standing(projection, self.members & self.others)
        return members * others - both * (both + 1) / 2


@dataclass(frozen=True, slots=True)
class Beside(KeepWall):
    """`keep S with S2`: each of S has one of S2 on its host. A wall that was broken before may stay so, not spread."""

    members: Flags
    company: Flags
    text: str
    line: int

    @property
    def concerns(self) -> Flags:
        """Members and company."""
        return np.asarray(self.members | self.company)

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
        return _spread(projection, projection.where, self.company & ~projection.leaving)

    def strays(self, projection: Projection) -> int:
        """Every member on a host without company."""
        return int(self.against(projection).sum())

    def swing(self, projection: Projection, vm: int) -> Floats:
        """Whom it leaves alone, whom it joins, and whether it is alone itself."""
        here, rest = projection.where[vm], np.arange(len(self.members)) != vm
        members = _standing(projection, self.members & rest)
        alone = _standing(projection, self.company & rest) == 0
        if self.company[vm]:
            joined = -members * alone
            return np.asarray(joined - joined[here])
        lonely = (alone & self.members[vm]).astype(float)
        return np.asarray(lonely - lonely[here])

    def against(self, projection: Projection) -> Flags:
        """The same."""
        return np.asarray(self.members & (_standing(projection, self.company) == 0)[projection.bound])

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
    def concerns(self) -> Flags:
        """Its members."""
        return self.members

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
    def concerns(self) -> Flags:
        """The group."""
        return self.members

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


def broken(walls: Iterable[Wall], reported: Projection, in_transit: Collection[str]) -> int:
    """How many strays there are by the reports, over all keeps of these walls but those `in_transit`, by their text."""
    keeps = (wall for wall in walls if isinstance(wall, KeepWall))
    return sum(wall.strays(reported) for wall in keeps if wall.text not in in_transit)


def _standing(projection: Projection, vms: Flags) -> Floats:
    """How many of these VMs are on each host, those under way where they are bound for."""
    return _spread(projection, projection.bound, vms)


def _spread(projection: Projection, where: Places, vms: Flags) -> Floats:
    return np.bincount(where[vms], minlength=len(projection.cores)).astype(float)


def keep_wall(keep: Keep, sets: Sets, destination: int | None = None) -> KeepWall:
    """The wall that a `keep` statement builds; `destination` is where its group goes, once it has begun to move."""
    members = sets.members(keep.vms).possible
    text, line, relation = keep.text, keep.span.line, keep.relation
    match relation.how:
        case "apart":
            return AtMost(members, 1, sets.domains("host"), text, line)
        case "at_most" if relation.count is not None and relation.per is not None:
            return AtMost(members, relation.count, sets.domains(relation.per), text, line)
        case "apart_from" if relation.other is not None:
            return ApartFrom(members, sets.members(relation.other).possible, text, line)
        case "with" if relation.other is not None:
            return Beside(members, sets.members(relation.other).true, text, line)
        case "on" if relation.other is not None:
            return On(members, sets.members(relation.other).true, text, line)
        case "together":
            return Together(members, text, line, destination)
    raise AssertionError(f"the checker refuses what is not built: {text}")
