"""The agent and the client of 2010, in stand-ins of our own (ruby/classic), each with our other end."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from balancer.installation import shipped
from tests.interop import ours, stock
from tests.interop.conftest import open_beside
from tests.interop.stock import HERE, Cell, Client
from tests.stage import running, write

ADDRESSES = {"hv2": "10.0.0.2", "hv3": "10.0.0.3"}
FARM = """
format: scenario/1
interval: 1s
migration: {bandwidth: 4GiB/s}
hosts:
  - {name: hv2, address: 10.0.0.2, cores: 8, memory: 32GiB}
  - {name: hv3, address: 10.0.0.3, cores: 8, memory: 32GiB}
vms:
  - {name: test1, host: hv3, vcpus: 1, memory: 1GiB, counter: 18.4, cpu: "0"}
  - {name: test3, host: hv3, vcpus: 2, memory: 2GiB, counter: 18.3, cpu: "1.3"}
"""
XM = {
    "hv2": {"address": "10.0.0.2", "slices": {}},
    "hv3": {
        "address": "10.0.0.3",
        "slices": {"test1": {"base": 18.4, "rate": 0.0}, "test3": {"base": 18.3, "rate": 1.3}},
    },
}
"""The same farm for the agent of 2010."""


@pytest.fixture
def farm(own_cell: Cell) -> Cell:
    return open_beside(own_cell)


@contextmanager
def our_hosts(farm: Cell) -> Iterator[Client]:
    """Our agents on two hosts, and stock `mco` with the DDL that our command prints."""
    ours.write_printed_ddl(farm, "xenagent")
    (farm.folder / "farm.yaml").write_text(FARM)
    simulated = {"scenario": str(farm.folder / "farm.yaml"), "directory": str(farm.folder)}
    with ours.server(farm, "hv2", {"simulated": simulated}), ours.server(farm, "hv3", {"simulated": simulated}):
        yield stock.client(farm)


@pytest.fixture(scope="module")
def modern(own_cell: Cell) -> Iterator[Client]:
    """Our hosts for those that change nothing."""
    with our_hosts(open_beside(own_cell)) as client:
        yield client


@pytest.fixture
def classic(farm: Cell) -> Iterator[Path]:
    """The agent of 2010 on two Ruby servers; gives the file that is their farm."""
    file = farm.folder / "xm.json"
    file.write_text(json.dumps({"begin": time.time(), "hosts": XM}))
    settings: dict[str, object] = {"libdir": HERE / "classic", "plugin.xenagent.farm": file}
    with stock.server(farm, "hv2", **settings), stock.server(farm, "hv3", **settings):
        yield file


def moves_of_2010(client: Client) -> tuple[list[str], str]:
    """What the client of 2010 says of its moves, in five rounds, and all that it says."""
    addresses = ",".join(f"{host}={address}" for host, address in ADDRESSES.items())
    done = client.script("classic/balancer.rb", "--dt", "1", ROUNDS="5", INTERVAL="1", ADDRESSES=addresses)
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if " from " in line], done.stdout


def test_the_client_of_2010_balances_our_hosts(farm: Cell) -> None:
    with our_hosts(farm) as client:
        moves, told = moves_of_2010(client)
        found = client.rpc("xenagent", "find", "name=test3", hosts=["hv2"])

    assert moves == ["test3 from hv3 to hv2: true (OK)"], told
    assert "a Float, times [String]" in told
    assert found["hv2"]["data"] == "Present"


def test_the_client_of_2010_balances_its_own_hosts(farm: Cell, classic: Path) -> None:
    moves, told = moves_of_2010(stock.client(farm, libdir=HERE / "classic"))

    assert moves == ["test3 from hv3 to hv2: true (OK)"], told
    assert list(json.loads(classic.read_text())["hosts"]["hv2"]["slices"]) == ["test3"]


@pytest.mark.parametrize(
    ("action", "words", "data"),
    [
        ("echo", ["msg=hello"], {"hv2": "hello", "hv3": "hello"}),
        ("find", ["name=test1"], {"hv2": "Absent", "hv3": "Present"}),
        ("list", [], {"hv2": {"slices": ["Domain-0"]}, "hv3": {"slices": ["Domain-0", "test1", "test3"]}}),
    ],
)
def test_our_agent_answers_as_that_of_2010(modern: Client, action: str, words: list[str], data: dict[str, Any]) -> None:
    answers = modern.rpc("xenagent", action, *words, hosts=ADDRESSES)

    assert {host: answer["data"] for host, answer in answers.items()} == data


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["slice=nosuch", "newhost=10.0.0.2"], 1),
        (["slice=test3", "newhost=10.0.0.99"], 0),
        (["slice=test3"], 3),
    ],
)
def test_a_move_that_cannot_be_is_refused(modern: Client, words: list[str], status: int) -> None:
    answer = modern.rpc("xenagent", "migrate", *words, hosts=["hv3"])["hv3"]

    assert (answer["statuscode"], answer["data"]["result"] or False) == (status, False)
    assert modern.rpc("xenagent", "find", "name=test3", hosts=["hv3"])["hv3"]["data"] == "Present"


def test_our_balancer_balances_hosts_of_2010(farm: Cell, classic: Path) -> None:
    hosts = [{"name": host, "address": address, "cores": 8, "memory": "32GiB"} for host, address in ADDRESSES.items()]
    document = {
        "mode": "active", "dialect": "classic", "classic": {"vm_memory": "1GiB", "dom0_memory": "1GiB"},
        "state": str(farm.folder / "state"), "interval": "1s", "deadline": "0.9s", "hosts": hosts,
        "rules": str(shipped("classic.rules")), "metrics": {"listen": "127.0.0.1:0"},
        "mcollective": ours.wire(farm) | ours.client_security(farm, "balancer") | {"identity": "balancer"},
    }  # fmt: skip
    config = write(farm.folder / "balancer.yaml", document)
    with running("balancer.cli", "run", "--config", str(config), log=farm.folder / "balancer.log") as balancer:
        assert balancer.says("moved test3 from hv3 to hv2")

    assert list(json.loads(classic.read_text())["hosts"]["hv2"]["slices"]) == ["test3"]
