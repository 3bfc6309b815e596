"""Domains as libvirt shows them at one instant, and what their states really mean.

Rule: libvirt's state is not believed where two real hosts were seen to say something else: a domain that is on its way
here is called shut off, and one whose migration was refused is called paused while it runs.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

import libvirt

from agents.hypervisor.libvirt_xen.definition import Traits, traits_of
from agents.hypervisor.sampling import Reading
from agents.hypervisor.terms import Terms
from agents.report import ARRIVING, FALSELY_PAUSED, Counter, VmReport

TRAITS_SECONDS: Final = 300.0
NOBODY: Final = "00000000-0000-0000-0000-000000000000"
RUNS_NS: Final = 1_000_000
"""CPU time that a domain which is called paused has used since, if it is not."""

STATES: Final[Mapping[int, str]] = {
    libvirt.VIR_DOMAIN_RUNNING: "running",
    libvirt.VIR_DOMAIN_BLOCKED: "blocked",
    libvirt.VIR_DOMAIN_PAUSED: "paused",
    libvirt.VIR_DOMAIN_SHUTDOWN: "shutdown",
    libvirt.VIR_DOMAIN_SHUTOFF: "shutoff",
    libvirt.VIR_DOMAIN_CRASHED: "crashed",
    libvirt.VIR_DOMAIN_PMSUSPENDED: "pmsuspended",
}
UNKNOWN: Final = "unknown"
"""A state that libvirt does not tell, or we do not know: nothing that moves."""

UNANSWERED: Final = frozenset({libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_NO_DOMAIN})
"""Errors of a question about jobs that say: this driver knows of none, or there is nothing any more that has one."""

IDLE: Final = frozenset({libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_SHUTOFF})
"""States that have a reason worth asking for."""
PAUSED_BY_MIGRATION: Final = (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION)
NOT_HERE_YET: Final = frozenset(
    {PAUSED_BY_MIGRATION, (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_STARTING_UP)}
)
MIGRATED_AWAY: Final = (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED)

Identity = tuple[str, int]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain at the instant of its reading; `by_migration`: paused, and libvirt says because of one."""

    uuid: str
    name: str
    id: int
    state: str
    vcpus: int
    memory_mb: float
    persistent: bool
    reading: Reading
    traits: Traits
    by_migration: bool = False
    note: str = ""

    @property
    def identity(self) -> Identity:
        """What its counter belongs to, within one boot of the host."""
        return self.uuid, self.id

    @property
    def is_own(self) -> bool:
        """It is Domain-0, the host itself."""
        return self.id == 0 or self.uuid == NOBODY

    def told(self, counter: Counter) -> VmReport:
        """As a report tells it."""
        return VmReport(
            uuid=self.uuid,
            name=self.name,
            domain_id=self.id,
            state=self.state,
            vcpus=self.vcpus,
            memory_mb=self.memory_mb,
            counter=counter,
            persistent=self.persistent,
            passthrough=self.traits.passthrough,
            tags=self.traits.tags,
            needs=self.traits.needs,
            note=self.note,
        )


