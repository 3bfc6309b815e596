"""scenario/1: the farm that a simulation plays, as its author writes it.

Rule: the file says what is and what will happen; what follows from it is the simulated farm's business. What only a
person could have meant otherwise (a VM on a host that is not there) is refused with its place.

Units: seconds, MiB, MiB/s, busy CPUs, rounds counted from 1.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from agents.documents import Document, Mebibytes, Mistake, Rate, Seconds, load
from agents.hypervisor.events import Event, Name, event_mistakes, unknown
from agents.hypervisor.series import Series

MAX_BYTES: Final = 8 * 1024 * 1024


def _series(value: Any) -> Series:
    if isinstance(value, Series):
        return value
    if not isinstance(value, str):
        raise ValueError("a series is wanted here, like “0.2 0.5x3 _”")  # noqa: TRY004 - pydantic collects ValueErrors
    return Series.parse(value)


Tag = Annotated[str, Field(min_length=1, max_length=200)]
Thing = Annotated[str, Field(min_length=1, max_length=1000)]
FactName = Annotated[str, Field(min_length=1, max_length=200)]
FactText = Annotated[str, Field(max_length=200)]
SeriesText = Annotated[Series, PlainValidator(_series), WithJsonSchema({"type": "string"})]
Positive = Annotated[Mebibytes, Field(gt=0, le=1e9)]


class Host(Document):
    """A hypervisor; its `load` series, where given, overrides what its VMs make.

    `cpu` is what its CPUs can do, `offers` what VMs may need of a host, `facts` what else its agent tells of it: as in
    a report.
    """

    name: Name
    address: Annotated[str, Field(max_length=200)] | None = None
    cores: Annotated[int, Field(ge=1, le=100_000)]
    memory: Positive
    dom0_memory: Annotated[Mebibytes, Field(ge=0, le=1e9)] = 0.0
    load: SeriesText | None = None
    tags: tuple[Tag, ...] = ()
    xen: Annotated[str, Field(max_length=50)] | None = None
    cpu: Annotated[str, Field(max_length=8000)] | None = None
    cpu_group: Annotated[str, Field(max_length=200)] | None = None
    offers: Annotated[tuple[Thing, ...], Field(max_length=1000)] = ()
    maintenance: bool = False
    facts: Annotated[dict[FactName, FactText], Field(max_length=500)] = Field(default_factory=dict)


class Vm(Document):
    """A VM; `cpu` is its demand, `counter` its cumulative CPU seconds when first seen."""

    name: Name
    host: Name
    memory: Positive
    vcpus: Annotated[int, Field(ge=1, le=100_000)] = 1
    cpu: SeriesText = Series.parse("0")
    counter: Annotated[float, Field(ge=0, le=1e9)] = 0.0
    uuid: Annotated[str, Field(min_length=1, max_length=200)] = ""
    tags: tuple[Tag, ...] = ()
    needs: Annotated[tuple[Thing, ...], Field(max_length=500)] = ()
    passthrough: bool = False
    persistent: bool = True
    age: Annotated[Seconds, Field(ge=0)] | None = None

    @property
    def identity(self) -> str:
        """Its uuid; where the file names none, one that follows from the name."""
        return self.uuid or str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.name}.vm.xen-balancer"))


class MigrationSettings(Document):
    """How migrations go: MiB in a second, and the share (0-1) that fails."""

    bandwidth: Annotated[Rate, Field(gt=0, le=1e9)] = 110.0
    failure: Annotated[float, Field(ge=0, le=1)] = 0.0


class Scenario(Document):
    """A simulated farm; `interval` None leaves the length of a round to whoever plays it."""

    format: Literal["scenario/1"]
    interval: Annotated[Seconds, Field(gt=0, le=86_400)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    migration: MigrationSettings = MigrationSettings()
    hosts: Annotated[tuple[Host, ...], Field(max_length=10_000)]
    vms: Annotated[tuple[Vm, ...], Field(max_length=100_000)] = ()
    events: Annotated[tuple[Event, ...], Field(max_length=100_000)] = ()

    @property
    def rounds(self) -> int:
        """The round of the longest series' last value or of the last event."""
        series = [vm.cpu for vm in self.vms] + [host.load for host in self.hosts if host.load]
        return max([each.length for each in series] + [event.round for event in self.events] + [1])


def load_scenario(path: Path) -> Scenario:
    """The scenario in a file; DocumentError with every mistake and its place."""
    return load(path, Scenario, check, MAX_BYTES)


def check(scenario: Scenario) -> Iterator[Mistake]:
    """What the types cannot say: names that stand twice, that nobody bears, and events that lack something."""
    hosts = {host.name for host in scenario.hosts}
    vms = {vm.name for vm in scenario.vms}
    if not scenario.hosts:
        yield Mistake(("hosts",), "a farm has at least one host", "no-host")
    yield from _twice("hosts", "name", [host.name for host in scenario.hosts])
    yield from _twice("vms", "name", [vm.name for vm in scenario.vms])
    yield from _twice("vms", "uuid", [vm.identity for vm in scenario.vms])
    for number, vm in enumerate(scenario.vms):
        if vm.host not in hosts:
            yield unknown(("vms", number, "host"), "host", vm.host)
    for number, event in enumerate(scenario.events):
        yield from event_mistakes(("events", number), event, {"host": hosts, "vm": vms, "to": hosts})


def _twice(where: str, key: str, names: list[str]) -> Iterator[Mistake]:
    seen: Counter[str] = Counter()
    for number, name in enumerate(names):
        seen[name] += 1
        if seen[name] == 2:
            yield Mistake((where, number, key), f"“{name}” stands twice", "duplicate")
