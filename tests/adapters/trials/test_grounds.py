"""The farm of a test, wherever it is written, as it is played."""

import json
from pathlib import Path

import pytest

from agents.hypervisor.series import Series
from balancer.adapters.snapshot import OLD
from balancer.adapters.trials.checks import load_trials
from balancer.adapters.trials.grounds import Stage, ground_of, stage_of
from tests.trials import FARM, said, verdict, written

SCENARIO = """
format: scenario/1
interval: 10s
hosts:
  - {name: xen1, cores: 8, memory: 32GiB, load: "0.5"}
vms:
  - {name: web1, host: xen1, memory: 1GiB, vcpus: 2, cpu: "1 2"}
events:
  - {round: 5, host: xen1, event: silent}
"""


def staged(folder: Path, case: str) -> Stage:
    path = written(folder, case)
    file, _ = load_trials(path)
    (test,) = file.tests
    return stage_of(test, ground_of(file, str(test.farm), path.parent))


def test_series_lie_over_what_the_farm_says_one_round_later_for_the_look_before(tmp_path: Path) -> None:
    case = '\n  - {name: t, farm: three, series: {web1.cpu: "1 2x1", hv1.cpu: "50%", hv2.load: "3"}, rounds: 2}\n'
    stage = staged(tmp_path, case)
    assert [stage.scenario.vms[0].cpu.at(number) for number in (1, 2, 3, 4)] == [1.0, 1.0, 2.0, 2.0]
    assert (stage.own["hv1"].cpu, stage.own["hv2"].load, stage.own["hv3"].cpu) == (
        Series.parse("50%"), Series.parse("3"), None,
    )  # fmt: skip


def test_an_age_that_nobody_wrote_is_old(tmp_path: Path) -> None:
    assert [vm.age for vm in staged(tmp_path, "\n  - {name: t, farm: three}\n").scenario.vms] == [OLD, OLD]


@pytest.mark.parametrize(
    ("said", "rounds"),
    [
        ("", 1),
        (', series: {web1.cpu: "1x6"}', 7),
        (', series: {hv1.cpu: "50%x3"}', 4),
        (", events: [{round: 9, host: hv1, event: silent}]", 9),
        (", moves: [{round: 5, vm: web1, to: hv2}]", 5),
        (', expect: [{round: 6, host: hv1, streak: 0}], series: {web1.cpu: "1x2"}', 6),
        (', series: {web1.cpu: "1x6"}, rounds: 2', 2),
    ],
)
def test_it_is_played_as_long_as_it_speaks_of(tmp_path: Path, said: str, rounds: int) -> None:
    assert staged(tmp_path, f"\n  - {{name: t, farm: three{said}}}\n").rounds == rounds


def test_a_scenario_beside_it_brings_its_events_and_its_interval(tmp_path: Path) -> None:
    (tmp_path / "farm.yaml").write_text(SCENARIO)
    stage = staged(tmp_path, "\n  - {name: t, farm: farm.yaml, events: [{round: 2, host: xen1, event: answers}]}\n")
    assert stage.scenario.interval == 10.0
    assert [(each.round, each.event) for each in stage.scenario.events] == [(6, "silent"), (3, "answers")]
    assert stage.own["xen1"].load == Series.parse("0.5")


def test_a_snapshot_beside_it_is_a_farm_that_stays_as_it_was(tmp_path: Path) -> None:
    vm = {"name": "web1", "vcpus": 2, "cpu": 1.5, "memory_mb": 1024, "host": "xen1", "tags": ["web"], "age": 60}
    host = {"name": "xen1", "cores": 8, "memory_mb": 32768, "dom0_mb": 1024, "load": 2.5, "tags": ["rack:a"]}
    (tmp_path / "farm.json").write_text(json.dumps({"format": "farm/1", "hosts": [host], "vms": [vm]}))
    case = """
  - name: as it was
    farm: farm.json
    rounds: 3
    expect:
      - {round: 3, host: xen1, value: {load: '2.5', cpu: 18.8%, memory_free: 30 GiB}}
      - {round: 3, vm: web1, value: {cpu: '1.5', age: 2 min}}
    always: ['host tagged "rack:a"', 'keep vms tagged "web" on host "xen1"']
"""
    assert said(verdict(tmp_path, case)) == ""


@pytest.mark.parametrize(
    ("series", "why"),
    [
        ('hv1.memory: "1"', "a host has no series “memory”; known: cpu, load"),
        ('web1.load: "1"', "a vm has no series “load”; known: cpu"),
        ('hv9.cpu: "1%"', "no host or VM of this farm is named “hv9”; did you mean hv3.cpu?"),
        ('web1.cpu: "1 9"', "web1 uses 9 CPUs and has 8: raise its vcpus"),
        (
            'hv1.cpu: "50%x2 10%", web1.cpu: "2"',
            "in round 4 hv1 is 10.0% busy, its VMs alone make 25.0%: raise it, or lower the VMs' cpu",
        ),
    ],
)
def test_a_series_that_makes_no_sense_is_told_at_its_place(tmp_path: Path, series: str, why: str) -> None:
    with pytest.raises(Exception, match="series") as refused:
        verdict(tmp_path, f"\n  - {{name: t, farm: three, series: {{{series}}}}}\n")
    assert str(refused.value).startswith(f"{tmp_path / 'farm.test.yaml'}:15:")
    assert str(refused.value).endswith(why)


def test_a_host_and_a_vm_of_one_name_cannot_both_be_meant(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="a host and a VM are named “hv2”"):
        verdict(tmp_path, FARM.replace("web2:", "hv2:") + '\n  - {name: t, farm: three, series: {hv2.cpu: "0"}}\n')
