"""`plan`: one round, for a snapshot or for the running farm, told and perhaps carried out."""

import json
from pathlib import Path
from typing import Any

import pytest

from balancer.adapters.journal import open_journal
from balancer.cli import main
from balancer.ports import OperatorActed
from tests.commands.conftest import Farm
from tests.stage import SOON, Program, coilmq_wire, nobody, simulated_agents, write_balancer

HOST = {"cores": 4, "memory_mb": 16384, "dom0_mb": 1024}
SNAPSHOT = {
    "format": "farm/1",
    "hosts": [{"name": name, **HOST} for name in ("hv1", "hv2", "hv3")],
    "vms": [
        {"name": "web1", "cpu": 2.2, "memory_mb": 1024, "host": "hv1"},
        {"name": "db1", "cpu": 1.4, "memory_mb": 1024, "host": "hv1"},
        {"name": "dns1", "cpu": 0.1, "memory_mb": 1024, "host": "hv2"},
        {"name": "build1", "cpu": 2.4, "memory_mb": 1024, "host": "hv3"},
    ],
}

PLAN = {"format", "round", "rules", "rules_sha256", "complete", "frozen", "moves", "rejections", "before", "after",
        "seconds"}  # fmt: skip
MOVE = {"vm", "from", "to", "rule", "line", "why", "numbers", "reason", "wave"}
REJECTION = {"vm", "host", "rule", "line", "reason", "value", "limit"}
SPREAD = {"cpu_max", "cpu_std", "load_max", "load_std"}


@pytest.fixture
def snapshot(tmp_path: Path) -> str:
    file = tmp_path / "farm.json"
    file.write_text(json.dumps(SNAPSHOT))
    return str(file)


