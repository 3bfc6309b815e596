"""Snapshots of a farm (farm/1): read as a farm port that stands still, and written from what was observed.

Rule: a snapshot has no past. It is told as two rounds of reports, so that what each VM uses is measured the ordinary
way.
"""

import json
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.documents import DocumentError, read_bytes
from agents.report import Counter, Report, VmReport
from balancer.core.model import Gathering, Observation, Order, Sighting, State
from balancer.core.orders.verdict import ends
from balancer.ports import Progress

MAX_BYTES: Final = 64 * 1024 * 1024
OLD: Final = 10 * 365 * 86400.0
"""The age, s, of a VM whose age nobody wrote down."""

Name = Annotated[str, Field(min_length=1, max_length=200)]
Figure = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class _Machine(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class SnapshotHost(_Machine):
    """A host of farm/1; MiB, and `load` where it is not what its VMs make."""

    name: Name
    cores: Annotated[float, Field(gt=0, le=100_000)]
    memory_mb: Figure
    dom0_mb: Figure = 0.0
    load: Figure | None = None
    tags: tuple[str, ...] = ()
    maintenance: bool = False
    xen: str | None = None
    cpu_group: str | None = None
    facts: Annotated[dict[str, str], Field(max_length=1000)] = Field(default_factory=dict)


class SnapshotVm(_Machine):
    """A VM of farm/1; `cpu` in busy CPUs, `age` in seconds."""

    name: Name
    cpu: Figure
    memory_mb: Figure
    host: Name
    vcpus: Annotated[int, Field(ge=0, le=100_000)] = 0
    uuid: Name | None = None
    tags: tuple[str, ...] = ()
    passthrough: bool = False
    age: Figure | None = None

    @property
    def identity(self) -> str:
        """Its uuid, or one made from its name."""
        return self.uuid or str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.name}.vm"))


class Snapshot(_Machine):
    """A whole farm/1 file."""

    format: Literal["farm/1"]
    hosts: Annotated[tuple[SnapshotHost, ...], Field(min_length=1, max_length=100_000)]
    vms: Annotated[tuple[SnapshotVm, ...], Field(max_length=1_000_000)] = ()


def read_snapshot(path: Path) -> Snapshot:
    """The snapshot in a file; DocumentError where it is none."""
    try:
        snapshot = Snapshot.model_validate_json(read_bytes(path, MAX_BYTES))
    except ValidationError as error:
        raise DocumentError("\n".join(_mistakes(path, error))) from None
    _check(path, snapshot)
    return snapshot


def _mistakes(path: Path, error: ValidationError) -> Iterator[str]:
    for details in error.errors(include_url=False, include_input=False)[:20]:
        where = ".".join(str(step) for step in details["loc"]) or "the file"
        yield f"{path}:1:1: wrong-value: {where}: {details['msg']}"


def _check(path: Path, snapshot: Snapshot) -> None:
    hosts = {host.name for host in snapshot.hosts}
    if len(hosts) < len(snapshot.hosts):
        raise DocumentError(f"{path}:1:1: duplicate: two hosts have one name")
    seen: set[tuple[str, str]] = set()
    for index, vm in enumerate(snapshot.vms):
        if vm.host not in hosts:
            raise DocumentError(f"{path}:1:1: unknown-name: vms.{index}.host: there is no host “{vm.host}”")
        if (vm.host, vm.identity) in seen:
            raise DocumentError(f"{path}:1:1: duplicate: vms.{index}: “{vm.name}” is on “{vm.host}” already")
        seen.add((vm.host, vm.identity))


