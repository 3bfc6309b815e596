"""`undrain`: what it ends is in `test_drain`."""

import json
from pathlib import Path

import pytest

from balancer.cli import main
from tests.stage import Program


def test_for_programs_both_are_told_as_json(daemon: Program, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--config", str(config), "--format", "json", "hv2"]
    assert [main(["drain", *words]), main(["undrain", *words])] == [0, 0]
    drained, free = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (drained["format"], drained["drained"], drained["host"]) == ("drain/1", True, "hv2")
    assert set(drained) == {"format", "drained", "host", "who", "since"}
    assert free == {"format": "drain/1", "drained": False, "host": "hv2", "was_drained": True}


def test_without_a_daemon_it_is_exit_code_3(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["undrain", "--state", str(place), "hv1"]) == 3
    assert "no daemon is running" in capsys.readouterr().err