def planned(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["plan", "--format", "json", *words]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_for_people_it_tells_each_move_and_why_and_what_was_refused(
    snapshot: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--snapshot", snapshot]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("3 of 3 hosts, 4 VMs, rules ")
    assert told[1] == "move web1 from hv1 to hv2"
    assert told[2].startswith("  wave 1: move web1 from hv1 to hv2 (relieve, line ")
    assert told[3].startswith("    hv1 cpu 90% > 85% for 3 rounds; web1 uses 2.2 CPUs, most there; hv2 has least ")
    assert told[4] == "    not hv3 (max load: 115%, limit 70%)"
    assert told[-1].startswith("busiest host 90% -> 60%, spread ")


def test_for_programs_it_is_plan_1_key_for_key(snapshot: str, capsys: pytest.CaptureFixture[str]) -> None:
    plan = planned(capsys, "--snapshot", snapshot)
    assert plan["format"] == "plan/1"
    assert set(plan) >= PLAN
    assert (plan["complete"], plan["frozen"]) == (1.0, None)
    (move,) = plan["moves"]
    assert set(move) >= MOVE
    assert [move[key] for key in ("vm", "from", "to", "rule", "reason", "wave")] == [
        "web1", "hv1", "hv2", "relieve", "overload", 1,
    ]  # fmt: skip
    (rejection,) = plan["rejections"]
    assert set(rejection) >= REJECTION
    assert (rejection["vm"], rejection["host"], rejection["reason"]) == ("web1", "hv3", "max load")
    assert set(plan["before"]) == set(plan["after"]) == SPREAD
    assert plan["before"]["cpu_max"] == 0.9
    assert plan["after"]["cpu_max"] == 0.6


def test_what_was_saved_is_planned_alike(snapshot: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = str(tmp_path / "saved.json")
    first = planned(capsys, "--snapshot", snapshot, "--save", saved)
    second = planned(capsys, "--snapshot", saved)
    for part in ("moves", "rejections", "before", "after"):
        assert first[part] == second[part], part


def test_a_streak_that_is_not_reached_moves_nothing(snapshot: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert planned(capsys, "--snapshot", snapshot, "--rounds-over", "2")["moves"] == []
    assert len(planned(capsys, "--snapshot", snapshot, "--rounds-over", "3")["moves"]) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "farm/2"}, "wrong-value: format: "),
        ({"hosts": []}, "wrong-value: hosts: "),
        ({"hosts": [{"name": "hv1", **HOST, "cores": 0}]}, "wrong-value: hosts.0.cores: "),
        ({"hosts": [{"name": "hv1", **HOST}]}, "unknown-name: vms.2.host: there is no host “hv2”"),
        ({"hosts": [{"name": "hv1", **HOST}] * 2}, "duplicate: two hosts have one name"),
        ({"vms": [{"name": "v", "cpu": -1, "memory_mb": 1, "host": "hv1"}]}, "wrong-value: vms.0.cpu: "),
    ],
)
def test_a_wrong_snapshot_is_exit_code_2_with_the_path_of_the_key(
    changes: dict[str, Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "farm.json"
    file.write_text(json.dumps(SNAPSHOT | changes))
    assert main(["plan", "--snapshot", str(file)]) == 2
    assert capsys.readouterr().err.startswith(f"{file}:1:1: {message}")


def test_where_it_cannot_save_it_is_exit_code_2(
    snapshot: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "none" / "saved.json"
    assert main(["plan", "--snapshot", snapshot, "--save", str(target)]) == 2
    assert capsys.readouterr() == ("", f"{target}: cannot be written: No such file or directory\n")


# -- the running farm


def test_for_the_running_farm_it_asks_the_agents_and_changes_nothing(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--config", str(config)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("2 of 2 hosts, 3 VMs, rules ")
    assert "nan" not in told
    assert not (config.parent / "state").exists()


def test_beside_a_daemon_it_goes_on_where_the_daemon_is(
    daemon: Program, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert daemon.says("hv1 hot for 1")
    plan = planned(capsys, "--config", str(config), "--rounds-over", "3")
    assert plan["round"] >= 2
    assert [move["vm"] for move in plan["moves"]] == ["web1"]


def test_no_broker_is_exit_code_3(place: Path, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = nobody()
    wire = coilmq_wire(port) | {"connect_timeout": "0.3s"}
    assert main(["plan", "--config", str(write_balancer(place, ["hv1"], wire, keys))]) == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert f"127.0.0.1:{port}" in told.err
    assert told.err.count("\n") == 1


# -- for earnest


def test_with_apply_it_moves_and_tells_how_it_went(
    place: Path, keys: Path, coilmq_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "farm.rules").write_text(SOON)
    wire = coilmq_wire(coilmq_port)
    with simulated_agents(place, wire, keys) as hosts:
        config = str(write_balancer(place, hosts, wire, keys, rules="farm.rules"))
        assert main(["plan", "--config", config]) == 0
        assert main(["plan", "--config", config, "--apply", "--rounds-over", "2"]) == 0
        assert "moved web1 from hv1 to hv2: hv1 cpu " in capsys.readouterr().out
        assert main(["plan", "--config", config, "--save", str(place / "after.json")]) == 0
    vms = json.loads((place / "after.json").read_text())["vms"]
    assert {vm["name"]: vm["host"] for vm in vms}["web1"] == "hv2"


def test_while_a_daemon_runs_apply_is_refused_with_its_name(
    daemon: Program, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--config", str(config), "--apply"]) == 2
    assert f"held by process {daemon.process.pid} on " in capsys.readouterr().err


def test_a_pause_holds_for_apply_too(
    place: Path, hot_farm: Farm, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "farm.rules").write_text(SOON)
    config = str(write_balancer(place, hot_farm.hosts, coilmq_wire(hot_farm.port), keys, rules="farm.rules"))
    with open_journal(place / "state", lambda: 0.0) as journal:
        journal.record(OperatorActed("root", "pause", "rack b"))
    assert main(["plan", "--config", config]) == 0
    assert main(["plan", "--config", config, "--apply", "--rounds-over", "2"]) == 0
    told = capsys.readouterr().out
    assert "held web1 from hv1 to hv2: paused by root: rack b" in told
    assert "moved" not in told


@pytest.mark.parametrize("words", [["--snapshot", "farm.json"], ["--save", "farm.json"], ["--format", "json"]])
def test_apply_goes_with_nothing_that_only_looks(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--apply", *words]) == 2
    assert "it takes no --snapshot, --save or --format" in capsys.readouterr().err
