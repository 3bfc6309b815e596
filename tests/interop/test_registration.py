"""What our server says of itself unasked, as a Ruby server takes it that hosts an agent `registration`."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.interop import ours, stock
from tests.interop.questions import OURS, RUBY
from tests.interop.stock import Cell
from tests.wire import eventually


@pytest.fixture(scope="module")
def registered(own_cell: Cell) -> Iterator[Cell]:
    """The cell, with a Ruby server that takes registrations, and sends its own."""
    with stock.server(own_cell, RUBY, registerinterval=1):
        yield own_cell


def registrations(cell: Cell, server: str) -> list[tuple[str, Any]]:
    """The caller and the body of each that came from that server."""
    lines = (line.split(" ", 2) for line in cell.notes("registered").splitlines())
    return [(caller, json.loads(body)) for sender, caller, body in lines if sender == server]


def test_a_list_of_agents_comes_again_and_again_as_ruby_sends_it(registered: Cell) -> None:
    with ours.server(registered, OURS, registration={"interval": "1s"}):
        assert eventually(lambda: len(registrations(registered, OURS)) >= 2)

    assert eventually(lambda: len(registrations(registered, RUBY)) >= 2)
    (rubys_caller, rubys), (caller, agents) = (registrations(registered, server)[0] for server in (RUBY, OURS))
    assert caller == rubys_caller
    assert set(agents) >= {"discovery", "rpcutil", "witness", "xenagent"}
    assert all(isinstance(agent, str) for agent in [*agents, *rubys])


def test_meta_tells_of_facts_and_classes(registered: Cell) -> None:
    with ours.server(registered, "meta1", registration={"interval": "1s", "content": "meta"}):
        assert eventually(lambda: len(registrations(registered, "meta1")) >= 1)

    _, told = registrations(registered, "meta1")[0]
    assert set(told) == {"agentlist", "facts", "classes", "collectives", "identity"}
    assert told["identity"] == "meta1"
    assert told["facts"]["country"] == "de"
    assert set(told["classes"]) == set(stock.CLASSES)
