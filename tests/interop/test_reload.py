"""Our server loads its agents anew while requests stream in: each that was sent is done once, and answered."""

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.interop import ours, stock
from tests.interop.questions import OURS
from tests.interop.stock import Cell
from tests.stage import Program

REQUESTS = 200
SOON = 10.0


@pytest.fixture(scope="module")
def program(own_cell: Cell) -> Iterator[Program]:
    with ours.server(own_cell, OURS) as program:
        yield program


def test_no_request_is_lost(own_cell: Cell, program: Program) -> None:
    directed = stock.client(own_cell)
    broadcast = stock.client(own_cell, "stranger", direct_addressing=0)
    with ThreadPoolExecutor() as pool, reloading(own_cell, program) as times:
        said = pool.submit(directed.script, "stream.rb", str(REQUESTS), "witness", "say", "text=hello %d", "-I", OURS)
        noted = pool.submit(broadcast.script, "stream.rb", str(REQUESTS), "witness", "note", "text=n%d", "--dt", "1")
        answered = pool.submit(our_stream, own_cell).result()
        told = [json.loads(stream.result().stdout) for stream in (said, noted)]

    assert told == [{"sent": REQUESTS, "answered": REQUESTS}] * 2
    assert answered == REQUESTS
    assert own_cell.notes(OURS).split() == [f"n{number}" for number in range(1, REQUESTS + 1)]
    assert len(times) > 3
    assert program.says("reloaded ", times.count("signal"))


def our_stream(cell: Cell) -> int:
    """How many of our client's requests were answered."""
    with ours.client(cell) as client:
        calls = (client.call("witness", "say", {"text": f"hello {one}"}, [OURS], SOON) for one in range(REQUESTS))
        return sum(OURS in replies.by_host for replies in calls)


@contextmanager
def reloading(cell: Cell, program: Program) -> Iterator[list[str]]:
    """Agents are loaded anew again and again, by a signal and by request in turn; gives how, each time."""
    done: list[str] = []
    stop = threading.Event()

    def reload() -> None:
        while not stop.wait(0.3):
            program.process.send_signal(signal.SIGUSR1)
            done.append("signal")
            with ours.client(cell) as client:
                replies = client.call("controller", "reload_agents", {}, [OURS], SOON)
            assert replies.by_host[OURS].status == 0, replies
            done.append("request")

    with ThreadPoolExecutor() as pool:
        again = pool.submit(reload)
        try:
            yield done
        finally:
            stop.set()
            again.result()


def test_the_level_of_the_log_is_turned_by_a_signal(program: Program) -> None:
    for level in ("WARNING", "ERROR", "DEBUG", "INFO"):
        program.process.send_signal(signal.SIGUSR2)

        assert program.says(f"Logging level is now {level}")


def test_our_command_asks_the_controller_with_mcos_file(own_cell: Cell, program: Program) -> None:
    file = stock.client(own_cell).config

    told = [control(file, *words) for words in (["stats"], ["reload_agent", "witness"], ["reload_agent", "nosuch"])]

    assert re.fullmatch(r" +ours1> total=\d+ replies=\d+ valid=\d+ invalid=0 filtered=0 passed=\d+\n", told[0].stdout)
    assert told[1].stdout == f"{OURS:>30}> reloaded witness agent\n"
    assert (told[2].returncode, "there is no agent nosuch" in told[2].stdout) == (1, True)


def control(file: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """`xen-balancer-agent control WORDS`, to its end."""
    command = [sys.executable, "-m", "agents.cli", "control", "--config", str(file), "--discovery-timeout", "1", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_stock_mco_asks_the_controller(own_cell: Cell, program: Program) -> None:
    ours.write_printed_ddl(own_cell, "controller")
    mco = stock.client(own_cell)

    reloaded = mco.rpc("controller", "reload_agent", "agent=witness", hosts=[OURS])[OURS]
    counted = mco.rpc("controller", "daemon_stats", hosts=[OURS])[OURS]
    unknown = mco.rpc("controller", "reload_agent", "agent=nosuch", hosts=[OURS])[OURS]

    assert reloaded["data"] == {"message": "reloaded witness agent"}
    assert counted["data"]["stats"]["replies"] > 0
    assert unknown["statuscode"] == 1
