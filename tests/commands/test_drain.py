"""`drain`: empties a host, outlasts a restart, and ends with `undrain`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from balancer.cli import main
from tests.stage import Program, coilmq_wire, simulated_agents, write_balancer, xen_balancer

WALLS = 'keep vm "web1" on host "hv1"\n'


def test_a_host_is_emptied_as_far_as_it_may_be_over_a_restart_until_somebody_says_undrain(
    place: Path, keys: Path, coilmq_port: int, start: Callable[..., Program], capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "farm.rules").write_text(WALLS)
    wire = coilmq_wire(coilmq_port)
    with simulated_agents(place, wire, keys) as hosts:
        config = str(write_balancer(place, hosts, wire, keys, mode="active", rules="farm.rules"))
        program = start("run", "--config", config)
        assert program.says("round 1 ")
        assert main(["drain", "--config", config, "hv7"]) == 2
        assert "“hv7” is no host of this farm; did you mean “hv" in capsys.readouterr().err
        assert main(["drain", "--config", config, "hv1"]) == 0
        told = capsys.readouterr().out
        assert told.startswith("hv1 is drained by ")
        assert program.says("moved db1 from hv1 to hv2: hv1 is drained by ")
        assert program.says(", is not empty: web1 stays: ")
        assert program.end() == 0

        again = start("run", "--config", config, log="again")
        assert again.says(", is not empty: web1 stays: ")
        assert main(["drain", "--config", config]) == 0
        first, second = capsys.readouterr().out.splitlines()
        assert first.startswith("drained: hv1 by ")
        assert first.endswith(": 1 VM there")
        assert second == f"  web1 stays: it finds no host: {WALLS.strip()} (line 1)"
        assert main(["drain", "--config", config, "--format", "json"]) == 0
        drained = json.loads(capsys.readouterr().out)
        assert (drained["format"], drained["drained"], drained["host"], drained["vms"]) == ("drain/1", True, "hv1", 1)
        assert main(["undrain", "--config", config, "hv1"]) == 0
        assert main(["drain", "--config", config]) == 0
        told = "hv1 is no longer drained by an operator\nno host is drained by an operator\n"
        assert capsys.readouterr().out == told
        assert main(["undrain", "--config", config, "hv1"]) == 0
        assert capsys.readouterr().out == "hv1 was not drained by an operator\n"
        assert main(["undrain", "--config", config, "hv7"]) == 2
        assert "“hv7” is no host of this farm; did you mean “hv" in capsys.readouterr().err
        assert again.end() == 0
        assert "Traceback" not in program.said + again.said

    history = xen_balancer("history", "--config", config).stdout
    assert [word in history for word in ("drain by ", ": hv1", "undrain by ")] == [True] * 3


def test_without_a_daemon_it_is_exit_code_3(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drain", "--state", str(place), "hv1"]) == 3
    assert capsys.readouterr() == ("", f"no daemon is running on {place}: start it with xen-balancer run\n")