class Domains:
    """The domains of a host from one look to the next: what costs much to ask is kept, and so is who was paused when.

    An XML is asked for when a domain is new, and again every few minutes.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms: Final = terms
        self._traits: dict[Identity, tuple[float, Traits]] = {}
        self._paused: dict[Identity, int] = {}

    def here(self, connection: libvirt.virConnect) -> tuple[Domain, ...]:
        """Those that run, are paused or on their way here, by name, Domain-0 among them.

        Whatever vanishes meanwhile is left out. libxl gives one that arrives no id before it runs.
        """
        return tuple(self._as_they_are(self._looked_at(connection.listAllDomains())))

    def _looked_at(self, listed: Iterable[libvirt.virDomain]) -> Iterator[Domain]:
        kept, self._traits = self._traits, {}
        for handle in sorted(listed, key=lambda each: str(each.name())):
            domain = _unless_vanished(handle, partial(self._domain, handle, kept))
            if domain is not None and domain.state != "shutoff":
                yield domain

    def _domain(self, handle: libvirt.virDomain, kept: Mapping[Identity, tuple[float, Traits]]) -> Domain | None:
        identity = handle.UUIDString(), handle.ID()
        now = time.monotonic()
        if identity[1] < 0 and not is_busy(handle):
            return None
        read_at, traits = kept.get(identity, (-TRAITS_SECONDS, Traits()))
        if now - read_at >= TRAITS_SECONDS:
            # Domain-0 is no VM: it has nothing that could stop it from being moved.
            shared = self._terms.shared_storage
            read_at, traits = now, Traits() if identity[1] == 0 else traits_of(handle.XMLDesc(), shared)
        self._traits[identity] = read_at, traits
        return read(handle, traits)

    def _as_they_are(self, domains: Iterable[Domain]) -> Iterator[Domain]:
        """Whoever has used CPU time since it was first seen paused by a migration runs."""
        kept, self._paused = self._paused, {}
        for domain in domains:
            if not domain.by_migration:
                yield domain
                continue
            since = self._paused[domain.identity] = kept.get(domain.identity, domain.reading.cpu_ns)
            runs = domain.reading.cpu_ns - since >= RUNS_NS
            yield replace(domain, state="running", note=FALSELY_PAUSED) if runs else domain


def read(handle: libvirt.virDomain, traits: Traits) -> Domain:
    """The domain now."""
    code, _limit, memory_kib, vcpus, cpu_ns = handle.info()
    reading = Reading(cpu_ns, time.monotonic())
    why = (code, handle.state()[1]) if code in IDLE else (code, 0)
    arrives = _arrives(handle, why)
    return Domain(
        uuid=handle.UUIDString(),
        name=handle.name(),
        id=handle.ID(),
        state=ARRIVING if arrives else STATES.get(code, UNKNOWN),
        vcpus=vcpus,
        memory_mb=memory_kib / 1024,
        persistent=bool(handle.isPersistent()),
        reading=reading,
        traits=traits,
        by_migration=why == PAUSED_BY_MIGRATION and not arrives,
    )


def _arrives(handle: libvirt.virDomain, why: tuple[int, int]) -> bool:
    """Whether it is on its way here: libxl calls it shut off and tells its job, QEMU calls it paused and does not.

    One that has an id by now, but had none when it was listed, has just come.
    """
    if handle.ID() < 0 and why[0] != libvirt.VIR_DOMAIN_SHUTOFF:
        return True
    if why[0] == libvirt.VIR_DOMAIN_SHUTOFF:
        return why != MIGRATED_AWAY and is_busy(handle)
    return why in NOT_HERE_YET and _job(handle) is None and bool(handle.isActive())


def is_busy(handle: libvirt.virDomain) -> bool:
    """Whether a job is at work on it, such as a migration; where an active one will not tell, one is."""
    job = _job(handle)
    return bool(handle.isActive()) if job is None else job != libvirt.VIR_DOMAIN_JOB_NONE


def _job(handle: libvirt.virDomain) -> int | None:
    """The type of the job that is at work on it; None where it will not tell."""
    try:
        job: int = handle.jobInfo()[0]
    except libvirt.libvirtError as error:
        return libvirt.VIR_DOMAIN_JOB_NONE if error.get_error_code() in UNANSWERED else None
    return job


def _unless_vanished(handle: libvirt.virDomain, look: Callable[[], Result]) -> Result | None:
    """What `look` returns, None where the domain is gone. libxl says so with an internal error for a moment."""
    try:
        return look()
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        if error.get_error_code() == libvirt.VIR_ERR_INTERNAL_ERROR and not _is_listed(handle):
            return None
        raise


def _is_listed(handle: libvirt.virDomain) -> bool:
    listed = handle.connect().listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
    return handle.UUIDString() in {domain.UUIDString() for domain in listed}
