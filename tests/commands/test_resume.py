"""`resume`: the end of a pause, or nothing where there is none. What it does to moves is in `test_pause`."""

import json
from pathlib import Path

import pytest

from balancer.adapters.control import ask
from balancer.cli import main
from tests.stage import Program


def test_it_ends_a_pause_and_saying_it_twice_does_no_harm(
    daemon: Program, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--config", str(config)]
    assert main(["pause", *words]) == 0
    assert ask(config.parent / "state", "status")["paused"].startswith("paused by ")
    capsys.readouterr()
    assert [main(["resume", *words]), main(["resume", *words])] == [0, 0]
    assert capsys.readouterr().out == "resumed\nresumed\n"
    assert ask(config.parent / "state", "status")["paused"] is None


def test_for_programs_both_are_told_as_json(daemon: Program, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--config", str(config), "--format", "json"]
    assert [main(["pause", *words]), main(["resume", *words])] == [0, 0]
    paused, resumed = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (paused["format"], paused["paused"].partition(" by ")[0]) == ("pause/1", "paused")
    assert resumed == {"format": "pause/1", "paused": None}


def test_without_a_daemon_it_is_exit_code_3(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resume", "--state", str(place)]) == 3
    assert "no daemon is running" in capsys.readouterr().err
