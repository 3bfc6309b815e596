"""`resolve`: an operator ends an order that is in doubt."""

import json
from pathlib import Path

import pytest

from balancer.adapters.control import listening
from balancer.adapters.desk import ControlDesk, StatusBoard, commands
from balancer.adapters.journal_reader import Said
from balancer.adapters.rule_file import RuleFile
from balancer.cli import main
from balancer.core.figures.signals import VOCABULARY
from balancer.core.model import OrderState
from tests.adapters.samples import Memory, changed
from tests.stage import SOON


@pytest.fixture
def desk(place: Path) -> ControlDesk:
    (place / "farm.rules").write_text(SOON)
    return ControlDesk(RuleFile(place / "farm.rules", VOCABULARY, Memory()), Memory(), lambda: 70.0, Said())


@pytest.fixture
def board() -> StatusBoard:
    board = StatusBoard("active")
    board.record(changed(OrderState.IN_DOUBT, name="a-1-3-1"))
    return board


def test_the_daemon_takes_the_operators_word(
    place: Path, desk: ControlDesk, board: StatusBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    with listening(place, commands(desk, board)):
        assert main(["resolve", "--state", str(place), "3-1", "failed"]) == 0
    assert capsys.readouterr().out == "order a-1-3-1 counts as failed: test3 is free again\n"
    ((order, (outcome, _who)),) = desk.resolutions().items()
    assert (order, outcome) == ("a-1-3-1", "failed")


def test_for_programs_it_is_a_document(
    place: Path, desk: ControlDesk, board: StatusBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    with listening(place, commands(desk, board)):
        assert main(["resolve", "--state", str(place), "--format", "json", "a-1-3-1", "done"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "format": "resolved/1", "order": "a-1-3-1", "outcome": "done", "vm": "test3",
    }  # fmt: skip


def test_an_order_that_is_not_open_is_told_with_those_that_are(
    place: Path, desk: ControlDesk, board: StatusBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    with listening(place, commands(desk, board)):
        assert main(["resolve", "--state", str(place), "a-9-9-9", "done"]) == 2
    assert "“a-9-9-9” is not one order that is open; open are: a-1-3-1" in capsys.readouterr().err


def test_without_a_daemon_it_is_exit_code_3(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resolve", "--state", str(place), "a-1-3-1", "done"]) == 3
    assert capsys.readouterr() == ("", f"no daemon is running on {place}: start it with xen-balancer run\n")
