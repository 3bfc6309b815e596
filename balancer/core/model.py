"""The nouns of the balancer. One thing, one word, one type.

Rule: frozen values. Times are seconds since the epoch as the clock port tells them, memory is in MiB, CPU in busy CPUs
(1.0 = one physical CPU fully used), `None` means unknown and is never guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from agents.report import Report
from balancer.core.history import History
from dsl.hours import WallTime
from dsl.syntax import Kind

ROUNDS_TO_JOIN: Final = 2
"""Complete rounds in which a found host has to report before it takes part."""

# -- what came in ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Discovered:
    """A host that was found, not configured: the complete rounds in which it reported, and since when it does not.

    A round is complete when every host reported that was expected to. `silent_since` is the first round, since it last
    reported, in which it was asked and did not.
    """

    name: str
    rounds: int = 0
    silent_since: float | None = None

    @property
    def takes_part(self) -> bool:
        """It is expected, and may give and take VMs."""
        return self.rounds >= ROUNDS_TO_JOIN


@dataclass(frozen=True, slots=True)
class Gathering:
    """What one round's question brought: reports, who was expected to answer, and what had to be refused, by reason.

    `discovered` are the found hosts as they stand after this round, also those whose reports do not count yet; `closed`
    says of hosts that cannot take a VM, whatever they report, why not.
    """

    reports: tuple[Report, ...]
    expected: tuple[str, ...]
    refused: Mapping[str, int] = field(default_factory=dict)
    discovered: tuple[Discovered, ...] = ()
    closed: Mapping[str, str] = field(default_factory=dict)


# -- what is so -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Host:
    """A hypervisor that reported in this round. `busy` includes Domain-0; None until two samples make an interval.

    `contention` is the share of time in which Domain-0 was ready to run and had to wait. `offers`, `cpu` and `facts`
    are as in its report.
    """

    name: str
    boot_id: str
    cores: float
    memory: float
    memory_free: float
    load: float
    busy: float | None
    uptime: float | None = None
    maintenance: bool = False
    tags: tuple[str, ...] = ()
    xen: str | None = None
    cpu_group: str | None = None
    contention: float | None = None
    cpu: str | None = None
    offers: frozenset[str] = frozenset()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vm:
    """A VM on a host that reported in this round.

    `eaten` is the CPU time, s, since its reference (0 at first sight); `counter` the cumulative CPU time, s,
    registered as the new reference; `cpu` what it uses, in busy CPUs: measured, else as last known before it came to
    this host. `needs` and `note` are as in the report.
    """

    uuid: str
    name: str
    host: str
    state: str
    vcpus: int
    memory: float
    cpu: float | None
    eaten: float
    counter: float
    is_new: bool
    age: float
    passthrough: bool = False
    tags: tuple[str, ...] = ()
    domain_id: int = 0
    needs: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One VM that several hosts report: shown, left alone, never moved. `why`: what it looks like, and a way out."""

    uuid: str
    name: str
    hosts: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Journey:
    """A VM that has moved, and when it was first seen at its target."""

    vm: str
    uuid: str
    source: str
    target: str
    seen: float


@dataclass(frozen=True, slots=True)
class Observation:
    """The farm in one round: hosts by name, VMs by name, who was silent, what is in doubt, what others moved.

    `journeys` are the moves of others, `arrivals` those and our own. `found` are hosts that do not take part yet;
    `closed` says of hosts that cannot take a VM why not; `wall` is what clocks show in the time zones that the rules
    speak of.
    """

    round: int
    now: float
    hosts: tuple[Host, ...]
    vms: tuple[Vm, ...]
    silent: tuple[str, ...]
    doubts: tuple[Doubt, ...]
    expected: int
    refused: Mapping[str, int]
    found: tuple[Discovered, ...] = ()
    closed: Mapping[str, str] = field(default_factory=dict)
    journeys: tuple[Journey, ...] = ()
    arrivals: tuple[Journey, ...] = ()
    wall: Mapping[str, WallTime] = field(default_factory=dict)

    @property
    def complete(self) -> float:
        """The share of expected hosts that reported; 0 where none is expected, for then nobody can know."""
        return len(self.hosts) / self.expected if self.expected else 0.0

    def host(self, name: str) -> Host | None:
        """The host of that name, None where it did not report."""
        return next((host for host in self.hosts if host.name == name), None)


# -- what is remembered ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reference:
    """A VM's last CPU-time counter with its identity: a difference across identities means nothing."""

    uuid: str
    host: str
    boot_id: str
    domain_id: int
    cpu_ns: int
    instant: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """When a VM was first seen anywhere, what it was last known to use, and where. Moves do not reset it."""

    uuid: str
    first_seen: float
    last_seen: float
    cpu: float | None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Streak:
    """For how many reports in a row a rule's condition has held on a host; `condition` identifies the rule's test."""

    rule: str
    condition: str
    host: str
    boot_id: str
    rounds: int
    since: float
    last: float
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Engagement:
    """A rule that has begun to relieve a host and goes on until reports meet its `until`."""

    rule: str
    condition: str
    host: str


# -- what is wanted -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Transit:
    """VMs that move as one, and the round that decided it: `walls` are the `keep`s that are broken until all are there.

    `vms` are uuids, in the order of their moves.
    """

    vms: tuple[str, ...]
    walls: tuple[str, ...]
    round: int


