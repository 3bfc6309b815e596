"""The farm that a test is played on, wherever it is written: in the test file, in a snapshot or in a scenario.

Rule: a series speaks of rounds from round 1 on, which is measured in full: the farm is looked at one round before it.
What a host's own series tells includes the VMs that it begins with.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agents.documents import Mistake
from agents.hypervisor.events import Event
from agents.hypervisor.scenario import Host, Scenario, Vm, load_scenario
from agents.hypervisor.series import Run, Series
from balancer.adapters.snapshot import OLD, Snapshot, read_snapshot
from balancer.adapters.trials.model import CaseModel, FarmModel, TrialFile
from dsl.findings import did_you_mean

SIGNALS: Final[Mapping[str, tuple[str, ...]]] = {"host": ("cpu", "load"), "vm": ("cpu",)}
"""What a series may give of a host and of a VM."""

NOISE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Ground:
    """A farm before anybody plays on it; `interval` None leaves the length of a round to the rules."""

    farm: FarmModel
    events: tuple[Event, ...] = ()
    interval: float | None = None


@dataclass(frozen=True, slots=True)
class Own:
    """What a host says of itself by series: `cpu` a share of its cores, `load` a run queue; None: what its VMs make."""

    cpu: Series | None = None
    load: Series | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A farm that is ready to be played on for so many rounds, with what each host says of itself."""

    scenario: Scenario
    own: Mapping[str, Own]
    rounds: int


# -- where a farm is written ------------------------------------------------------------------------------------------


def ground_of(file: TrialFile, name: str, folder: Path) -> Ground:
    """The farm of that name, or in that file beside the tests; DocumentError where the file is none."""
    if name in file.farms:
        return Ground(file.farms[name])
    path = folder / name
    if path.suffix == ".json":
        return Ground(_of_snapshot(read_snapshot(path)))
    scenario = load_scenario(path)
    farm = FarmModel.model_construct(
        hosts={host.name: host for host in scenario.hosts},
        vms={vm.name: vm for vm in scenario.vms},
        migration=scenario.migration,
    )
    return Ground(farm, scenario.events, scenario.interval)


def _of_snapshot(snapshot: Snapshot) -> FarmModel:
    hosts = {
        host.name: Host(
            name=host.name, cores=max(1, round(host.cores)), memory=host.memory_mb, dom0_memory=host.dom0_mb,
            load=None if host.load is None else _steady(host.load), tags=host.tags, xen=host.xen,
            cpu_group=host.cpu_group, maintenance=host.maintenance, facts=host.facts,
        )
        for host in snapshot.hosts
    }  # fmt: skip
    vms = {
        vm.name: Vm(
            name=vm.name, host=vm.host, memory=vm.memory_mb, vcpus=max(1, vm.vcpus), cpu=_steady(vm.cpu),
            uuid=vm.identity, tags=vm.tags, passthrough=vm.passthrough, age=vm.age,
        )
        for vm in snapshot.vms
    }  # fmt: skip
    return FarmModel(hosts=hosts, vms=vms)


def _steady(value: float) -> Series:
    return Series((Run(value, 0.0, 1),), (1,))


# -- what a test makes of it ------------------------------------------------------------------------------------------


def series_mistakes(case: CaseModel, ground: Ground) -> Iterator[Mistake]:
    """Series of nobody, VMs that use more than their vCPUs, and hosts less busy than the VMs on them."""
    farm = ground.farm
    for key, series in case.series.items():
        name, _, signal = key.rpartition(".")
        whose = [what for what, things in (("host", farm.hosts), ("vm", farm.vms)) if name in things]
        if len(whose) != 1 or signal not in SIGNALS[whose[0]]:
            yield Mistake(("series", key), _no_such_series(name, signal, whose, farm), "unknown-series")
        elif signal == "cpu":
            told = demand_mistake(farm.vms[name], series) if whose == ["vm"] else _too_low(name, series, case, farm)
            if told is not None:
                yield Mistake(("series", key), told, "wrong-series")


