"""`history`, while the daemon runs and after it has ended."""

import json
import re
from pathlib import Path

import pytest

from balancer.adapters.journal import open_journal
from balancer.cli import main
from balancer.core.model import Journey, OrderState
from balancer.ports import MovedByOthers, OperatorActed, OrderHeld, RoundLost, StrangerSeen
from tests.adapters.samples import changed
from tests.stage import Program

STAMP = re.compile(r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ  ")


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["history", *words]) == 0
    return capsys.readouterr().out


def test_it_tells_rounds_and_moves_while_the_daemon_runs_and_afterwards(
    daemon: Program, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert daemon.says("would move web1")
    during = told(capsys, "--config", str(config))
    assert "round 1: no action: " in during
    assert "done after 0 s, 10 s expected (dry-run): web1 from hv1 to hv2: hv1 cpu " in during

    assert daemon.end() == 0
    after = told(capsys, "--config", str(config))
    assert len(STAMP.findall(after)) == after.count("\n") >= during.count("\n")
    assert sorted(after.splitlines(), key=lambda line: line[:19]) == after.splitlines()


def test_for_programs_each_order_is_a_document(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_journal(place, lambda: 90.0) as journal:
        journal.record(changed(OrderState.FAILED, ended=75.0, detail="no route to host"))
    (order,) = map(json.loads, told(capsys, "--state", str(place), "--format", "json").splitlines())
    assert (order["format"], order["mode"], order["outcome"], order["detail"]) == (
        "order/1", "active", "failed", "no route to host",
    )  # fmt: skip
    assert (order["vm"], order["from"], order["to"]) == ("test3", "hypervisor3", "hypervisor2")
    assert (order["round"], order["started"], order["ended"]) == (3, 60.0, 75.0)


def test_what_happened_besides_is_told_in_words(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_journal(place, lambda: 90.0) as journal:
        journal.record(RoundLost(4, "no broker"))
        journal.record(OperatorActed("root", "pause", "rack \x1b[31mb"))
        journal.record(OrderHeld("web1", "hv1", "hv2", "paused by root"))
        journal.record(MovedByOthers(Journey("web1", "uuid-web1", "hv1", "hv2", 60.0)))
        journal.record(StrangerSeen("hv1", "b-1-3-1", "uuid-web1"))
    assert told(capsys, "--state", str(place)).splitlines() == [
        "1970-01-01 00:01:30Z  round 4 lost: no broker",
        r"1970-01-01 00:01:30Z  pause by root: rack \x1b[31mb",
        "1970-01-01 00:01:30Z  held web1 from hv1 to hv2: paused by root",
        "1970-01-01 00:01:30Z  moved by others: web1 from hv1 to hv2",
        "1970-01-01 00:01:30Z  a second balancer is at work: hv1 has its order b-1-3-1",
    ]


def test_the_last_few_are_as_many_as_are_wanted(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_journal(place, lambda: 90.0) as journal:
        for number in range(30):
            journal.record(RoundLost(number, "no broker"))
    assert told(capsys, "--state", str(place)).count("lost") == 20
    assert "round 29 lost" in told(capsys, "--state", str(place), "--last", "1")


def test_an_empty_journal_says_so(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_journal(place, lambda: 90.0):
        pass
    assert told(capsys, "--state", str(place)) == "nothing has happened yet\n"


def test_where_no_daemon_ever_ran_it_is_exit_code_2(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--state", str(place)]) == 2
    assert capsys.readouterr() == ("", f"{place}: no journal yet: start the daemon with xen-balancer run\n")
