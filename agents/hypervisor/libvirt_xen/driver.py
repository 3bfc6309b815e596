"""The driver itself: questions with patience, and what is done to domains."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import Final, TypeVar

import libvirt

from agents.hypervisor import Guest, HypervisorError, Migration, kernel, reach
from agents.hypervisor.libvirt_xen import host, xl
from agents.hypervisor.libvirt_xen.domains import Domains, Identity, is_busy
from agents.hypervisor.libvirt_xen.host import Host
from agents.hypervisor.libvirt_xen.obstacles import against_arrival, against_departure
from agents.hypervisor.patience import Patience
from agents.hypervisor.sampling import Reading, Samples
from agents.hypervisor.terms import Terms
from agents.report import Counter, Report

DEFAULT_URI: Final = "xen:///system"

STOLEN: Final = "stolen"

Result = TypeVar("Result")


def migration_flags(*, persistent: bool, hand_over: bool) -> int:
    """The flags of a migration: live, peer to peer; a definition moves along and never stands at both ends."""
    flags: int = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_PEER2PEER
    if persistent:
        flags |= libvirt.VIR_MIGRATE_PERSIST_DEST | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    return flags | libvirt.VIR_MIGRATE_PAUSED if hand_over else flags


class LibvirtHypervisor:
    """The host behind a libvirt URI; `name` is what it reports under. A question waits `patience` seconds at most."""

    def __init__(self, name: str, uri: str = DEFAULT_URI, patience: float = 10.0, terms: Terms | None = None) -> None:
        # libvirt prints errors to stderr as well as raising them; here the exception is enough.
        libvirt.registerErrorHandler(_ignore, None)
        self._name: Final = name
        self._uri: Final = uri
        self._terms: Final = terms or Terms()
        self._patience: Final = Patience(patience)
        self._seconds: Final = patience
        self._connection: libvirt.virConnect | None = None
        self._cpu: str | None = None
        self._domains: Final = Domains(self._terms)
        self._samples: Final[Samples[Identity]] = Samples()
        self._stolen: Final[Samples[str]] = Samples()
        self._sequence = 0

    def report(self) -> Report:
        """The host as it is now; HypervisorError where libvirt refuses or does not answer in time."""
        return self._ask(self._read)

    def departure(self, migration: Migration) -> tuple[str, ...]:
        """What stands against sending the VM away just now.

        Whether its target is reached is no question to libvirt: it takes nothing of what libvirt may take.
        """
        here = self._ask(lambda connection: tuple(against_departure(connection, migration)))
        return *here, *_against_the_way(migration)

    def arrival(self, guest: Guest, reserved_mb: float) -> tuple[str, ...]:
        """What stands against taking the VM in just now, with so much memory promised to others."""
        kept = reserved_mb, self._terms.memory_margin
        return self._ask(lambda connection: tuple(against_arrival(connection, self._host(connection), guest, kept)))

    def migrate(self, migration: Migration) -> None:
        """Send the VM away, on a connection of its own; it may take as long as it takes.

        It is looked at once more: libxl itself would try with Domain-0, and would report it paused ever after.
        """
        with self._opened() as connection:
            if obstacles := (*against_departure(connection, migration), *_against_the_way(migration)):
                raise HypervisorError("; ".join(obstacles))
            domain = connection.lookupByUUIDString(migration.vm_uuid)
            parameters = {} if migration.migration_uri is None else {"migrate_uri": migration.migration_uri}
            flags = migration_flags(persistent=bool(domain.isPersistent()), hand_over=migration.hand_over)
            domain.migrateToURI3(migration.target_uri, parameters, flags)

    def take_over(self, vm_uuid: str) -> None:
        """Let the VM run that arrived here paused; whether it was to arrive so is for the caller to know."""
        self._in_time(partial(self._resume, vm_uuid))

    def start(self, name: str) -> None:
        """Start a VM that is defined here."""
        with self._opened() as connection:
            connection.lookupByName(name).create()

    def destroy(self, name: str) -> None:
        """Stop a VM at once."""
        with self._opened() as connection:
            connection.lookupByName(name).destroy()

    # -- connections ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _opened(self) -> Iterator[libvirt.virConnect]:
        """A connection for one purpose alone; what libvirt says of a failure is handed on."""
        try:
            with closing(libvirt.open(self._uri)) as connection:
                yield connection
        except libvirt.libvirtError as error:
            raise HypervisorError(error.get_error_message()) from None

    def _ask(self, look: Callable[[libvirt.virConnect], Result]) -> Result:
        """What is seen over the connection that is kept, or over a new one where that is broken."""
        try:
            return self._in_time(partial(self._look, look))
        except libvirt.libvirtError as error:
            raise HypervisorError(f"{self._uri}: {error.get_error_message()}") from None

    def _in_time(self, act: Callable[[], Result]) -> Result:
        try:
            return self._patience.call(act)
        except TimeoutError:
            raise HypervisorError(
                f"{self._uri} has not answered for {self._seconds:g} s; is libvirtd (virtxend) alive? see its log"
            ) from None

    def _look(self, look: Callable[[libvirt.virConnect], Result]) -> Result:
        try:
            return look(self._connected())
        except libvirt.libvirtError:
            self._disconnect()
            return look(self._connected())

    def _connected(self) -> libvirt.virConnect:
        if self._connection is None:
            self._connection = libvirt.open(self._uri)
            self._cpu = host.cpu(self._connection)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # It is broken: that it cannot be closed properly either is no news.
            with suppress(libvirt.libvirtError):
                connection.close()

    # -- questions and deeds -------------------------------------------------------------------------------------------

    def _host(self, connection: libvirt.virConnect) -> Host:
        return host.look(connection, self._name, self._terms, self._cpu)

    def _read(self, connection: libvirt.virConnect) -> Report:
        here = self._host(connection)
        domains = (*self._domains.here(connection), *(xl.unknown(connection) if here.is_xen else ()))
        counters = self._samples.take({domain.identity: domain.reading for domain in domains})
        self._sequence += 1
        return Report(
            host=self._name,
            boot_id=kernel.boot_id(),
            sequence=self._sequence,
            time=time.time(),
            cores=here.cores,
            memory_mb=here.memory_mb,
            memory_free_mb=here.memory_free_mb,
            load=kernel.load_average(),
            uptime=kernel.uptime(),
            own=next((counters[domain.identity] for domain in domains if domain.is_own), None),
            stolen=self._steal() if here.is_xen else None,
            vms=tuple(domain.told(counters[domain.identity]) for domain in domains if not domain.is_own),
            xen=here.xen,
            cpu=here.cpu,
            offers=here.offers,
        )

    def _steal(self) -> Counter:
        """What Xen kept from Domain-0."""
        taken = self._stolen.take({STOLEN: Reading(kernel.stolen_ns(), time.monotonic())})
        return taken[STOLEN]

    def _resume(self, vm_uuid: str) -> None:
        with self._opened() as connection:
            domain = connection.lookupByUUIDString(vm_uuid)
            if domain.state()[0] != libvirt.VIR_DOMAIN_PAUSED or is_busy(domain):
                raise HypervisorError(f"{domain.name()} does not wait here to be taken over: it is not paused")
            domain.resume()


def _against_the_way(migration: Migration) -> Iterator[str]:
    if unreached := reach.obstacle(migration.target_uri):
        yield unreached


def _ignore(_context: object, _error: object) -> None:
    """An error handler for libvirt that prints nothing."""
