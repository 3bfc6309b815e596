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
    """Which hosts are in which domains: pairs of places, `size` hosts and `count` domains in all."""

    hosts: Places
    numbers: Places
    size: int
    count: int

    @classmethod
    def of(cls, per: str, hosts: Sequence[Host]) -> Self:
        """The domains of a `per`: `host`, or the key of a tag."""
        if per == "host":
            each = np.arange(len(hosts))
            return cls(each, each, len(hosts), len(hosts))
        pairs = [(place, tag) for place, host in enumerate(hosts) for tag in of_key(per, host.tags)]
        known = {tag: number for number, tag in enumerate(dict.fromkeys(tag for _, tag in pairs))}
        places = np.array([place for place, _ in pairs], dtype=np.intp)
        numbers = np.array([known[tag] for _, tag in pairs], dtype=np.intp)
        return cls(places, numbers, len(hosts), len(known))

    def by_domain(self, per_host: Floats) -> Floats:
        """A figure of each host, added up by domain."""
        return np.bincount(self.numbers, weights=per_host[self.hosts], minlength=self.count).astype(float)

    def by_host(self, per_domain: Floats | Flags) -> Floats:
        """A figure of each domain, added up by host: of all that it is in."""
        return np.bincount(self.hosts, weights=per_domain[self.numbers], minlength=self.size).astype(float)

    def of_host(self, host: int) -> Flags:
        """The domains that a host is in."""
        flags = np.zeros(self.count, dtype=bool)
        flags[self.numbers[self.hosts == host]] = True
        return flags

    @property
    def outside(self) -> Flags:
        """Hosts that are in none."""
        return np.asarray(np.bincount(self.hosts, minlength=self.size) == 0)
