"""`pause`: works at once, and outlasts a restart."""

from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from balancer.adapters.control import ask
from balancer.cli import main
from tests.stage import SOON, Program, coilmq_wire, simulated_agents, write_balancer, xen_balancer

Start = Callable[..., Program]


def test_it_holds_every_move_at_once_and_over_a_restart_until_somebody_resumes(
    place: Path, keys: Path, coilmq_port: int, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "farm.rules").write_text(SOON)
    wire = coilmq_wire(coilmq_port)
    with simulated_agents(place, wire, keys) as hosts:
        config = str(write_balancer(place, hosts, wire, keys, mode="active", rules="farm.rules"))
        program = start("run", "--config", config)
        assert program.says("rules in force")
        while main(["pause", "--config", config, "rack", "b"]) != 0:
            """The daemon is not there yet."""
        reason = capsys.readouterr().out.strip()
        assert reason.endswith(": rack b")
        assert program.says(f"held web1 from hv1 to hv2: {reason}", times=2)
        assert program.end() == 0
        assert "ordered " not in program.said

        again = start("run", "--config", config, log="again")
        assert again.says(f"held web1 from hv1 to hv2: {reason}")
        status = ask(place / "state", "status")
        assert (status["mode"], status["paused"]) == ("active", reason)
        url = next(line for line in again.said.splitlines() if line.startswith("metrics: ")).removeprefix("metrics: ")
        with urlopen(url, timeout=30) as answer:
            assert 'xen_balancer_mode{mode="paused"} 1.0' in answer.read().decode()

        assert main(["resume", "--config", config]) == 0
        assert again.says("moved web1 from hv1 to hv2: hv1 cpu ")
        assert again.end() == 0
        assert "Traceback" not in program.said + again.said

    told = xen_balancer("history", "--config", config).stdout
    assert [word in told for word in ("pause by ", "resume by ", "held web1", "(active): web1")] == [True] * 4


def test_without_a_daemon_it_is_exit_code_3(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pause", "--state", str(place)]) == 3
    assert capsys.readouterr() == ("", f"no daemon is running on {place}: start it with xen-balancer run\n")
