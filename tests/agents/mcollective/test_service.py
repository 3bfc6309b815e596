"""A server on a broker: what it listens to as its agents change, and what it says unasked."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agents.mcollective.client import Client
from agents.mcollective.selection.filters import empty_filter
from agents.mcollective.service import Service
from agents.mcollective.settings import ClientSettings, ServerSettings
from agents.mcollective.statistics import Statistics
from agents.mcollective.this_node import ThisNode
from tests.wire import Echo, eventually, policies, roster_of

NEW = """
class Agent:
    name = "new"

    def answer(self, body, caller):
        context.append(body)


def create(context_):
    global context
    context = context_.heard
    return Agent()
"""


@contextmanager
def serving(port: int, folder: Path, **settings: Any) -> Iterator[tuple[Service, Client]]:
    wire: dict[str, Any] = {
        "brokers": ({"host": "127.0.0.1", "port": port},),
        "vhost": "localhost",
        "heartbeat": 0,
        "direct_addressing": False,
        "psk": {"key": "s3cret"},
    }
    server = ServerSettings(identity="hv1", policies={"directory": policies(folder)}, **wire, **settings)
    echo = Echo()
    echo.heard = []  # type: ignore[attr-defined] # for agents of these tests
    roster = roster_of(echo, folder / "agents")
    service = Service(server, roster, ThisNode(server, roster, {}, own=dict), Statistics())
    client = Client(ClientSettings(identity="balancer", **wire))
    service.start()
    client.connect()
    try:
        assert eventually(lambda: client.discover(empty_filter("discovery"), 0.3) == ("hv1",))
        yield service, client
    finally:
        client.close()
        service.close()


def test_a_discovery_finds_who_has_the_agent(coilmq_port: int, tmp_path: Path) -> None:
    with serving(coilmq_port, tmp_path) as (_, client):
        assert client.discover(empty_filter("echo"), 0.3) == ("hv1",)
        assert client.discover(empty_filter("nosuch"), 0.3) == ()


def test_an_agent_that_comes_with_a_reload_is_listened_for(coilmq_port: int, tmp_path: Path) -> None:
    with serving(coilmq_port, tmp_path) as (service, client):
        (tmp_path / "agents" / "new.py").write_text(NEW)
        heard = service._roster._context.heard
        service._roster.reload()
        client.tell("new", "anything", {}, ["hv1"])

        assert eventually(lambda: len(heard) == 1)


def test_a_host_registers_as_often_as_it_is_told_to(coilmq_port: int, tmp_path: Path) -> None:
    registration = {"interval": 0.2}
    with serving(coilmq_port, tmp_path / "listener") as (listener, _):
        heard = listener._roster._context.heard
        (tmp_path / "listener" / "agents" / "registration.py").write_text(NEW)
        listener._roster.reload()
        with serving(coilmq_port, tmp_path / "host", registration=registration):
            assert eventually(lambda: len(heard) >= 2)

    assert sorted(heard[0]) == ["discovery", "echo"]