class SnapshotFarm:
    """A farm that stands still: each round, `interval` s after the last, finds every VM to have used what it uses."""

    def __init__(self, snapshot: Snapshot, interval: float) -> None:
        self._snapshot = snapshot
        self._interval = interval
        self._vms: dict[str, list[SnapshotVm]] = {host.name: [] for host in snapshot.hosts}
        for vm in snapshot.vms:
            self._vms[vm.host].append(vm)

    def first_state(self, now: float) -> State:
        """What a balancer would remember: each VM's age."""
        ages = ((vm.identity, OLD if vm.age is None else vm.age) for vm in self._snapshot.vms)
        return State(sightings=tuple(Sighting(identity, now - age, now, None) for identity, age in ages))

    def observe(self, round_number: int) -> Gathering:
        """All hosts report."""
        reports = tuple(self._report(host, round_number) for host in self._snapshot.hosts)
        return Gathering(reports, tuple(host.name for host in self._snapshot.hosts))

    def migrate(self, order: Order) -> Progress:
        """Nothing moves in a snapshot."""
        return Progress(order.id, "failed", "a snapshot cannot be changed")

    def look(self, orders: Sequence[Order]) -> Sequence[Report]:
        """As in the first round."""
        return tuple(self._report(host, 1) for host in self._snapshot.hosts if host.name in ends(orders))

    def examine(self, order: Order) -> Sequence[str]:  # noqa: ARG002  (the port's)
        """Nothing moves in a snapshot."""
        return ("a snapshot cannot be changed",)

    def take_over(self, order: Order) -> None:
        """Nothing has arrived."""

    def _report(self, host: SnapshotHost, round_number: int) -> Report:
        vms = self._vms[host.name]
        instant = round_number * self._interval
        taken = host.dom0_mb + sum(vm.memory_mb for vm in vms)
        return Report(
            host=host.name, boot_id="snapshot", sequence=round_number, time=instant, cores=host.cores,
            memory_mb=host.memory_mb, memory_free_mb=max(0.0, host.memory_mb - taken),
            load=sum(vm.cpu for vm in vms) if host.load is None else host.load,
            vms=tuple(_vm_report(vm, instant) for vm in vms), maintenance=host.maintenance, tags=host.tags,
            xen=host.xen, cpu_group=host.cpu_group, facts=host.facts,
        )  # fmt: skip


def _vm_report(vm: SnapshotVm, instant: float) -> VmReport:
    """The VM with a counter that has run evenly since the snapshot's own beginning."""
    return VmReport(
        uuid=vm.identity, name=vm.name, domain_id=1, state="running", vcpus=vm.vcpus, memory_mb=vm.memory_mb,
        counter=Counter(round(vm.cpu * instant * 1e9), instant), passthrough=vm.passthrough, tags=vm.tags,
    )  # fmt: skip


def snapshot_document(observation: Observation) -> dict[str, Any]:
    """What was observed, as farm/1. VMs that nobody has measured yet are part of `dom0_mb` only."""
    measured = [(vm, vm.cpu) for vm in observation.vms if vm.cpu is not None]
    held = {host.name: 0.0 for host in observation.hosts}
    for vm, _ in measured:
        held[vm.host] += vm.memory
    return {
        "format": "farm/1",
        "hosts": [
            {
                "name": host.name, "cores": host.cores, "memory_mb": host.memory,
                "dom0_mb": max(0.0, round(host.memory - host.memory_free - held[host.name], 3)), "load": host.load,
                "tags": list(host.tags), "maintenance": host.maintenance, "xen": host.xen, "cpu_group": host.cpu_group,
                "facts": dict(host.facts),
            }
            for host in observation.hosts
        ],
        "vms": [
            {
                "name": vm.name, "vcpus": vm.vcpus, "cpu": round(cpu, 6), "memory_mb": vm.memory, "host": vm.host,
                "uuid": vm.uuid, "tags": list(vm.tags), "passthrough": vm.passthrough, "age": round(vm.age, 3),
            }
            for vm, cpu in measured
        ],
    }  # fmt: skip


def write_snapshot(path: Path, observation: Observation) -> None:
    """Write farm/1 to a file; OSError as the system tells it."""
    path.write_text(json.dumps(snapshot_document(observation), indent=1) + "\n", encoding="utf-8")
