"""What an agent on a simulated host would tell: its report, and how an order stands.

Rule: it only looks; the one thing that looking changes is what the next deltas count from, as on a real host.
"""

from agents.hypervisor.sampling import Reading
from agents.hypervisor.simulated.state import ARRIVING, SECOND, Call, Copy, HostInPlay
from agents.hypervisor.simulated.world import World
from agents.report import Counter, OrderReport, Report, VmReport


def report_of(host: HostInPlay, world: World, load: float, orders: tuple[OrderReport, ...]) -> Report:
    """The host's report as of now."""
    host.sequence += 1
    uptime = (world.now - host.booted) / SECOND
    return Report(
        host=host.spec.name,
        boot_id=host.boot_id,
        sequence=host.sequence,
        time=world.now / SECOND,
        cores=host.spec.cores,
        memory_mb=host.spec.memory,
        memory_free_mb=max(host.memory_free, 0.0),
        load=load,
        uptime=uptime,
        vms=_vms(host, world, uptime),
        orders=orders,
        maintenance=host.maintenance,
        xen=host.spec.xen,
        cpu_group=host.spec.cpu_group,
        cpu=host.spec.cpu,
        offers=host.spec.offers,
        tags=host.spec.tags,
        facts=host.spec.facts,
    )


def order_report(call: Call, now: int) -> OrderReport:
    """How the order stands now."""
    until = now if call.ended is None else call.ended
    return OrderReport(
        id=call.migration.order,
        state=call.state,
        error=call.error,
        seconds=(until - call.started) / SECOND,
        age=(now - call.started) / SECOND,
        vm=call.migration.vm_name,
        target=call.migration.target,
    )


def _vms(host: HostInPlay, world: World, instant: float) -> tuple[VmReport, ...]:
    shown = [copy for copy in host.copies.values() if copy.spec.cpu.at(world.round) is not None]
    readings = {_identity(host, copy): Reading(world.counter(copy), instant) for copy in shown}
    counters = host.samples.take(readings).values()
    told = (_vm(copy, counter) for copy, counter in zip(shown, counters, strict=True))
    return tuple(sorted(told, key=lambda vm: vm.name))


def _identity(host: HostInPlay, copy: Copy) -> tuple[str, int, int, bool]:
    """What a delta is told within: one domain, from when it has arrived."""
    return copy.spec.identity, copy.domain_id, host.boots, copy.condition is ARRIVING


def _vm(copy: Copy, counter: Counter) -> VmReport:
    return VmReport(
        uuid=copy.spec.identity,
        name=copy.spec.name,
        domain_id=copy.domain_id,
        state=copy.condition.state,
        vcpus=copy.spec.vcpus,
        memory_mb=copy.spec.memory,
        counter=counter,
        persistent=copy.spec.persistent,
        passthrough=copy.spec.passthrough,
        tags=copy.spec.tags,
        needs=copy.spec.needs,
        note=copy.condition.note,
    )
