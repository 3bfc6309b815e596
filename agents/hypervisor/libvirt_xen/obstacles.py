"""What stands against a move, looked up just before it: at the source, and at the target.

Rule: libvirt checks next to nothing itself, and libxl leaves a domain behind that is called paused where it refuses.
So all is looked at here, everything that stands against it is told, and a doubt stands against it as well.
"""

from collections.abc import Iterator

import libvirt

from agents.hypervisor import Guest, Migration
from agents.hypervisor.fitness import unfitness
from agents.hypervisor.libvirt_xen import xl
from agents.hypervisor.libvirt_xen.definition import traits_of
from agents.hypervisor.libvirt_xen.domains import STATES, UNKNOWN, Domain, is_busy, read
from agents.hypervisor.libvirt_xen.host import Host
from agents.report import RUNNING


def against_departure(connection: libvirt.virConnect, migration: Migration) -> Iterator[str]:
    """Why the VM cannot be sent away now, as far as this host knows."""
    try:
        handle = connection.lookupByUUIDString(migration.vm_uuid)
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
            raise
        yield f"{migration.vm_name} is not here: libvirt has no domain with the uuid {migration.vm_uuid}"
        return
    yield from _against_the_domain(read(handle, traits_of(handle.XMLDesc())), migration)
    yield from _against_its_jobs(handle, migration)


def _against_the_domain(seen: Domain, migration: Migration) -> Iterator[str]:
    name = migration.vm_name
    if seen.is_own:
        yield "this is Domain-0, the host itself"
    if migration.domain_id not in {None, seen.id}:
        yield f"{name} has the domain id {seen.id} by now, not {migration.domain_id}"
    if seen.by_migration:
        yield (
            f"libvirt calls {name} paused since a migration; where its CPU time goes on it runs nevertheless: "
            "restart libvirtd (virtxend) here, then it can be moved"
        )
    elif seen.state not in RUNNING:
        yield f"{name} is {seen.state}, only a running VM is moved"
    if seen.traits.passthrough:
        yield f"{name} has devices of this host passed through"


def _against_its_jobs(handle: libvirt.virDomain, migration: Migration) -> Iterator[str]:
    name = migration.vm_name
    if is_busy(handle):
        yield f"{name} is busy: a migration, a save or a dump of it is under way"
    if handle.hasManagedSaveImage():
        yield f"{name} has a managed save image: `virsh managedsave-remove {name}`"


def against_arrival(
    connection: libvirt.virConnect, here: Host, guest: Guest, kept_mb: tuple[float, float]
) -> Iterator[str]:
    """Why the VM cannot be taken in by this host, which keeps so much memory for others, and so much for itself."""
    promised, margin = kept_mb
    free = here.memory_free_mb - promised - margin
    if guest.memory_mb > free:
        yield (
            f"{here.name} has {max(free, 0.0):.0f} MiB to give, '{guest.name}' needs {guest.memory_mb:.0f}: "
            f"{here.memory_free_mb:.0f} are free, {promised:.0f} promised to others, {margin:.0f} kept"
        )
    for handle in connection.listAllDomains():
        yield from _against_the_names(here.name, handle, guest)
    for domain in xl.unknown(connection) if here.is_xen else ():
        if guest.uuid == domain.uuid or guest.name == domain.name:
            yield (
                f"{here.name} has a domain '{domain.name}' already, which is {domain.state} and {domain.note} "
                f"(uuid {domain.uuid}); if it is a copy that a move has left: `xl destroy {domain.id}`"
            )
    yield from unfitness(here.name, here.offers, here.cpu, here.xen, guest)


def _against_the_names(host: str, handle: libvirt.virDomain, guest: Guest) -> Iterator[str]:
    """A domain that is defined and off is taken over by the one that comes, if it is the same in name and uuid."""
    is_same = handle.UUIDString() == guest.uuid, handle.name() == guest.name
    if all(is_same) and not handle.isActive():
        return
    if any(is_same):
        state = STATES.get(handle.state()[0], UNKNOWN)
        yield f"{host} has a domain '{handle.name()}' already, which is {state} (uuid {handle.UUIDString()})"
