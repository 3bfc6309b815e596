"""Client, broker and hosts for real: CoilMQ and ActiveMQ, each a process of its own."""

import threading
from pathlib import Path
from typing import Any

import pytest

from agents.mcollective.client import Client, FabricError
from agents.mcollective.message import Result
from agents.mcollective.service import serve
from agents.mcollective.settings import ClientKeys, ClientSettings, ServerKeys, ServerSettings
from tests.brokers import BrokerProcess
from tests.conftest import Login
from tests.wire import Echo, eventually, farm, policies, service_of

HOSTS = ["hv1", "hv2", "hv3"]
Keys = tuple[ServerKeys, ClientKeys]
ON_ACTIVEMQ = [pytest.mark.broker, pytest.mark.xdist_group("activemq")]


@pytest.fixture
def both(server_keys: ServerKeys, client_keys: ClientKeys) -> Keys:
    return server_keys, client_keys


def on_coilmq(port: int) -> dict[str, Any]:
    broker = {"host": "127.0.0.1", "port": port}
    return {"brokers": (broker,), "vhost": "localhost", "heartbeat": 0, "direct_addressing": False}


def on_activemq(login: Login, collective: str) -> dict[str, Any]:
    broker = {"host": "127.0.0.1", "port": login.port, "user": login.user, "password_file": login.password_file}
    return {"brokers": (broker,), "heartbeat": 2, "collective": collective}


