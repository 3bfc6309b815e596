"""`status`, as an operator meets it."""

import json
from pathlib import Path

import pytest

from balancer.cli import main
from balancer.commands.status import in_words
from tests.stage import Program

HOST = {"load": 3.5, "cpu": 0.9, "vms": 2, "streak": 0, "streaks": {}}
STATUS = {
    "mode": "active", "paused": None, "rules_problem": None, "lost": None, "round": 3, "expected": 2, "silent": [],
    "found": [], "in_doubt": [], "left_alone": {}, "orders": [], "drained": [],
    "sentence": "no action: no host is in trouble",
    "hosts": {"hv1": HOST, "hv2": HOST},
}  # fmt: skip


def test_it_tells_the_last_round_host_by_host(
    daemon: Program, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert daemon.says("hv1 hot for 1")
    assert main(["status", "--config", str(config)]) == 0
    first, second, *hosts = capsys.readouterr().out.splitlines()
    assert first == "mode dry-run"
    assert second.startswith("round ")
    assert " 2 of 2 hosts: " in second
    assert [line.split()[0] for line in hosts] == ["hv1", "hv2"]
    assert "2 VMs  in trouble for " in hosts[0]
    assert hosts[1].endswith("1 VM")


def test_for_programs_it_is_one_document(daemon: Program, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--state", str(config.parent / "state"), "--format", "json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["format"] == "status/1"
    assert (status["mode"], status["paused"], status["expected"], set(status["hosts"])) == (
        "dry-run", None, 2, {"hv1", "hv2"},
    )  # fmt: skip
    assert set(status["hosts"]["hv1"]) == set(HOST)


def test_without_a_daemon_it_is_exit_code_3_and_says_how_to_start_one(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--state", str(place)]) == 3
    assert capsys.readouterr() == ("", f"no daemon is running on {place}: start it with xen-balancer run\n")


def test_a_daemon_without_a_round_says_so() -> None:
    assert list(in_words(STATUS | {"round": None})) == ["mode active", "no round yet"]


def test_a_daemon_without_a_round_tells_of_the_orders_that_it_has_taken_up() -> None:
    order = {"id": "a-1-3-1", "outcome": "in doubt", "vm": "web1", "from": "hv1", "to": "hv2", "detail": "no answer"}
    assert list(in_words(STATUS | {"round": None, "orders": [order]})) == [
        "mode active",
        "no round yet",
        "in doubt: web1 from hv1 to hv2: no answer",
        "  once you know: xen-balancer resolve a-1-3-1 done|failed",
    ]


def test_a_drained_host_is_told_with_what_is_left_there_and_why() -> None:
    alice = {"host": "hv1", "who": "alice", "since": 70.0, "vms": 2, "stay": [{"vm": "ora1", "why": "passthrough"}]}
    gone = {"host": "hv9", "who": "bob", "since": 80.0, "vms": None, "stay": []}
    assert list(in_words(STATUS | {"drained": [alice, gone, gone | {"vms": 0}]}))[-4:] == [
        "drained: hv1 by alice since 1970-01-01 00:01:10Z: 2 VMs there",
        "  ora1 stays: passthrough",
        "drained: hv9 by bob since 1970-01-01 00:01:20Z: it did not report",
        "drained: hv9 by bob since 1970-01-01 00:01:20Z: empty",
    ]


def test_whatever_is_amiss_is_told() -> None:
    order = {
        "id": "a-1-3-1", "outcome": "in doubt", "vm": "web1", "from": "hv1", "to": "hv2", "why": "hv1 cpu 90% > 85%",
        "detail": "hv2 did not answer; ask there where web1 is",
    }  # fmt: skip
    told = in_words(
        STATUS
        | {
            "paused": "paused by root: rack b",
            "rules_problem": "farm.rules:1:1: syntax: what is wen?\n  wen\n  ^",
            "lost": {"round": 4, "why": "no broker"},
            "silent": ["hv3"],
            "found": [{"host": "hv4", "rounds": 1}],
            "expected": 3,
            "in_doubt": [{"vm": "test", "hosts": ["hv1", "hv2"], "why": "test RUNS TWICE, on hv1 and hv2"}],
            "left_alone": {"hv2": 2},
            "hosts": {"hv1": HOST | {"streak": 1, "vms": 1}, "hv2": HOST | {"cpu": None}},
            "orders": [order, order | {"outcome": "under way"}],
        }
    )
    assert list(told) == [
        "mode active, paused by root: rack b",
        "the rule file cannot be run with, the last good rules are in force:",
        "farm.rules:1:1: syntax: what is wen?",
        "  wen",
        "  ^",
        "round 4 lost: no broker",
        "round 3, 2 of 3 hosts: no action: no host is in trouble",
        "  hv1                  cpu  90%  load   3.50      1 VM  in trouble for 1 round",
        "  hv2                  cpu    ?  load   3.50     2 VMs",
        "  hv3                  silent",
        "  hv4                  newly found, in 1 of 2 complete rounds",
        "in doubt: test RUNS TWICE, on hv1 and hv2",
        "left alone: hv2, 2 moves failed there in a row; then: xen-balancer resume",
        "in doubt: web1 from hv1 to hv2: hv2 did not answer; ask there where web1 is",
        "  once you know: xen-balancer resolve a-1-3-1 done|failed",
        "under way: web1 from hv1 to hv2: hv1 cpu 90% > 85%",
    ]
