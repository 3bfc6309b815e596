"""`simulate`, as whoever writes rules meets it."""

import json
from pathlib import Path

import pytest

from balancer.cli import main

SCENARIO = str(Path(__file__).parents[1] / "scenarios" / "overload.yaml")


def test_for_people_it_tells_rounds_moves_and_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", SCENARIO]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "round 1  3/3 hosts  busy unknown  — no action: no host is in trouble"
    assert [line.partition(":")[0] for line in told if line.startswith("moved ")] == ["moved web1 from xen1 to xen3"]
    assert told[-1] == (
        "rounds: 16, moves: 1, failed: 0, in doubt: 0, returned: 0, host-seconds overloaded: 0, violations: 0"
    )


def test_for_programs_it_prints_rounds_and_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", SCENARIO, "--format", "json"]) == 0
    *rounds, summary = map(json.loads, capsys.readouterr().out.splitlines())

    assert [each["round"] for each in rounds] == list(range(1, 17))
    for each in rounds:
        assert each["format"] == "rounds/1"
        assert {"round", "time", "hosts", "moves", "rejections"} <= set(each)
        for host in each["hosts"].values():
            assert {"load", "cpu", "vms", "streak", "streaks"} <= set(host)
    ((moved, move),) = [(each["round"], move) for each in rounds for move in each["moves"]]
    assert (moved, move["vm"], move["from"], move["to"], move["outcome"]) == (7, "web1", "xen1", "xen3", "done")
    assert rounds[6]["hosts"]["xen1"]["streaks"] == {"relieve": 3}

    assert summary["format"] == "summary/1"
    assert {"rounds", "moves", "failed", "returned", "overload_seconds", "cpu_std_mean", "violations", "seed"} <= set(
        summary
    )
    assert (summary["rounds"], summary["moves"], summary["seed"]) == (16, 1, 1)


def test_the_output_of_2010_has_no_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", SCENARIO, "--format", "classic"]) == 0
    assert "violations" not in capsys.readouterr().out


def test_rounds_seed_and_interval_are_the_operators_if_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", SCENARIO, "--rounds", "3", "--seed", "42", "--interval", "1 min", "--format", "json"]
    assert main(words) == 0
    *rounds, summary = map(json.loads, capsys.readouterr().out.splitlines())
    assert [each["time"] for each in rounds] == [0.0, 60.0, 120.0]
    assert (summary["rounds"], summary["seed"]) == (3, 42)


def test_the_same_seed_prints_the_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    told = [main(["simulate", SCENARIO, "--format", "json"]) or capsys.readouterr().out for _ in range(2)]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("format: scenario/1\nhosts:\n  - {name: a, cores: 0, memory: 1GiB}\n", ":3:22: out-of-range: hosts[0].cores"),
        ("format: scenario/1\nhots: []\n", ":2:1: unknown-key: hots"),
        ("format: [", ":2:1: syntax: "),
        ("", ":1:1: empty: the file is empty"),
    ],
)
def test_a_wrong_scenario_is_exit_code_2_with_its_place(
    source: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text(source)
    assert main(["simulate", str(scenario)]) == 2
    told = capsys.readouterr()
    assert f"{scenario}{message}" in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize("words", [["none.yaml"], [SCENARIO, "--rules", "none.rules"]])
def test_a_file_that_is_not_there_is_exit_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", *words]) == 2
    assert ":1:1: unreadable: No such file or directory" in capsys.readouterr().err
