"""The hypervisor behind libvirt, made for Xen's libxl driver; it works with any other driver as well.

Rule: only calls that libxl answers, so one call for each domain and no bulk statistics. libvirt's words (node, domain)
end here. A domain that vanishes while one looks is nobody's mistake; a connection that breaks is opened anew, once.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar
from xml.etree import ElementTree as ET

import libvirt

from agents.hypervisor import HypervisorError, Migration, kernel
from agents.hypervisor.patience import Patience
from agents.hypervisor.sampling import Reading, Samples
from agents.report import Counter, Report, VmReport

DEFAULT_URI: Final = "xen:///system"
TAGS_NAMESPACE: Final = "urn:xen-balancer:tags:1"
TRAITS_SECONDS: Final = 300.0
NOBODY: Final = "00000000-0000-0000-0000-000000000000"

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
MOVABLE: Final = frozenset({"running", "blocked"})

Identity = tuple[str, int]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Traits:
    """What a domain's XML says that concerns a balancer."""

    passthrough: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Domain:
    """One active domain at the instant of its reading."""

    uuid: str
    name: str
    id: int
    state: str
    vcpus: int
    memory_mb: float
    persistent: bool
    reading: Reading
    traits: Traits

    @property
    def identity(self) -> Identity:
        """What its counter belongs to, within one boot of the host."""
        return self.uuid, self.id

    @property
    def is_own(self) -> bool:
        """It is Domain-0, the host itself."""
        return self.id == 0 or self.uuid == NOBODY


def migration_flags(*, persistent: bool) -> int:
    """The flags of a migration: live, peer to peer; a definition moves along and never stands at both ends."""
    flags: int = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_PEER2PEER
    if persistent:
        flags |= libvirt.VIR_MIGRATE_PERSIST_DEST | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    return flags


def xen_version(number: int) -> str:
    """The version in words: 4017005 is 4.17.5; a release of 0 is left out, since libxl does not tell it."""
    major, minor, release = number // 1_000_000, number // 1000 % 1000, number % 1000
    return f"{major}.{minor}.{release}" if release else f"{major}.{minor}"


def traits_of(xml: str) -> Traits:
    """The traits in a domain's XML; tags stand in `<metadata>`, as the text of our own `tags` element."""
    domain = ET.fromstring(xml)  # noqa: S314 - libvirt's own output; expat bounds what entities expand to
    passes = domain.find("devices/hostdev") is not None or domain.find("devices/interface[@type='hostdev']") is not None
    return Traits(passes, tuple(domain.findtext(f"metadata/{{{TAGS_NAMESPACE}}}tags", "").split()))