@pytest.fixture(params=["coilmq", pytest.param("activemq", marks=ON_ACTIVEMQ)])
def wire(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """The settings for each broker; tests that share one are collectives of their own."""
    if request.param == "coilmq":
        return on_coilmq(request.getfixturevalue("coilmq_port"))
    return on_activemq(request.getfixturevalue("activemq_login"), f"c{abs(hash(tmp_path))}")


def said(text: str) -> Result:
    return Result(0, "OK", {"text": text, "times": 1})


def test_every_host_that_is_asked_answers(wire: dict[str, Any], both: Keys, tmp_path: Path) -> None:
    report = '{"vms": "' + "x" * 50_000 + '"}'

    with farm(HOSTS, both, tmp_path, **wire) as (client, _):
        replies = client.call("echo", "say", {"text": report}, HOSTS, 10)

    assert replies.by_host == dict.fromkeys(HOSTS, said(report))
    assert (replies.refused, replies.conflicting) == ({}, frozenset())


def test_who_is_not_asked_does_nothing(wire: dict[str, Any], both: Keys, tmp_path: Path) -> None:
    with farm(HOSTS, both, tmp_path, **wire) as (client, echoes):
        replies = client.call("echo", "say", {"text": "hv2 only"}, ["hv2"], 10)
        client.call("echo", "say", {"text": "all"}, HOSTS, 10)

    assert replies.by_host == {"hv2": said("hv2 only")}
    heard = {host for host, echo in echoes.items() if any(data["text"] == "hv2 only" for _, data, _ in echo.calls)}
    assert heard == {"hv2"}


def test_a_broadcast_asks_everybody_but_hears_only_whom_it_names(
    wire: dict[str, Any], both: Keys, tmp_path: Path
) -> None:
    with farm(HOSTS, both, tmp_path, **wire) as (client, echoes):
        replies = client.call("echo", "say", {"text": "hello"}, ["hv1"], 10, broadcast=True)
        assert eventually(lambda: all(echo.calls[-1][1] == {"text": "hello"} for echo in echoes.values()))

    assert replies.by_host == {"hv1": said("hello")}


def test_a_silent_host_costs_the_deadline_and_its_answer_is_late(
    wire: dict[str, Any], both: Keys, tmp_path: Path
) -> None:
    with farm(["hv1"], both, tmp_path, **wire) as (client, echoes):
        nothing = client.call("echo", "sleep", {}, ["hv1"], 0.2)
        echoes["hv1"].hold.set()
        late = [client.call("echo", "say", {"text": str(turn)}, ["hv1"], 10).refused for turn in range(10)]

    assert nothing.by_host == {}
    assert {"late": 1} in late


def test_more_hosts_than_the_threshold_are_asked_at_once_and_nobody_else(
    wire: dict[str, Any], both: Keys, tmp_path: Path
) -> None:
    many = [f"hv{number}" for number in range(12)]

    with farm(many, both, tmp_path, **wire) as (client, echoes):
        replies = client.call("echo", "say", {"text": "eleven"}, many[1:], 20)
        client.call("echo", "say", {"text": "all"}, many, 20)

    assert set(replies.by_host) == set(many[1:])
    assert ("say", {"text": "eleven"}, "cert=balancer-public") not in echoes["hv0"].calls


def test_both_ends_come_back_when_the_broker_does(
    coilmq_process: BrokerProcess, both: Keys, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with farm(HOSTS, both, tmp_path, **on_coilmq(coilmq_process.port), reconnect_max=0.5) as (client, _):
        coilmq_process.stop()
        assert eventually(lambda: not client.connected)
        with pytest.raises(FabricError, match="cannot connect to any broker"):
            client.call("echo", "say", {"text": "x"}, HOSTS, 1)

        coilmq_process.start()

        assert eventually(lambda: client.connected)
        assert eventually(lambda: len(client.call("echo", "say", {"text": "x"}, HOSTS, 2).by_host) == len(HOSTS))
    assert "Traceback" not in caplog.text


def test_a_broker_that_goes_in_the_middle_of_a_question_ends_it_at_the_deadline(
    coilmq_process: BrokerProcess, both: Keys, tmp_path: Path
) -> None:
    with farm(HOSTS, both, tmp_path, **on_coilmq(coilmq_process.port)) as (client, echoes):
        threading.Thread(
            target=lambda: eventually(lambda: echoes["hv1"].calls[-1][0] == "sleep") and coilmq_process.stop()
        ).start()
        replies = client.call("echo", "sleep", {}, ["hv1"], 3)
        echoes["hv1"].hold.set()

        assert replies.by_host == {}
        assert not client.connected


def test_a_host_that_starts_before_its_broker_serves_as_soon_as_it_is_there(
    coilmq_process: BrokerProcess, both: Keys, tmp_path: Path
) -> None:
    coilmq_process.stop()
    wire = on_coilmq(coilmq_process.port) | {"reconnect_max": 0.5}
    settings = ServerSettings(identity="hv1", ssl=both[0], policies={"directory": policies(tmp_path)}, **wire)
    service = service_of(settings, Echo(), tmp_path / "agents")
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(service, stop))
    thread.start()
    client = Client(ClientSettings(identity="balancer", ssl=both[1], **wire))

    coilmq_process.start()
    client.connect()

    assert eventually(lambda: client.call("echo", "say", {"text": "x"}, ["hv1"], 1).by_host == {"hv1": said("x")})
    client.close()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_the_next_broker_of_the_pool_is_taken_where_the_first_is_silent(
    coilmq_port: int, both: Keys, tmp_path: Path
) -> None:
    wire = on_coilmq(coilmq_port)
    pool = ({"host": "127.0.0.1", "port": 1}, *wire["brokers"])

    with farm(["hv1"], both, tmp_path, **wire | {"brokers": pool}) as (client, _):
        assert client.connected


@pytest.mark.broker
@pytest.mark.xdist_group("activemq")
def test_a_wrong_password_is_said(activemq_login: Login, client_keys: ClientKeys, tmp_path: Path) -> None:
    wrong = tmp_path / "password"
    wrong.touch(mode=0o600)
    wrong.write_text("puppet\n")
    broker = {"host": "127.0.0.1", "port": activemq_login.port, "user": "mcollective", "password_file": wrong}
    client = Client(ClientSettings(identity="balancer", ssl=client_keys, brokers=(broker,), connect_timeout=3))

    with pytest.raises(FabricError, match="are `user` and `password_file` right"):
        client.connect()
    client.close()


@pytest.mark.broker
@pytest.mark.xdist_group("activemq")
def test_a_directed_request_waits_on_activemq_for_a_host_that_comes_later(
    activemq_login: Login, both: Keys, tmp_path: Path
) -> None:
    wire = on_activemq(activemq_login, "later")
    client = Client(ClientSettings(identity="balancer", ssl=both[1], **wire))
    client.connect()
    client.call("echo", "say", {"text": "before you came"}, ["hv1"], 0.2)

    with farm(["hv1"], both, tmp_path, **wire) as (_, echoes):
        assert eventually(lambda: any(data == {"text": "before you came"} for _, data, _ in echoes["hv1"].calls))
    client.close()
