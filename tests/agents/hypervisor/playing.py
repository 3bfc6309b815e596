"""What the tests of the simulated farm share: how it is set up, moved about and looked at."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.documents import DocumentError, parse
from agents.hypervisor import Migration
from agents.hypervisor.scenario import Scenario, check
from agents.hypervisor.simulated import SimulatedFarm
from agents.report import Report, VmReport


def read(text: str) -> Scenario:
    return parse(text.encode(), Scenario, check, Path("s.yaml"))


def complaints(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        read(text)
    return str(caught.value).splitlines()


def scenario(text: str) -> Scenario:
    return parse(f"format: scenario/1\ninterval: 30s\n{text}".encode(), Scenario, check)


def farm(text: str, seed: int | None = None) -> SimulatedFarm:
    return SimulatedFarm(scenario(text), seed)


def at_round(playing: SimulatedFarm, number: int, host: str) -> Report | None:
    playing.advance((number - 1) * playing.interval)
    return playing.report(host)


def only_vm(report: Report | None) -> VmReport:
    assert report is not None
    (vm,) = report.vms
    return vm


def names(report: Report | None) -> list[str]:
    assert report is not None
    return [vm.name for vm in report.vms]


def migration(playing: SimulatedFarm, vm: str, target: str, order: str = "o1") -> Migration:
    uuid = next(each.spec.identity for each in playing._world.vms.values() if each.spec.name == vm)
    return Migration(order, uuid, vm, target, f"xen+ssh://{target}/system")


def move(
    playing: SimulatedFarm, vm: str, target: str, order: str = "o1", now: float | None = None, **more: Any
) -> None:
    playing.migrate(replace(migration(playing, vm, target, order), **more), playing.now if now is None else now)


TWO = """
hosts:
  - {name: hv1, cores: 4, memory: 8GiB, dom0_memory: 1GiB}
  - {name: hv2, cores: 4, memory: 8GiB, dom0_memory: 1GiB}
vms:
  - {name: web1, host: hv1, vcpus: 2, memory: 2200MiB, cpu: 0.5, counter: 100}
"""


def transcript(playing: SimulatedFarm, *instants: float) -> list[str]:
    """For each instant what each host reports of its VMs and has free, and in the end what the calls told."""
    lines = []
    for instant in instants:
        for look in (instant - 1, instant):
            playing.advance(look)
            reports = [playing.report(host) for host in playing.hosts]
        lines.append(f"{instant:g} s  " + "  ".join(map(told, reports)))
    return lines + [f"{order}: {call(playing, order)}" for order in playing._migrations.calls]


def told(report: Report | None) -> str:
    """The VMs by domain id, with their state, `*` where they ate in the last second, and the free memory."""
    if report is None:
        return "no report"
    vms = [f"#{vm.domain_id} {vm.note or vm.state}{'*' * bool(vm.counter.eaten_ns)}" for vm in report.vms]
    return f"{report.host}: {', '.join(vms) or 'empty'} ({report.memory_free_mb:g})"


def call(playing: SimulatedFarm, order: str) -> str:
    """What the caller knows."""
    outcome = playing.outcome(order)
    assert outcome is not None
    return f"{outcome.state} after {outcome.seconds:g} s" + (f": {outcome.error}" if outcome.error else "")
