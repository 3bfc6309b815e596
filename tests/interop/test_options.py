"""MCollective's options of the wire, each set on the Ruby side as its own operator would, and on ours."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Login
from tests.interop import ours, stock
from tests.interop.conftest import open_beside, open_cell
from tests.interop.questions import BOTH, OURS, RUBY
from tests.interop.stock import Cell
from tests.wire import eventually

SOON = 5.0
HELLO = {"text": "hello"}


def test_agents_multiplex(own_cell: Cell) -> None:
    cell = open_beside(own_cell)
    option = {f"plugin.{cell.login.connector}.agents_multiplex": "true"}
    with (
        stock.server(cell, RUBY, **option),
        ours.server(cell, OURS, agents_multiplex=True),
        ours.client(cell, agents_multiplex=True) as client,
    ):
        mco = stock.client(cell, **option)

        assert mco.find() == BOTH
        assert mco.rpc("witness", "say", "text=hello").keys() == BOTH
        assert frozenset(client.discover(ours.wanted(()), 1.0)) == BOTH
        assert client.call("witness", "say", HELLO, BOTH, SOON).by_host.keys() == BOTH
        assert client.call("witness", "say", HELLO, BOTH, SOON, broadcast=True).by_host.keys() == BOTH


@pytest.mark.parametrize(
    ("of_ruby", "of_ours"),
    [
        ({"plugin.CONNECTOR.heartbeat_interval": 30}, {"heartbeat": "30s"}),
        ({"plugin.CONNECTOR.heartbeat_interval": 30, "plugin.CONNECTOR.stomp_1_0_fallback": 0}, {"heartbeat": "0s"}),
        ({"plugin.activemq.priority": 7, "plugin.rabbitmq.use_reply_exchange": "true"}, {"priority": 7}),
        ({"direct_addressing": 0}, {"direct_addressing": False}),
    ],
)
def test_each_option_is_understood_on_both_sides(
    own_cell: Cell, of_ruby: Mapping[str, object], of_ours: Mapping[str, Any]
) -> None:
    cell = open_beside(own_cell)
    options: dict[str, Any] = {
        name.replace("CONNECTOR", cell.login.connector): value for name, value in of_ruby.items()
    }
    with (
        stock.server(cell, RUBY, **options),
        ours.server(cell, OURS, **of_ours),
        ours.client(cell, **of_ours) as client,
    ):
        mco = stock.client(cell, **options)

        assert mco.rpc("witness", "say", "text=hello").keys() == BOTH
        assert client.call("witness", "say", HELLO, BOTH, SOON).by_host.keys() == BOTH


def test_sub_collectives(own_cell: Cell) -> None:
    cell = open_beside(own_cell)
    sub = cell.login.collective()
    both = {"collectives": f"{cell.collective},{sub}"}
    with (
        stock.server(cell, RUBY, **both),
        ours.server(cell, OURS, collectives=[sub]),
        ours.server(cell, "main1"),
        ours.client(cell, collective=sub) as client,
    ):
        mco = stock.client(cell, **both)

        assert mco.find() == {*BOTH, "main1"}
        assert mco.find("-T", sub) == BOTH
        assert mco.rpc("witness", "say", "text=hello", "-T", sub).keys() == BOTH
        assert frozenset(client.discover(ours.wanted(()), 1.0)) == BOTH
        assert client.call("witness", "say", HELLO, BOTH, SOON).by_host.keys() == BOTH
        listed = mco.mco("inventory", "--list-collectives", "--dt", "1").stdout.split()
        assert dict(zip(listed[4:8:2], listed[5:9:2], strict=True)) == {cell.collective: "3", sub: "2"}
        told = mco.rpc("rpcutil", "collective_info", hosts=BOTH)
        assert told[OURS]["data"] == told[RUBY]["data"]


@pytest.mark.broker
@pytest.mark.xdist_group("rabbitmq")
def test_our_client_takes_replies_from_rabbitmqs_exchange(
    rabbitmq_login: Login, all_keys: Path, tmp_path: Path
) -> None:
    cell = open_cell(rabbitmq_login, "psk", all_keys, tmp_path)
    with stock.server(cell, RUBY) as ruby, ours.client(cell, reply_exchange=True) as client:
        assert eventually(lambda: RUBY in client.call("witness", "say", HELLO, [RUBY], 1.0).by_host)
        assert ruby.says("message to RabbitMQ target '/exchange/mcollective_reply/balancer_")
