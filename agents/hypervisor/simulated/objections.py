"""What stands against a migration: for the source, for the target, and for the hypervisors that shall do it.

Rule: each objection is one sentence for people, the weightiest first; what is asked of libvirt and what libvirt itself
would refuse are told in libvirt's words.
"""

from collections.abc import Iterator

from agents.hypervisor import Guest, Migration
from agents.hypervisor.fitness import unfitness
from agents.hypervisor.simulated.state import Copy, HostInPlay


def against_leaving(copy: Copy | None, migration: Migration) -> Iterator[str]:
    """Why the VM cannot be sent away; `copy` is the source's, None where it has none."""
    if copy is None:
        yield f"Domain not found: no domain with matching uuid '{migration.vm_uuid}' ({migration.vm_name})"
        return
    name = copy.spec.name
    if migration.domain_id not in {None, copy.domain_id}:
        yield f"domain '{name}' has the id {copy.domain_id} by now, not {migration.domain_id}"
    if copy.condition.state != "running":
        yield f"Requested operation is not valid: domain '{name}' is {copy.condition.state}, not running"
    if copy.spec.passthrough:
        yield f"domain '{name}' has assigned host devices"


def against_going(source: HostInPlay | None, target: HostInPlay | None, name: str) -> Iterator[str]:
    """Why no connection comes about from the source to the target that was named so."""
    if source is not None and source.libvirtd == "stopped":
        yield "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Connection refused"
    if target is None or not target.up:
        yield f"unable to connect to server at '{name}': No route to host"
    elif target is source:
        yield f"Attempt to migrate guest to the same host {source.spec.name}"
    elif target.libvirtd == "stopped":
        yield f"unable to connect to server at '{name}:16509': Connection refused"


def against_coming(host: HostInPlay, guest: Guest, reserved_mb: float) -> Iterator[str]:
    """Why the host cannot take the guest in, with so much memory promised to others."""
    name, free = host.spec.name, host.memory_free - reserved_mb
    if not host.answers:
        yield f"{name} does not answer"
        return
    if guest.memory_mb > free:
        yield f"{name} has {free:g} MiB free, '{guest.name}' needs {guest.memory_mb:g}"
    for copy in host.copies.values():
        if copy.spec.identity == guest.uuid or copy.spec.name == guest.name:
            yield f"{name} has a domain '{copy.spec.name}' already, which is {copy.condition.state}"
    yield from unfitness(name, host.spec.offers, host.spec.cpu, host.spec.xen, guest)
