"""Orders carried out by processes of their own, which nobody's end ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agents import mover
from agents.config import load_config
from agents.hypervisor import Migration, kernel
from agents.hypervisor.scenario import load_scenario
from agents.hypervisor.shared_farm import SimulatedHypervisor
from agents.orders import BEGINS, LOST, Orders
from tests import movers
from tests.wire import eventually

SCENARIO = """
format: scenario/1
interval: 1s
migration: {bandwidth: 1000MiB/s}
hosts:
  - {name: hv1, cores: 4, memory: 8GiB}
  - {name: hv2, cores: 4, memory: 8GiB}
vms:
  - {name: web1, host: hv1, memory: 64MiB, uuid: u1}
"""
HANGS = "events: [{round: 1, vm: web1, event: migration-hangs}]\n"
TAKES_LONG = SCENARIO.replace("1000MiB/s", "32MiB/s")

AN_AGENT = """
import sys
from pathlib import Path
from agents import mover
from agents.config import load_config
from agents.hypervisor import Migration
from agents.orders import Orders

config = load_config(Path(sys.argv[1]))
orders = Orders(config.state, 1)
orders.take(Migration("o1", "u1", "web1", "hv2", "xen+ssh://hv2/system"), 1, 4e9)
mover.begin(Path(sys.argv[1]), "o1", orders)
print("begun", flush=True)
input()
"""

MOVE = Migration("o1", "u1", "web1", "hv2", "xen+ssh://hv2/system")
SOON = 4e9


@pytest.fixture
def configured(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Writes the configuration of hv1 on a farm."""

    def write(scenario: str = SCENARIO) -> Path:
        (tmp_path / "farm.yaml").write_text(scenario)
        (tmp_path / "agent.yaml").write_text(
            json.dumps(
                {
                    "mcollective": {"identity": "hv1", "psk": {"key": "secret"}, "policies": "."},
                    "state": "state",
                    "driver": "simulated",
                    "simulated": {"scenario": "farm.yaml", "directory": "."},
                }
            )
        )
        return tmp_path / "agent.yaml"

    with movers.none_left(tmp_path):
        yield write


def book(file: Path) -> Orders:
    return Orders(load_config(file).state, 1)


def placement(file: Path) -> dict[str, str]:
    scenario = load_scenario(file.with_name("farm.yaml"))
    return SimulatedHypervisor("hv2", scenario, file.parent).placement


def given(file: Path, valid_until: float = SOON) -> Orders:
    """The book, with an order that nobody has begun."""
    orders = book(file)
    orders.take(MOVE, 1, valid_until)
    return orders


def ended(orders: Orders, order: str = "o1") -> tuple[str, str]:
    assert eventually(lambda: orders.state(order).state != "under way", 60)
    return orders.state(order).state, orders.state(order).error


def test_an_order_is_carried_out_by_a_process_that_writes_down_how_it_ended(configured: Callable[..., Path]) -> None:
    file = configured()
    orders = given(file)
    mover.begin(file, "o1", orders)
    assert ended(orders) == ("done", "")
    assert placement(file) == {"web1": "hv2"}


def test_what_the_hypervisor_says_of_a_failure_is_written_down(configured: Callable[..., Path]) -> None:
    file = configured(SCENARIO + HANGS.replace("hangs", "fails"))
    orders = given(file)
    mover.begin(file, "o1", orders)
    assert ended(orders) == ("failed", "Failed to send migration data to destination host")


def test_a_hypervisor_that_is_not_there_has_failed_too(configured: Callable[..., Path]) -> None:
    file = configured(SCENARIO.replace("hv1", "hv9"))
    orders = given(file)
    mover.begin(file, "o1", orders)
    assert ended(orders)[1].startswith("the scenario has no host named “hv1”")


def test_even_a_mistake_of_ours_ends_the_order(configured: Callable[..., Path]) -> None:
    file = configured("no scenario")
    orders = given(file)
    mover.begin(file, "o1", orders)
    assert ended(orders)[1].startswith("DocumentError: ")


def test_a_second_process_does_nothing(configured: Callable[..., Path]) -> None:
    file = configured(SCENARIO + HANGS)
    orders = given(file)
    mover.begin(file, "o1", orders)
    assert eventually(lambda: movers.mover(file.parent / "state", "o1"), 60)
    again = [sys.executable, "-m", "agents.mover", str(file), str(file.parent / "state"), "o1"]
    assert subprocess.run(again, check=True, timeout=60)
    assert orders.state("o1").state == "under way"


def test_an_order_that_is_late_by_then_is_not_begun(configured: Callable[..., Path]) -> None:
    file = configured()
    orders = given(file, valid_until=time.time() - BEGINS - 1)
    mover.begin(file, "o1", orders)
    assert ended(orders) == ("failed", "it was not begun: by then it was too late")
    assert placement(file) == {"web1": "hv1"}


def test_a_process_that_ends_before_it_has_begun_is_told_with_how_to_see_why(
    configured: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = configured()
    orders = given(file)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    mover.begin(file, "o1", orders)
    assert ended(orders) == (
        "failed",
        f"its process ended with 1 before it began; to see why: python -m agents.mover CONFIG {orders.directory} o1",
    )


def test_a_configuration_that_cannot_be_read_any_more_has_failed_too(configured: Callable[..., Path]) -> None:
    file = configured()
    orders = given(file)
    file.write_text("no configuration")
    mover.begin(file, "o1", orders)
    assert ended(orders)[1].startswith("DocumentError: ")


def test_a_process_that_cannot_be_started_is_told(
    configured: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = configured()
    orders = given(file)
    monkeypatch.setattr(sys, "executable", str(file))
    mover.begin(file, "o1", orders)
    assert ended(orders) == ("failed", "its process cannot be started: Permission denied")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_migration_goes_on_without_the_agent_and_the_next_one_knows(
    configured: Callable[..., Path], number: signal.Signals
) -> None:
    file = configured(TAKES_LONG)
    with subprocess.Popen(
        [sys.executable, "-c", AN_AGENT, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as agent:
        assert agent.stdout is not None
        assert agent.stdout.readline() == b"begun\n"
        agent.send_signal(number)
    orders = book(file)
    assert eventually(lambda: movers.mover(file.parent / "state", "o1"), 60)
    assert orders.state("o1").state == "under way"
    assert ended(orders) == ("done", "")
    assert placement(file) == {"web1": "hv2"}


def test_a_process_that_is_killed_leaves_a_lost_order_behind(configured: Callable[..., Path]) -> None:
    file = configured(SCENARIO + HANGS)
    orders = given(file)
    mover.begin(file, "o1", orders)
    state = file.parent / "state"
    assert eventually(lambda: movers.mover(state, "o1"), 60)
    movers.kill(movers.mover(state, "o1"))
    assert ended(orders) == ("lost", LOST)


def test_a_process_is_in_nobodys_session_and_can_be_told_to_stop(configured: Callable[..., Path]) -> None:
    file = configured(SCENARIO + HANGS)
    orders = given(file)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        mover.begin(file, "o1", orders)
        assert eventually(lambda: movers.mover(file.parent / "state", "o1"), 60)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    told = movers.mover(file.parent / "state", "o1")
    pid = int(told.partition(" ")[0])
    assert os.getsid(pid) == pid
    os.kill(pid, signal.SIGTERM)
    assert eventually(lambda: not kernel.is_alive(told), 60)
