"""What there is in a simulated farm: hosts, copies of VMs on them, and the calls that were made.

Rule: these are facts alone; who changes them commits the counters first (`World.changing`). Time is whole ns.
"""

import uuid
from dataclasses import dataclass, field
from typing import Final, Literal

from agents.hypervisor import Migration
from agents.hypervisor.sampling import Samples
from agents.hypervisor.scenario import Host, Vm

SECOND: Final = 10**9
BOOTED_BEFORE: Final = 30 * 86_400 * SECOND


@dataclass(frozen=True, slots=True)
class Condition:
    """How a copy of a VM is: the state that is reported, whether it `lives` (eats), and what its state does not say."""

    name: str
    state: str = ""
    lives: bool = False
    note: str = ""


RUNS: Final = Condition("runs", "running", lives=True)
FALSELY_PAUSED: Final = Condition("falsely paused", "running", lives=True, note="falsely paused")
STANDS_STILL: Final = Condition("stands still", "running")
SUSPENDED: Final = Condition("suspended", "paused")
HANDED_OVER: Final = Condition("handed over", "paused")
ORPHAN: Final = Condition("orphan", "paused")
ARRIVING: Final = Condition("arriving", "arriving")


@dataclass(slots=True)
class Copy:
    """A VM on a host, as one domain that holds `memory` there.

    `cpu_ns` is its counter as of its host's `since`; it eats `rate[0] / rate[1]` ns a ns since. Somebody
    last moved it or tried to at `awake_since`, None where nobody ever did.
    """

    spec: Vm
    host: str
    domain_id: int
    memory: float
    condition: Condition = RUNS
    cpu_ns: int = 0
    demand: int = 0
    rate: tuple[int, int] = (0, 1)
    awake_since: int | None = None


@dataclass(slots=True)
class VmInPlay:
    """A VM; `host` is where it is at home: where it runs or, where it does not, where it last did or will."""

    spec: Vm
    host: str
    born: bool = False


@dataclass(slots=True)
class HostInPlay:
    """A hypervisor; `since` is the instant up to which its VMs' counters are committed."""

    spec: Host
    up: bool
    booted: int = -BOOTED_BEFORE
    boots: int = 1
    since: int = 0
    silent: bool = False
    libvirtd: Literal["up", "stopped", "hung"] = "up"
    maintenance: bool = False
    next_id: int = 1
    sequence: int = 0
    copies: dict[str, Copy] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)
    samples: Samples[tuple[str, int, int, bool]] = field(default_factory=Samples)
    demand: int = 0

    @property
    def boot_id(self) -> str:
        """Another one for each boot."""
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.boots}.{self.spec.name}.host.xen-balancer"))

    @property
    def answers(self) -> bool:
        """Whether its agent can be heard, and can read what it is asked for."""
        return self.up and not self.silent and self.libvirtd == "up"

    @property
    def memory_free(self) -> float:
        """MiB that neither Domain-0 nor a copy of a VM holds."""
        return self.spec.memory - self.spec.dom0_memory - sum(copy.memory for copy in self.copies.values())

    @property
    def overloaded(self) -> bool:
        """Whether its VMs ask for more CPU than it has."""
        return self.up and self.demand > self.spec.cores * SECOND

    def new_domain_id(self) -> int:
        """The next one; Xen never uses one twice within a boot."""
        self.next_id += 1
        return self.next_id - 1


@dataclass(slots=True)
class Call:
    """A migration that was asked of `source`, and what its caller knows of it: what `state`, `error`, `ended` tell."""

    migration: Migration
    source: str
    started: int
    state: Literal["under way", "done", "failed", "lost"] = "under way"
    error: str = ""
    ended: int | None = None