class LibvirtHypervisor:
    """The host behind a libvirt URI; `host` is the name it reports under. A report waits `patience` seconds at most."""

    def __init__(self, host: str, uri: str = DEFAULT_URI, patience: float = 10.0) -> None:
        # libvirt prints errors to stderr as well as raising them; here the exception is enough.
        libvirt.registerErrorHandler(_ignore, None)
        self._host: Final = host
        self._uri: Final = uri
        self._patience: Final = Patience(patience)
        self._seconds: Final = patience
        self._connection: libvirt.virConnect | None = None
        self._samples: Final[Samples[Identity]] = Samples()
        self._traits: dict[Identity, tuple[float, Traits]] = {}
        self._sequence = 0

    def report(self) -> Report:
        """The host as it is now; HypervisorError where libvirt refuses or does not answer in time."""
        try:
            return self._patience.call(self._report)
        except TimeoutError:
            raise HypervisorError(
                f"{self._uri} has not answered for {self._seconds:g} s; is libvirtd (virtxend) alive? see its log"
            ) from None
        except libvirt.libvirtError as error:
            raise HypervisorError(f"{self._uri}: {error.get_error_message()}") from None

    def migrate(self, migration: Migration) -> None:
        """Send the VM away, on a connection of its own; it may take as long as it takes."""
        try:
            with closing(libvirt.open(self._uri)) as connection:
                domain = connection.lookupByUUIDString(migration.vm_uuid)
                self._refuse(migration, domain)
                parameters = {} if migration.migration_uri is None else {"migrate_uri": migration.migration_uri}
                flags = migration_flags(persistent=bool(domain.isPersistent()))
                domain.migrateToURI3(migration.target_uri, parameters, flags)
        except libvirt.libvirtError as error:
            raise HypervisorError(error.get_error_message()) from None

    def start(self, name: str) -> None:
        """Start a VM that is defined here."""
        self._with_domain(name, lambda domain: domain.create())

    def destroy(self, name: str) -> None:
        """Stop a VM at once."""
        self._with_domain(name, lambda domain: domain.destroy())

    def _with_domain(self, name: str, act: Callable[["libvirt.virDomain"], object]) -> None:
        try:
            with closing(libvirt.open(self._uri)) as connection:
                act(connection.lookupByName(name))
        except libvirt.libvirtError as error:
            raise HypervisorError(error.get_error_message()) from None

    def _refuse(self, migration: Migration, domain: libvirt.virDomain) -> None:
        """Raise what stands in the way. libxl itself would try with Domain-0, and would report it paused ever after."""
        seen = _domain(domain, traits_of(domain.XMLDesc()))
        obstacles = (
            (seen.is_own, "this is Domain-0, the host itself"),
            (seen.state not in MOVABLE, f"it is {seen.state}, only a running VM is moved"),
            (seen.traits.passthrough, "it has devices of this host passed through"),
        )
        for stands_in_the_way, words in obstacles:
            if stands_in_the_way:
                raise HypervisorError(f"{migration.vm_name} cannot be moved: {words}")

    def _report(self) -> Report:
        try:
            return self._read(self._connected())
        except libvirt.libvirtError:
            self._disconnect()
            return self._read(self._connected())

    def _connected(self) -> libvirt.virConnect:
        if self._connection is None:
            self._connection = libvirt.open(self._uri)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # It is broken: that it cannot be closed properly either is no news.
            with suppress(libvirt.libvirtError):
                connection.close()

    def _read(self, connection: libvirt.virConnect) -> Report:
        _model, memory_mb, cores, *_rest = connection.getInfo()
        domains = tuple(self._domains(connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)))
        counters = self._samples.take({domain.identity: domain.reading for domain in domains})
        self._sequence += 1
        return Report(
            host=self._host,
            boot_id=kernel.boot_id(),
            sequence=self._sequence,
            time=time.time(),
            cores=cores,
            memory_mb=memory_mb,
            memory_free_mb=connection.getFreeMemory() / 2**20,
            load=kernel.load_average(),
            uptime=kernel.uptime(),
            own=next((counters[domain.identity] for domain in domains if domain.is_own), None),
            vms=tuple(_vm(domain, counters[domain.identity]) for domain in domains if not domain.is_own),
            xen=xen_version(connection.getVersion()) if connection.getType() == "Xen" else None,
        )

    def _domains(self, listed: Iterable[libvirt.virDomain]) -> Iterator[Domain]:
        """The active ones, by name; whatever has vanished since it was listed is left out."""
        kept, self._traits = self._traits, {}
        for handle in sorted(listed, key=lambda each: str(each.name())):
            domain = _unless_vanished(handle, partial(self._domain, handle, kept))
            if domain is not None and domain.id >= 0 and domain.state != "shutoff":
                yield domain

    def _domain(self, handle: libvirt.virDomain, kept: Mapping[Identity, tuple[float, Traits]]) -> Domain:
        """The domain now. Its XML is asked for when it is new, and again every few minutes."""
        identity = handle.UUIDString(), handle.ID()
        now = time.monotonic()
        read_at, traits = kept.get(identity, (-TRAITS_SECONDS, Traits()))
        if now - read_at >= TRAITS_SECONDS:
            # Domain-0 is no VM: it has nothing that could stop it from being moved.
            read_at, traits = now, Traits() if identity[1] == 0 else traits_of(handle.XMLDesc())
        self._traits[identity] = read_at, traits
        return _domain(handle, traits)


def _unless_vanished(handle: libvirt.virDomain, read: Callable[[], Result]) -> Result | None:
    """What `read` returns, None where the domain is gone. libxl says so with an internal error for a moment."""
    try:
        return read()
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        if error.get_error_code() == libvirt.VIR_ERR_INTERNAL_ERROR and not _is_listed(handle):
            return None
        raise


def _is_listed(handle: libvirt.virDomain) -> bool:
    listed = handle.connect().listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
    return handle.UUIDString() in {domain.UUIDString() for domain in listed}


def _domain(handle: libvirt.virDomain, traits: Traits) -> Domain:
    state, _limit, memory_kib, vcpus, cpu_ns = handle.info()
    reading = Reading(cpu_ns, time.monotonic())
    return Domain(
        uuid=handle.UUIDString(),
        name=handle.name(),
        id=handle.ID(),
        state=STATES.get(state, UNKNOWN),
        vcpus=vcpus,
        memory_mb=memory_kib / 1024,
        persistent=bool(handle.isPersistent()),
        reading=reading,
        traits=traits,
    )


def _vm(domain: Domain, counter: Counter) -> VmReport:
    return VmReport(
        uuid=domain.uuid,
        name=domain.name,
        domain_id=domain.id,
        state=domain.state,
        vcpus=domain.vcpus,
        memory_mb=domain.memory_mb,
        counter=counter,
        persistent=domain.persistent,
        passthrough=domain.traits.passthrough,
        tags=domain.traits.tags,
    )


def _ignore(_context: object, _error: object) -> None:
    """An error handler for libvirt that prints nothing."""
