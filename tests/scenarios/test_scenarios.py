"""Whole simulations, told to the byte: each scenario beside its transcript."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.scenarios.regenerate import FOLDER, SCENARIOS, documents, played, wish

AS_JSON = FOLDER / "full.yaml"
MOVE = {
    "vm", "uuid", "from", "to", "rule", "line", "why", "numbers", "reason", "wave",
    "group", "in_transit", "id", "outcome", "detail", "predicted", "seconds",
}  # fmt: skip
REJECTION = {"vm", "host", "rule", "line", "reason", "value", "limit"}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_a_scenario_is_played_as_its_transcript_says(scenario: Path) -> None:
    assert played(wish(scenario)) == scenario.with_suffix(".transcript").read_text(encoding="utf-8")


def test_every_transcript_and_every_rule_file_belongs_to_a_scenario() -> None:
    beside = {path.stem for path in FOLDER.iterdir() if path.suffix in {".transcript", ".rules"}}
    assert beside <= {path.stem for path in SCENARIOS}


def test_no_scenario_breaks_a_wall_or_moves_a_vm_in_vain_but_where_a_group_is_interrupted() -> None:
    for scenario in SCENARIOS:
        summary = documents(played(wish(scenario, "json")))[-1]
        expected = (1, 1) if scenario.stem == "group-interrupted" else (0, 0)
        assert (summary["violations"], summary["returned"]) == expected, scenario.stem


@pytest.mark.parametrize("name", ["full", "limits", "migration-fails"])
def test_as_json_the_same_scenario_prints_the_same_bytes(name: str) -> None:
    scenario = FOLDER / f"{name}.yaml"
    assert played(wish(scenario, "json")) == played(wish(scenario, "json"))


def test_as_json_a_farm_without_room_says_which_host_lacks_how_much() -> None:
    *rounds, summary = documents(played(wish(AS_JSON, "json")))
    assert [each["round"] for each in rounds] == list(range(1, 8))
    assert {each["format"] for each in rounds} == {"rounds/1"}
    assert rounds[3]["hosts"]["xen1"] == {"load": 3.8, "cpu": 0.95, "vms": 2, "streak": 3, "streaks": {"relieve": 3}}
    assert rounds[3]["rejections"][0] == {
        "vm": "hot1", "host": "xen2", "rule": "relieve", "line": None,
        "reason": "memory", "value": 3072.0, "limit": 1024.0,
    }  # fmt: skip
    assert summary == {
        "format": "summary/1", "rounds": 7, "moves": 0, "failed": 0, "in_doubt": 0, "returned": 0,
        "overload_seconds": 0.0, "cpu_std_mean": summary["cpu_std_mean"], "violations": 0, "seed": 1,
    }  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_as_json_each_line_is_a_round_as_the_formats_say(scenario: Path) -> None:
    *rounds, summary = documents(played(wish(scenario, "json")))
    assert summary["rounds"] == len(rounds)
    for line in rounds:
        assert {"format", "round", "time", "frozen", "hosts", "moves", "rejections"} <= line.keys()
        assert all(host.keys() == {"load", "cpu", "vms", "streak", "streaks"} for host in line["hosts"].values())
        assert all(move.keys() == MOVE for move in line["moves"])
        assert all(move["outcome"] in {"under way", "done", "failed", "in doubt"} for move in line["moves"])
        assert all(rejection.keys() == REJECTION for rejection in line["rejections"])


def test_another_seed_changes_nothing_where_chance_has_no_say() -> None:
    wanted = wish(FOLDER / "limits.yaml")
    assert played(replace(wanted, seed=99)) == played(wanted)


def test_an_old_vm_is_old_from_the_first_round_on(tmp_path: Path) -> None:
    scenario = tmp_path / "old.yaml"
    scenario.write_text((FOLDER / "overload.yaml").read_text().replace("{name: web1,", "{name: web1, age: 1h,"))
    scenario.with_suffix(".rules").write_text(
        "rule relieve when host.cpu > 85% for 3 rounds move vm by most cpu where age > 30 min to host by least cpu"
    )
    text = played(wish(scenario))
    assert "move web1 from xen1 to xen3" in text
    scenario.write_text(scenario.read_text().replace(" age: 1h,", ""))
    assert "refused: age > 30 min 2" in played(wish(scenario))
