"""What reports would have said, had VMs been elsewhere: the model behind a replay under other rules.

Rule: a VM wants as much CPU as it was reported to use; where its host was overloaded, what waited there is shared out
to its VMs by what they used. A host of which nothing is moved says what it said. On any other busy, load and memory are
shifted by what came and went; where its VMs want more than it has, each gets its share.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from agents.report import ARRIVING, Counter, Report, VmReport
from balancer.core.model import Host, Observation, Vm


@dataclass(frozen=True, slots=True)
class Told:
    """A VM's counter as it was told last; `is_own` once it is the model's and no longer the report's."""

    cpu_ns: int
    instant: float
    domain_id: int
    is_own: bool


@dataclass(frozen=True, slots=True)
class Displaced:
    """Reports as they would have been, and the counters to go on from."""

    reports: tuple[Report, ...]
    told: Mapping[str, Told]


@dataclass(slots=True)
class _Farm:
    """The recorded farm of one round, by name and uuid; `shown` are the VMs that one host alone reports."""

    hosts: Mapping[str, Host]
    vms: Mapping[str, Vm]
    shown: dict[str, tuple[str, VmReport]] = field(default_factory=dict)

    def demand(self, uuid: str) -> float:
        """Busy CPUs that a VM wants, never more than it has."""
        vm = self.vms[uuid]
        wanted = (vm.cpu or 0.0) * _stretch(self.hosts[vm.host])
        return min(wanted, float(vm.vcpus)) if vm.vcpus else wanted


def displaced(
    reports: Iterable[Report], seen: Observation, where: Mapping[str, str], told: Mapping[str, Told], seconds: float
) -> Displaced:
    """These reports, had each VM been on the host that `where` names by uuid.

    `seen` is what was observed of them, `told` the counters that were told before, `seconds` the time since. VMs that
    several hosts show, and those that `where` does not know, stay as they are; who is on a silent host is not seen, nor
    who was reported by nobody.
    """
    farm = _Farm({host.name: host for host in seen.hosts}, {vm.uuid: vm for vm in seen.vms})
    every = tuple(_departing(report, where) for report in reports if report.host in farm.hosts)
    there = _placed(every, farm, where)
    told_now = dict(told)
    return Displaced(tuple(_report(report, there, farm, told_now, seconds) for report in every), told_now)


def _placed(reports: tuple[Report, ...], farm: _Farm, where: Mapping[str, str]) -> dict[str, list[str]]:
    """By host the uuids of the VMs that are there now; fills in where each was reported."""
    counted: dict[str, int] = {}
    for report in reports:
        for vm in report.vms:
            counted[vm.uuid] = counted.get(vm.uuid, 0) + (vm.state != ARRIVING)
    there: dict[str, list[str]] = {report.host: [] for report in reports}
    for report in reports:
        for vm in report.vms:
            if counted[vm.uuid] == 1 and vm.state != ARRIVING:
                farm.shown[vm.uuid] = (report.host, vm)
                there.get(where.get(vm.uuid, report.host), []).append(vm.uuid)
    return there


def _departing(report: Report, where: Mapping[str, str]) -> Report:
    """The report without VMs on their way there that are not on their way in the model."""
    lost = [vm for vm in report.vms if vm.state == ARRIVING and vm.uuid in where]
    if not lost:
        return report
    vms = tuple(vm for vm in report.vms if vm not in lost)
    return replace(report, vms=vms, memory_free_mb=report.memory_free_mb + sum(vm.memory_mb for vm in lost))


def _report(
    report: Report, there: Mapping[str, list[str]], farm: _Farm, told: dict[str, Told], seconds: float
) -> Report:
    mine = {vm.uuid: vm for vm in report.vms if farm.shown.get(vm.uuid, ("",))[0] == report.host}
    now = there[report.host]
    if set(now) == mine.keys() and not any(uuid in told and told[uuid].is_own for uuid in now):
        told.update((uuid, _as_reported(vm)) for uuid, vm in mine.items())
        return report
    host = farm.hosts[report.host]
    rest = [vm for vm in report.vms if vm.uuid not in mine]
    cpu = _shared(host, mine, now, farm)
    vms = [_vm(uuid, cpu[uuid], farm, told, seconds) for uuid in now]
    change = sum(_memory(uuid, farm) for uuid in now) - sum(_memory(uuid, farm) for uuid in mine)
    came = sum(map(farm.demand, now)) - sum(map(farm.demand, mine))
    return replace(
        report, vms=(*rest, *vms), memory_free_mb=max(0.0, report.memory_free_mb - change),
        load=max(0.0, report.load + came),
    )  # fmt: skip


def _shared(host: Host, mine: Iterable[str], now: list[str], farm: _Farm) -> dict[str, float]:
    """What each VM gets on a host: what it wants, or its share of what there is beside the host's own."""
    used = sum(farm.vms[uuid].cpu or 0.0 for uuid in mine)
    own = max(0.0, (host.busy or 0.0) - used)
    wanted = {uuid: farm.demand(uuid) for uuid in now}
    total = sum(wanted.values())
    share = min(1.0, max(0.0, host.cores - own) / total) if total else 1.0
    return {uuid: each * share for uuid, each in wanted.items()}


def _vm(uuid: str, cpu: float, farm: _Farm, told: dict[str, Told], seconds: float) -> VmReport:
    _, vm = farm.shown[uuid]
    last = told.get(uuid)
    if last is None:
        now = Told(vm.counter.cpu_ns, vm.counter.instant, vm.domain_id, is_own=True)
        interval = vm.counter.interval or 1.0
    else:
        now = Told(last.cpu_ns + round(cpu * seconds * 1e9), last.instant + seconds, last.domain_id, is_own=True)
        interval = seconds
    told[uuid] = now
    eaten = max(1, round(cpu * interval * 1e9))
    return replace(vm, counter=Counter(now.cpu_ns, now.instant, eaten, interval), domain_id=now.domain_id)


def _as_reported(vm: VmReport) -> Told:
    return Told(vm.counter.cpu_ns, vm.counter.instant, vm.domain_id, is_own=False)


def _memory(uuid: str, farm: _Farm) -> float:
    return farm.shown[uuid][1].memory_mb


def _stretch(host: Host) -> float:
    """How many times what it got a VM of an overloaded host would have used."""
    return host.load / host.busy if host.busy and host.load > host.cores else 1.0