@dataclass(frozen=True, slots=True)
class Move:
    """One VM from one host to another, and why.

    `line` is the rule's, None of an operator's drain; `wave` says what may run side by side. `domain_id` is the one
    that it had when this was decided: another one is another VM in its place. `leaves` and `enters` are the tags
    `key:value` of its source and of its target: what is counted `per` such a key. `transit` is the group that it
    belongs to, where it does not move alone.
    """

    vm: str
    uuid: str
    source: str
    target: str
    rule: str
    line: int | None
    reason: str
    why: str
    numbers: Mapping[str, float]
    memory: float
    wave: int = 1
    domain_id: int = 0
    leaves: tuple[str, ...] = ()
    enters: tuple[str, ...] = ()
    transit: Transit | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A candidate refused: a target for a VM, or (without `host`) the VM itself; `kind` is that of value and limit."""

    vm: str
    host: str | None
    rule: str
    line: int | None
    reason: str
    value: float | str | None = None
    limit: float | str | None = None
    kind: Kind = Kind.NUMBER


@dataclass(frozen=True, slots=True)
class Spread:
    """How even the farm is, over the hosts that reported: greatest and standard deviation of busy share and load."""

    cpu_max: float
    cpu_std: float
    load_max: float
    load_std: float


@dataclass(frozen=True, slots=True)
class Unmended:
    """A wall that stands broken and that no move mends: how many VMs stand against it, and what keeps one of them."""

    rule: str
    line: int
    text: str
    strays: float
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All moves that the rules ask for, in an order that may be executed, and what was refused on the way.

    `frozen` says why nothing is decided at all, `frozen_by` the line of the `freeze` (0: the default); `waiting` are
    the kinds of move that wait for their window; `tally` counts every rejection by reason, `rejections` lists the
    nearest; `sentence` is the round in one sentence; `broken` counts the VMs against a `keep`, `unmended` are the walls
    that stay broken after all these moves.
    """

    round: int
    complete: float
    frozen: str | None
    moves: tuple[Move, ...]
    rejections: tuple[Rejection, ...]
    tally: Mapping[str, int]
    before: Spread
    after: Spread
    sentence: str
    broken: int = 0
    frozen_by: int | None = None
    waiting: tuple[str, ...] = ()
    unmended: tuple[Unmended, ...] = ()


# -- what is under way ----------------------------------------------------------------------------------------


class OrderState(StrEnum):
    """How an order stands. `intent` is durable, not yet sent; `in doubt` lasts until somebody saw where the VM is."""

    INTENT = "intent"
    UNDER_WAY = "under way"
    DONE = "done"
    FAILED = "failed"
    IN_DOUBT = "in doubt"


@dataclass(frozen=True, slots=True)
class Order:
    """A move on its way. `mode` is the one it was given in: what was only rehearsed stays so, whoever tells of it.

    `predicted` is how long it should take, `limit` after how long it is overdue, `seconds` how long it took. With
    `hands_over` the VM arrives paused, and its target lets it run once it is gone from its source. `never_begun` is one
    that failed before anything was done: its source refused it, or never got it.
    """

    id: str
    epoch: int
    round: int
    move: Move
    state: OrderState
    started: float
    ended: float | None = None
    detail: str = ""
    mode: str = "active"
    predicted: float | None = None
    limit: float = 1800.0
    seconds: float | None = None
    hands_over: bool = False
    never_begun: bool = False

    @property
    def is_open(self) -> bool:
        """Still to be reckoned with: the VM and both hosts are not free."""
        return self.is_under_way or self.state is OrderState.IN_DOUBT

    @property
    def is_under_way(self) -> bool:
        """Written down or sent, and its end is awaited."""
        return self.state in {OrderState.INTENT, OrderState.UNDER_WAY}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What hosts said against a move when they looked again just before it, and when; without a target: its source."""

    uuid: str
    target: str | None
    reason: str
    time: float


@dataclass(frozen=True, slots=True)
class Drained:
    """A host that an operator wants empty: who said so, and when."""

    host: str
    who: str
    since: float


@dataclass(frozen=True, slots=True)
class State:
    """What is carried from round to round, as of `time`. `orders` are the open ones and those that still matter.

    `journeys` are the moves of others. `resumed` is when an operator last said `resume`: what failed before that is
    forgiven. `own_vm` is the VM that the balancer runs in, by uuid or name, where it may not be moved. `drained` are
    the hosts that operators want empty, by name. `history` has what the rules aggregate over time, and `arrivals` all
    moves as far as they look back; both include this round.
    """

    round: int = 0
    time: float = 0.0
    references: tuple[Reference, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    streaks: tuple[Streak, ...] = ()
    engagements: tuple[Engagement, ...] = ()
    orders: tuple[Order, ...] = ()
    journeys: tuple[Journey, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    resumed: float = 0.0
    own_vm: str | None = None
    drained: tuple[Drained, ...] = ()
    history: History = field(default_factory=History)
    arrivals: tuple[Journey, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """One round: what was seen, what it made of the state, and what is to be done."""

    observation: Observation
    plan: Plan
    state: State
    rules_file: str
    rules_sha256: str
