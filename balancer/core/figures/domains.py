"""What stands behind `per`: each host for itself, or all hosts that bear the same tag of a key.

Rule: `rack:a` is a tag of the key `rack`; whoever bears it is of one domain. A host may be in several, or in none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from balancer.core.figures.projection import Floats, Places
from balancer.core.figures.tags import of_key
from balancer.core.model import Host
from dsl.evaluation import Flags


@dataclass(frozen=True, slots=True)
class Domains:
    """Which hosts are in which domains: pairs of places, `size` hosts and `count` domains in all.

    `outside` are the hosts that are in none; where each host `is_alone`, a figure of a host is one of its domain.
    """

    hosts: Places
    numbers: Places
    size: int
    count: int
    outside: Flags
    is_alone: bool = False

    @classmethod
    def of(cls, per: str, hosts: Sequence[Host]) -> Self:
        """The domains of a `per`: `host`, or the key of a tag."""
        if per == "host":
            each = np.arange(len(hosts))
            return cls(each, each, len(hosts), len(hosts), np.zeros(len(hosts), dtype=bool), is_alone=True)
        pairs = [(place, tag) for place, host in enumerate(hosts) for tag in of_key(per, host.tags)]
        known = {tag: number for number, tag in enumerate(dict.fromkeys(tag for _, tag in pairs))}
        places = np.array([place for place, _ in pairs], dtype=np.intp)
        numbers = np.array([known[tag] for _, tag in pairs], dtype=np.intp)
        outside = np.bincount(places, minlength=len(hosts)) == 0
        return cls(places, numbers, len(hosts), len(known), outside)

    def by_domain(self, per_host: Floats) -> Floats:
        """A figure of each host, added up by domain."""
        if self.is_alone:
            return per_host.astype(float)
        return np.bincount(self.numbers, weights=per_host[self.hosts], minlength=self.count).astype(float)

    def by_host(self, per_domain: Floats | Flags) -> Floats:
        """A figure of each domain, added up by host: of all that it is in."""
        if self.is_alone:
            return per_domain.astype(float)
        return np.bincount(self.hosts, weights=per_domain[self.numbers], minlength=self.size).astype(float)

    def of_host(self, host: int) -> Flags:
        """The domains that a host is in."""
        flags = np.zeros(self.count, dtype=bool)
        flags[self.numbers[self.hosts == host]] = True
        return flags