def _no_such_series(name: str, signal: str, whose: list[str], farm: FarmModel) -> str:
    if len(whose) == 1:
        return f"a {whose[0]} has no series “{signal}”; known: {', '.join(SIGNALS[whose[0]])}"
    if whose:
        return f"a host and a VM are named “{name}”; give one of them another name"
    known = [f"{each}.{signal}" for each in (*farm.hosts, *farm.vms)]
    hint = did_you_mean(f"{name}.{signal}", known) or "write HOST.cpu, HOST.load or VM.cpu"
    return f"no host or VM of this farm is named “{name}”; {hint}"


def demand_mistake(vm: Vm, series: Series) -> str | None:
    """That nobody would believe the figure, where a VM uses more than its vCPUs."""
    most = max(run.at(place) or 0.0 for run in series.runs for place in (0, run.length - 1))
    return f"{vm.name} uses {most:g} CPUs and has {vm.vcpus}: raise its vcpus" if most > vm.vcpus else None


def _too_low(host: str, series: Series, case: CaseModel, farm: FarmModel) -> str | None:
    """The first round in which the host's VMs alone use more than the series gives it."""
    vms = _vms(case, farm)
    for number in range(1, max([series.length, *(vm.cpu.length for vm in vms if vm.host == host)]) + 1):
        share, cores = series.at(number), farm.hosts[host].cores
        used = sum(vm.cpu.held(number) for vm in vms if vm.host == host)
        if share is not None and used > share * cores + NOISE:
            told = f"in round {number} {host} is {share:.1%} busy, its VMs alone make {used / cores:.1%}"
            return f"{told}: raise it, or lower the VMs' cpu"
    return None


def stage_of(case: CaseModel, ground: Ground, seed: int = 1) -> Stage:
    """The test's farm, its series laid over it, one round earlier than the test tells it."""
    farm, events = ground.farm, (*ground.events, *case.events)
    vms = _vms(case, farm)
    own = {
        name: Own(case.series.get(f"{name}.cpu"), case.series.get(f"{name}.load", host.load))
        for name, host in farm.hosts.items()
    }
    scenario = Scenario.model_construct(
        format="scenario/1",
        interval=ground.interval,
        seed=seed,
        migration=farm.migration,
        hosts=tuple(host.model_copy(update={"load": None}) for host in farm.hosts.values()),
        vms=tuple(vm.model_copy(update={"cpu": _one_later(vm.cpu), "age": _age(vm)}) for vm in vms),
        events=tuple(event.model_copy(update={"round": event.round + 1}) for event in events),
    )
    return Stage(scenario, own, case.rounds or _spoken_of(case, own, vms, events))


def _vms(case: CaseModel, farm: FarmModel) -> list[Vm]:
    """The VMs with the demand that the test gives them."""
    return [vm.model_copy(update={"cpu": case.series.get(f"{vm.name}.cpu", vm.cpu)}) for vm in farm.vms.values()]


def _age(vm: Vm) -> float:
    """An age that nobody wrote down counts as old."""
    return OLD if vm.age is None else vm.age


def _one_later(series: Series) -> Series:
    """The same series, its first value held for one round more."""
    first = series.runs[0]
    before = Run(first.first, 0.0, 1)
    return Series((before, *series.runs), (1, *(end + 1 for end in series.ends)))


def _spoken_of(case: CaseModel, own: Mapping[str, Own], vms: list[Vm], events: tuple[Event, ...]) -> int:
    """The last round of which the test says anything."""
    series = [vm.cpu for vm in vms] + [each for its in own.values() for each in (its.cpu, its.load) if each]
    moves = () if case.moves == "any" else case.moves
    told = [event.round for event in events]
    told += [move.round for move in moves] + [each.round for each in case.expect] + [each.length for each in series]
    return max(told, default=1)
