"""Keeps that count: `at most N of S per …`, `S apart`, `S apart from S2`.

Rule: a VM that leaves counts until it is gone, one that arrives as soon as it may.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from balancer.core.figures.domains import Domains
from balancer.core.figures.projection import Floats, Projection
from balancer.core.walls.keeps.keep import KeepWall, spread, standing
from balancer.core.walls.wall import Barred
from dsl.evaluation import Flags


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
    def sides(self) -> tuple[Flags, ...]:
        """Its members."""
        return (self.members,)

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
        present = self.domains.by_domain(spread(projection, projection.where, vms))
        for vm, target in projection.arrivals:
            if vms[vm]:
                present += self.domains.of_host(target) & ~self.domains.of_host(projection.where[vm])
        return present

    def strays(self, projection: Projection) -> int:
        """Every member beyond so many of a domain, and every one outside."""
        members = standing(projection, self.members)
        over = np.maximum(self.domains.by_domain(members) - self.count, 0)
        return int(over.sum() + members[self.domains.outside].sum())

    def swing(self, projection: Projection, vm: int) -> Floats:
        """One fewer in each domain that it relieves, one more in each that it overfills."""
        if not self.members[vm]:
            return np.zeros(len(projection.cores))
        here = projection.where[vm]
        held, own = self.domains.by_domain(standing(projection, self.members)), self.domains.of_host(here)
        outside = self.domains.outside.astype(float)
        overfilled = self.domains.by_host((held >= self.count) & ~own) + outside
        relieved = self.domains.by_host((held > self.count) & own)
        return np.asarray(overfilled - outside[here] - (relieved[here] - relieved))

    def against(self, projection: Projection) -> Flags:
        """All members of an overfilled domain, and those outside."""
        overfilled = self.domains.by_domain(standing(projection, self.members)) > self.count
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
    def sides(self) -> tuple[Flags, ...]:
        """Both."""
        return self.members, self.others

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
        met = standing(projection, self._unwelcome(vm))
        return np.asarray(met - met[projection.where[vm]])

    def against(self, projection: Projection) -> Flags:
        """Both sides, where they meet."""
        return np.asarray((self.members | self.others) & (self._pairs(projection) > 0)[projection.bound])

    def _pairs(self, projection: Projection) -> Floats:
        members, others = standing(projection, self.members), standing(projection, self.others)
        both = standing(projection, self.members & self.others)
        return members * others - both * (both + 1) / 2
