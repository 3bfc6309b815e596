"""What tests of commands share: a farm that answers, and a daemon that looks at it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.brokers import coilmq
from tests.stage import Program, coilmq_wire, running, simulated_agents, write_balancer


@dataclass(frozen=True)
class Farm:
    """Two hosts behind a broker; hv1 is hot and stays so."""

    port: int
    hosts: list[str]


@pytest.fixture(scope="session")
def hot_farm(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Iterator[Farm]:
    """One farm for all tests of a run: look at it, but do not move its VMs."""
    folder = tmp_path_factory.mktemp("farm")
    broker = coilmq(folder)
    broker.start()
    with simulated_agents(folder, coilmq_wire(broker.port), keys) as hosts:
        yield Farm(broker.port, hosts)
    broker.stop()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a test has its configuration and its state directory."""
    return tmp_path


@pytest.fixture
def config(place: Path, hot_farm: Farm, keys: Path) -> Path:
    """The configuration of a dry daemon for that farm; its state directory is beside it."""
    return write_balancer(place, hot_farm.hosts, coilmq_wire(hot_farm.port), keys)


@pytest.fixture
def start(place: Path) -> Iterator[Callable[..., Program]]:
    """Starts daemons; ends those that are left."""
    with ExitStack() as stack:

        def begin(*words: str, log: str = "log", module: str = "balancer.cli") -> Program:
            return stack.enter_context(running(module, *words, log=place / log))

        yield begin


@pytest.fixture
def daemon(config: Path, start: Callable[..., Program]) -> Program:
    """A dry daemon that has held its first round."""
    program = start("run", "--config", str(config))
    assert program.says("round 1 "), program.said
    return program
