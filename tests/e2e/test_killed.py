"""The balancer is killed at every point of an order's way, and another takes up what it left."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agents.hypervisor.scenario import load_scenario
from agents.hypervisor.shared_farm import SimulatedHypervisor
from tests.brokers import coilmq
from tests.killed import POINTS
from tests.stage import HOT, SOON, Program, coilmq_wire, orders, running, simulated_agents, write_balancer
from tests.wire import eventually

SLOW = HOT.replace("bandwidth: 4GiB/s", "bandwidth: 400MiB/s")
NOTHING_SENT = {"before it is examined", "examined"}


@contextmanager
def farm(folder: Path, keys: Path) -> Iterator[Path]:
    """A farm in which web1 takes 2.5 s to move, and the configuration of a balancer that moves it."""
    broker = coilmq(folder)
    broker.start()
    try:
        wire = coilmq_wire(broker.port)
        (folder / "farm.rules").write_text(SOON)
        with simulated_agents(folder, wire, keys, SLOW) as hosts:
            yield write_balancer(folder, hosts, wire, keys, mode="active", rules="farm.rules")
    finally:
        broker.stop()


def killed(point: str, config: Path, folder: Path) -> None:
    """A balancer has died there."""
    with running("tests.killed", point, str(config), log=folder / "killed") as program:
        assert eventually(lambda: program.process.poll() is not None, 60), program.said
        assert program.process.returncode == -signal.SIGKILL, program.said


def places(folder: Path) -> dict[str, str]:
    return SimulatedHypervisor("hv1", load_scenario(folder / "farm.yaml"), folder).placement


@pytest.mark.parametrize("point", POINTS)
def test_wherever_it_is_killed_the_next_one_ends_the_move_and_starts_nothing_twice(
    point: str, tmp_path: Path, keys: Path
) -> None:
    with farm(tmp_path, keys) as config:
        killed(point, config, tmp_path)
        left = orders(config) if point not in NOTHING_SENT else []
        assert [each["vm"] for each in left] == ([] if point in NOTHING_SENT else ["web1"])

        with running("balancer.cli", "run", "--config", str(config), log=tmp_path / "log") as program:
            assert program.says("round ")
            assert settled(program, config)
            assert program.end() == 0
        assert [(each["vm"], each["outcome"], each["detail"]) for each in orders(config)] == [
            *([("web1", "failed", "it runs on hv1 as before; hv1 never took the order")] if point == "intent" else []),
            ("web1", "done", ""),
        ]
        assert places(tmp_path) == {"web1": "hv2", "db1": "hv1", "dns1": "hv2"}
        assert "Traceback" not in program.said


def settled(program: Program, config: Path) -> bool:
    """Sooner or later no order is open, and one is done; after an order that never came that takes its time."""

    def done() -> bool:
        states = [each["outcome"] for each in orders(config)]
        return program.process.poll() is None and "done" in states and not {"under way", "in doubt"} & set(states)

    return eventually(done, 120)
