"""Forty of our nodes in one process: everybody answers, asked one by one or all at once."""

import sys
from collections.abc import Iterator
from typing import Final

import pytest

from tests.interop import ours, stock
from tests.interop.spy import Spy, spying
from tests.interop.stock import Cell, Client, running, within
from tests.wire import eventually

NODES: Final = [f"node{number:02}" for number in range(40)]
SOON = 10.0


@pytest.fixture(scope="module")
def farm(own_cell: Cell) -> Iterator[Cell]:
    """The cell, with all of them in it."""
    configs = [ours.write_server(own_cell, node, {"workers": 1}, {}) for node in NODES]
    command = within(own_cell, sys.executable, "-m", "tests.interop.many", *configs)
    with running(command, own_cell.folder / "many.log", until="40 serve"), ours.client(own_cell) as client:
        assert eventually(lambda: len(client.call("rpcutil", "ping", {}, NODES, 1.0, broadcast=True).by_host) == 40)
        yield own_cell


@pytest.fixture(scope="module")
def mco(farm: Cell) -> Client:
    return stock.client(farm)


@pytest.fixture
def spy(farm: Cell) -> Iterator[Spy]:
    """Hears what is broadcast to the witness."""
    with spying(farm, "witness") as spy:
        yield spy


def test_ping_reaches_all(mco: Client) -> None:
    assert mco.ping() == frozenset(NODES)


def test_find_finds_those_that_fit(mco: Client) -> None:
    assert mco.find("-F", "node=/^node0/") == frozenset(NODES[:10])


def test_a_broadcast_is_answered_by_all(mco: Client, spy: Spy) -> None:
    answers = mco.rpc("witness", "say", "text=hello")

    assert {answer["data"]["text"] for answer in answers.values()} == {"hello"}
    assert answers.keys() == set(NODES)
    assert spy.heard() == 1


def test_batches_are_answered_by_all(mco: Client) -> None:
    assert mco.rpc("witness", "say", "text=hello", "--batch", "15", "--batch-sleep", "0.1").keys() == set(NODES)


@pytest.mark.parametrize(("asked", "broadcasts"), [(10, 0), (11, 1)])
def test_our_client_asks_up_to_ten_one_by_one(farm: Cell, spy: Spy, asked: int, broadcasts: int) -> None:
    with ours.client(farm) as client:
        replies = client.call("witness", "say", {"text": "hello"}, NODES[:asked], SOON)

    assert sorted(replies.by_host) == NODES[:asked]
    assert spy.heard() == broadcasts


@pytest.mark.parametrize(("wanted", "found", "broadcasts"), [("/^node0/", 10, 0), ("/^node(0|10)/", 11, 1)])
def test_mco_asks_up_to_ten_one_by_one(mco: Client, spy: Spy, wanted: str, found: int, broadcasts: int) -> None:
    answers = mco.rpc("witness", "say", "text=hello", "-F", f"node={wanted}")

    assert sorted(answers) == NODES[:found]
    assert spy.heard() == broadcasts
