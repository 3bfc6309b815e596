"""Snapshots of a farm: read, told as reports, and written from what was observed."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.documents import DocumentError
from balancer.adapters.snapshot import (
    SnapshotFarm,
    read_snapshot,
    snapshot_document,
    write_snapshot,
)
from balancer.core.cycle import primed
from balancer.core.model import Observation
from balancer.core.observation import observe
from tests.adapters.farm_contract import order

INTERVAL = 30.0
HOST = {"name": "h1", "cores": 8, "memory_mb": 32768}
VM = {"name": "v1", "cpu": 0.5, "memory_mb": 2048, "host": "h1"}
FULL_HOST = HOST | {
    "name": "h2", "dom0_mb": 4096, "load": 3.2, "tags": ["rack:a"], "maintenance": True, "xen": "4.17",
    "cpu_group": "a", "facts": {"rack": "a"},
}  # fmt: skip
FULL_VM = VM | {
    "name": "v2", "host": "h2", "vcpus": 2, "uuid": "u-2", "tags": ["db"], "passthrough": True, "age": 3600,
}  # fmt: skip


def farm(**parts: Any) -> dict[str, Any]:
    return {"format": "farm/1", "hosts": [HOST, FULL_HOST], "vms": [VM, FULL_VM]} | parts


def written(folder: Path, document: Any) -> Path:
    file = folder / "farm.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return file


def observed(file: Path) -> Observation:
    """The second of two rounds: the first only gives references."""
    snapshot = SnapshotFarm(read_snapshot(file), INTERVAL)
    before = primed(snapshot.first_state(INTERVAL), snapshot.observe(1), INTERVAL)
    return observe(before, snapshot.observe(2), 2 * INTERVAL).observation


def test_what_a_vm_uses_is_measured_as_in_any_farm(tmp_path: Path) -> None:
    seen = observed(written(tmp_path, farm()))
    (first, second) = seen.vms
    assert (first.name, first.host, first.eaten, first.is_new) == ("v1", "h1", 15.0, False)
    assert (first.cpu, second.cpu) == (pytest.approx(0.5), pytest.approx(0.5))
    assert (second.uuid, second.vcpus, second.tags, second.passthrough) == ("u-2", 2, ("db",), True)


def test_the_load_of_a_host_is_what_its_vms_use_unless_it_is_told(tmp_path: Path) -> None:
    plain, told = observed(written(tmp_path, farm())).hosts
    assert (plain.load, told.load) == (0.5, 3.2)
    assert (plain.memory_free, told.memory_free) == (32768 - 2048, 32768 - 4096 - 2048)
    assert (told.tags, told.maintenance, told.xen, told.cpu_group) == (("rack:a",), True, "4.17", "a")
    assert (plain.facts, told.facts) == ({}, {"rack": "a"})


def test_an_age_that_nobody_wrote_down_counts_as_old(tmp_path: Path) -> None:
    unknown, known = observed(written(tmp_path, farm())).vms
    assert unknown.age > 365 * 86400.0
    assert known.age == 3600 + INTERVAL


def test_a_vm_without_a_uuid_has_one_of_its_own(tmp_path: Path) -> None:
    names = [f"v{number}" for number in range(50)]
    seen = observed(written(tmp_path, farm(vms=[VM | {"name": name} for name in names])))
    assert len({vm.uuid for vm in seen.vms}) == 50


def test_nothing_moves_in_a_snapshot(tmp_path: Path) -> None:
    snapshot = SnapshotFarm(read_snapshot(written(tmp_path, farm())), INTERVAL)
    given = order("a-1")
    assert snapshot.examine(given) == ("a snapshot cannot be changed",)
    assert snapshot.migrate(given).state == "failed"


def test_the_hosts_of_an_order_can_be_looked_at(tmp_path: Path) -> None:
    snapshot = SnapshotFarm(read_snapshot(written(tmp_path, farm())), INTERVAL)
    assert [report.host for report in snapshot.look([order("a-1", source="h2", target="h9")])] == ["h2"]


def test_what_was_observed_is_written_and_read_back_alike(tmp_path: Path) -> None:
    chance = random.Random(7)
    racks = [{"rack": str(number % 10)} for number in range(20)]
    hosts = [HOST | {"name": f"h{number}", "dom0_mb": 1024.0, "facts": facts} for number, facts in enumerate(racks)]
    vms = [
        VM | {"name": f"v{number}", "cpu": chance.uniform(0, 3), "host": f"h{chance.randrange(20)}", "age": 60.0}
        for number in range(200)
    ]
    first = observed(written(tmp_path, farm(hosts=hosts, vms=vms)))
    saved = tmp_path / "saved.json"
    write_snapshot(saved, first)
    again = observed(saved)

    assert snapshot_document(first)["format"] == "farm/1"
    assert [(vm.name, vm.uuid, vm.host, vm.memory) for vm in again.vms] == [
        (vm.name, vm.uuid, vm.host, vm.memory) for vm in first.vms
    ]
    assert [vm.cpu for vm in again.vms] == pytest.approx([vm.cpu for vm in first.vms], abs=1e-5)
    assert [host.facts for host in again.hosts] == [{"rack": host.name[-1]} for host in first.hosts]
    assert [(host.name, host.memory_free) for host in again.hosts] == [
        (host.name, pytest.approx(host.memory_free)) for host in first.hosts
    ]


def test_the_memory_of_a_vm_that_nobody_has_measured_is_not_given_away(tmp_path: Path) -> None:
    first = observed(written(tmp_path, farm(hosts=[HOST], vms=[VM])))
    unmeasured = replace(first, vms=tuple(replace(vm, cpu=None) for vm in first.vms))
    saved = tmp_path / "saved.json"
    write_snapshot(saved, unmeasured)
    assert observed(saved).vms == ()
    assert observed(saved).hosts[0].memory_free == first.hosts[0].memory_free


def test_keys_of_a_newer_machine_are_ignored(tmp_path: Path) -> None:
    document = farm(hosts=[HOST | {"colour": "red"}], vms=[VM | {"colour": "red"}], seed=7, profile="mild")
    assert len(read_snapshot(written(tmp_path, document)).vms) == 1


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "the file: Invalid JSON"),
        ("[" * 100_000, "the file: Invalid JSON"),
        ("[]", "the file: "),
        (farm(format="farm/2"), "format: "),
        ({"format": "farm/1"}, "hosts: Field required"),
        (farm(hosts=[]), "hosts: "),
        (farm(hosts=[HOST | {"cores": -1}]), "hosts.0.cores: "),
        (farm(vms=[VM | {"memory_mb": "much"}]), "vms.0.memory_mb: "),
        (farm(vms=[VM | {"host": "h9"}]), "vms.0.host: there is no host “h9”"),
        (farm(hosts=[HOST, HOST], vms=[]), "duplicate: two hosts have one name"),
        (farm(vms=[VM, VM]), "duplicate: vms.1: “v1” is on “h1” already"),
        (json.dumps(farm()).replace("0.5", "NaN"), "vms.0.cpu: "),
        (json.dumps(farm()).replace("0.5", "1e999"), "vms.0.cpu: "),
    ],
    ids=range(13),
)
def test_what_is_no_snapshot_is_told_with_the_path_of_the_key(document: Any, message: str, tmp_path: Path) -> None:
    file = written(tmp_path, document)
    with pytest.raises(DocumentError) as error:
        read_snapshot(file)
    assert str(error.value).startswith(f"{file}:1:1: ")
    assert message in str(error.value)


def test_a_snapshot_that_is_not_there_or_too_large_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DocumentError, match=r"none\.json:1:1: unreadable: No such file or directory"):
        read_snapshot(tmp_path / "none.json")
    monkeypatch.setattr("balancer.adapters.snapshot.MAX_BYTES", 100)
    with pytest.raises(DocumentError, match=r"farm\.json:1:1: too-large: more than 100 bytes"):
        read_snapshot(written(tmp_path, farm()))
