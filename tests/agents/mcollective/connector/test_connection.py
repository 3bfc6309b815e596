"""The connection itself, on real brokers: what goes through, what is refused and how that is said, and how it mends."""

import logging
import queue
import random
import re
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from agents.mcollective.connector.connection import Connection, FabricError, Incoming, next_pause
from agents.mcollective.connector.destinations import Outgoing, Subscription, fabric
from agents.mcollective.keys import KeyFileError
from agents.mcollective.settings import Broker, Settings, Tls
from tests.brokers import BrokerProcess, TlsDoor, coilmq, free_port
from tests.certificates import Authority, Identity
from tests.conftest import Login
from tests.wire import eventually


def life() -> tuple[int, int]:
    """Of a message that is made now."""
    return int(time.time()), 60


HERE = Subscription("here", "/topic/here")
HELLO = Outgoing("/topic/here", {"reply-to": "/queue/there"}, b"hello \x00 world")

on_activemq = pytest.param("activemq", marks=[pytest.mark.broker, pytest.mark.xdist_group("activemq")])
on_rabbitmq = pytest.param("rabbitmq", marks=[pytest.mark.broker, pytest.mark.xdist_group("rabbitmq")])


@pytest.fixture(params=[on_activemq, on_rabbitmq])
def login(request: pytest.FixtureRequest) -> Login:
    found: Login = request.getfixturevalue(f"{request.param}_login")
    return found


@pytest.fixture
def certificate(tmp_path: Path) -> Identity:
    return Authority.create(tmp_path).issue("broker", ["127.0.0.1"])


@pytest.fixture
def tls_door(certificate: Identity, coilmq_port: int) -> Iterator[TlsDoor]:
    door = TlsDoor(certificate.certificate, certificate.key, coilmq_port)
    yield door
    door.close()


@dataclass
class End:
    """A connection with its settings, and what has arrived there."""

    settings: Settings
    arrived: "queue.Queue[Incoming]" = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        self.connection = Connection(self.settings, self.arrived.put, random.Random(1))

    def next(self) -> Incoming:
        return self.arrived.get(timeout=30)

    def refusal(self) -> str:
        """Why it does not connect."""
        assert eventually(lambda: self.connection._failures != "not tried yet")
        with pytest.raises(FabricError) as caught:
            self.connection.wait(0)
        return str(caught.value)


@contextmanager
def connected(settings: Settings, *subscriptions: Subscription) -> Iterator[End]:
    with started(settings, *subscriptions) as end:
        end.connection.wait(10)
        yield end


@contextmanager
def started(settings: Settings, *subscriptions: Subscription) -> Iterator[End]:
    end = End(settings)
    end.connection.start(subscriptions)
    try:
        yield end
    finally:
        end.connection.close()


def to(*ports: int, tls: Tls | None = None, **options: Any) -> Settings:
    """CoilMQ, or something that is no broker."""
    brokers = tuple(Broker(host="127.0.0.1", port=port, tls=tls) for port in ports)
    common = {"vhost": "localhost", "heartbeat": 0, "connect_timeout": 1, "reconnect_max": 0.2}
    return Settings.model_validate(common | {"brokers": brokers} | options)


def at(login: Login, broker: Broker | None = None, **options: Any) -> Settings:
    """A real broker, by default over its plain port with its user."""
    common = {"connector": login.connector, "heartbeat": 0, "connect_timeout": 5, "reconnect_max": 0.2}
    return Settings.model_validate(common | {"brokers": (broker or door(login),)} | options)


def door(login: Login, **changes: Any) -> Broker:
    plain = {"host": "127.0.0.1", "port": login.port, "user": login.user, "password_file": login.password_file}
    return Broker.model_validate(plain | changes)


def secured(login: Login, folder: Path, **changes: Any) -> Settings:
    """Over the broker's own TLS port, with a certificate that it knows; `changes` are of `tls` and of `host`."""
    client = login.authority.issue("client")
    files = {"ca": login.authority.certificate, "certificate": client.certificate, "key": client.key}
    host = changes.pop("host", "127.0.0.1")
    tls = Tls.model_validate(files | changes)
    return at(login, door(login, host=host, port=login.tls_port, tls=tls), connect_timeout=2)


def topic(login: Login, agent: str = "echo") -> Subscription:
    """Where an agent of a collective of its own listens."""
    settings = Settings(connector=login.connector, collective=login.collective())
    return fabric(settings).server_subscriptions([agent], directed=False)[0]


# What goes through


def test_messages_go_through_as_bytes(coilmq_port: int) -> None:
    with connected(to(coilmq_port), HERE) as end:
        end.connection.send(HELLO)

        assert end.next() == Incoming(HELLO.body, "/queue/there")

    assert not end.connection.connected


@pytest.mark.parametrize("options", [{}, {"agents_multiplex": True, "priority": 4}, {"reply_exchange": True}])
@pytest.mark.parametrize("host", ["hv1", None], ids=["directed", "broadcast"])
def test_a_request_and_its_reply_find_their_way(login: Login, host: str | None, options: dict[str, Any]) -> None:
    common = options | {"collective": login.collective()}
    asking = fabric(at(login, identity="asks", **common))
    answering = fabric(at(login, identity="hv1", **common))
    place = asking.replies(4242, 1)

    with (
        connected(at(login, **common), *answering.server_subscriptions(["echo"], directed=True)) as agent,
        connected(at(login, **common), *place.subscriptions) as client,
    ):
        client.connection.send(
            asking.request(common["collective"], "echo", host, place.reply_to, life(), b"what? \x00")
        )
        request = agent.next()
        assert answering.takes_reply(request.reply_to)
        agent.connection.send(answering.reply(request.reply_to, life(), b"that! \x00"))
        reply = client.next()

    assert request.body == b"what? \x00"
    assert reply.body == b"that! \x00"


def test_a_directed_request_reaches_its_host_alone(login: Login) -> None:
    common = {"collective": login.collective()}
    words = {host: fabric(at(login, identity=host, **common)) for host in ("hv1", "hv2")}

    with (
        connected(at(login, **common), *words["hv1"].server_subscriptions(["echo"], directed=True)) as first,
        connected(at(login, **common), *words["hv2"].server_subscriptions(["echo"], directed=True)) as second,
    ):
        reply_to = words["hv1"].replies(4242, 1).reply_to
        for host, body in (("hv2", b"two"), ("hv1", b"one"), (None, b"both")):
            first.connection.send(words["hv1"].request(common["collective"], "echo", host, reply_to, life(), body))

        assert {first.next().body, first.next().body} == {b"one", b"both"}
        assert {second.next().body, second.next().body} == {b"two", b"both"}


def test_a_message_above_the_limit_is_passed_over_and_said(login: Login, caplog: pytest.LogCaptureFixture) -> None:
    here = topic(login)
    with connected(at(login, max_message=0.015625), here) as end:
        end.connection.send(Outgoing(here.destination, {}, b"x" * 16_385))
        end.connection.send(Outgoing(here.destination, {}, b"x" * 16_384))

        passed_over, taken = end.next(), end.next()

    assert (passed_over.body, passed_over.whole, len(taken.body), taken.whole) == (b"", False, 16_384, True)
    assert f"too large: a message to {here.destination} was passed over" in caplog.text.replace("//", "/")


# Who is let in


def test_a_password_may_stand_in_the_settings_as_it_does_in_mcollectives_own(login: Login) -> None:
    password = SecretStr(login.password_file.read_text().strip())

    with connected(at(login, door(login, password_file=None, password=password))) as end:
        assert end.connection.connected


def test_a_wrong_password_is_said(login: Login) -> None:
    with started(at(login, door(login, password_file=None, password=SecretStr("guessed")))) as end:
        assert end.refusal().endswith("; are `user` and `password_file` right?")


@pytest.mark.broker
@pytest.mark.xdist_group("rabbitmq")
def test_a_virtual_host_that_is_none_is_said(rabbitmq_login: Login) -> None:
    with started(at(rabbitmq_login, vhost="/nope")) as end:
        assert end.refusal().endswith(
            ": Bad CONNECT: Virtual host '/nope' access denied; is `vhost` right, and may this user in?"
        )


@pytest.mark.broker
@pytest.mark.xdist_group("rabbitmq")
def test_an_exchange_that_nobody_has_declared_is_said(rabbitmq_login: Login) -> None:
    with started(at(rabbitmq_login), Subscription("x", "/exchange/nope_broadcast/echo")) as end:
        assert end.refusal().endswith(
            ": not_found: NOT_FOUND - no exchange 'nope_broadcast' in vhost '/'; "
            "declare it there: MCollective does not do so itself"
        )


def test_over_tls_with_a_certificate_messages_go_through(login: Login, tmp_path: Path) -> None:
    here = topic(login)
    with connected(secured(login, tmp_path), here) as end:
        end.connection.send(Outgoing(here.destination, {}, HELLO.body))

        assert end.next().body == HELLO.body


def test_over_tls_many_may_send_while_messages_come_in(login: Login, tmp_path: Path) -> None:
    here = topic(login)
    bodies = [b"%d " % number + b"x" * 20_000 for number in range(400)]
    with connected(secured(login, tmp_path), here) as end:
        senders = [
            threading.Thread(
                target=lambda part: [end.connection.send(Outgoing(here.destination, {}, body)) for body in part],
                args=(bodies[start::4],),
            )
            for start in range(4)
        ]
        for sender in senders:
            sender.start()

        assert {end.next().body for _ in bodies} == set(bodies)
        for sender in senders:
            sender.join()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ca": "stranger-ca.pem"}, "certificate verify failed: .*; name the authority that signed it under `tls:` as"),
        ({"ca": None}, "certificate verify failed: .*; name the authority that signed it under `tls:` as `ca`"),
        ({"host": "localhost"}, "certificate is not valid for 'localhost'; give as `host` what its certificate is for"),
        ({"certificate": None, "key": None}, "it wants a certificate from us.*: name one under `tls:`"),
        (
            {"certificate": "stranger.pem", "key": "stranger.key"},
            "it does not accept our certificate: name one that it trusts under `tls:`",
        ),
    ],
    ids=["another authority", "the system's authorities", "another host", "no certificate", "a stranger's certificate"],
)
def test_who_does_not_fit_gets_no_tls(login: Login, tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    Authority.create(tmp_path, "stranger-ca").issue("stranger")
    files = {name: value if name == "host" or value is None else tmp_path / value for name, value in changes.items()}

    with started(secured(login, tmp_path, **files)) as end:
        assert re.search(reason, end.refusal())


def test_plain_to_a_tls_port_is_said(login: Login) -> None:
    with started(at(login, door(login, port=login.tls_port))) as end:
        assert end.refusal().endswith("it speaks TLS on this port; say how under `tls:`")


def test_tls_to_a_plain_port_is_said(login: Login) -> None:
    with started(at(login, door(login, tls=Tls()), connect_timeout=1)) as end:
        assert end.refusal().endswith("; does it speak TLS on this port?")


def test_a_file_for_tls_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"none\.pem.*No such file"):
        Connection(to(1, tls=Tls(ca=tmp_path / "none.pem")), lambda _: None)


# Brokers that are none


@pytest.mark.parametrize(
    ("greeting", "reason"),
    [
        (b"", "no answer within 1 s; is it a STOMP broker?"),
        (b"\n\n\n", "no answer within 1 s; is it a STOMP broker?"),
        (b"SSH-2.0-OpenSSH\r\n\x00", "it does not speak STOMP on this port"),
        (b"MESSAGE\ncontent-length:-5\n\n\x00", "a content-length is no number"),
        (b"ERROR\n\ngo away\x00", "go away"),
    ],
    ids=["silent", "heart-beats", "another protocol", "rubbish", "unfriendly"],
)
def test_a_server_that_is_no_broker_is_said(greeting: bytes, reason: str) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        started(to(listener.getsockname()[1])) as end,
        listener.accept()[0] as caller,
    ):
        caller.sendall(greeting)

        assert eventually(lambda: reason in end.connection._failures, 10), end.connection._failures


def test_a_server_that_hangs_up_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, started(to(listener.getsockname()[1])) as end:
        with listener.accept()[0] as caller:
            assert caller.recv(4096)

        said = "it hung up before it let us in; are `user` and `password_file` right?"
        assert eventually(lambda: said in end.connection._failures), end.connection._failures


def test_however_often_a_server_resets_it_is_tried_again() -> None:
    resets = 10
    with socket.create_server(("127.0.0.1", 0)) as listener, started(to(listener.getsockname()[1])):
        listener.settimeout(10)
        for _ in range(resets):
            accepted = listener.accept()[0]
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            accepted.close()


def test_sending_without_a_connection_is_said() -> None:
    end = End(to(free_port()))

    with pytest.raises(FabricError, match="cannot connect to any broker: not tried yet"):
        end.connection.send(HELLO)


def test_the_brokers_of_the_pool_are_tried_in_order_or_by_chance() -> None:
    ports = [free_port() for _ in range(5)]
    with started(to(*ports)) as in_order, started(to(*ports, randomize=True)) as by_chance:
        told, shuffled = in_order.refusal(), by_chance.refusal()

    assert [told.index(str(port)) for port in ports] == sorted(told.index(str(port)) for port in ports)
    assert [shuffled.index(str(port)) for port in ports] != sorted(shuffled.index(str(port)) for port in ports)


# How it mends


@pytest.mark.parametrize(
    ("pause", "lasted", "following"),
    [
        (0, 0, 0.2),
        (0, 3600, 0.2),
        (0.2, 0, 0.4),
        (0.4, 0.1, 0.8),
        (16, 0, 30),
        (30, 0, 30),
        (30, 20, 30),
        (30, 31, 0.2),
    ],
)
def test_pauses_double_until_a_connection_has_lasted_longer(pause: float, lasted: float, following: float) -> None:
    assert next_pause(pause, lasted, 30) == following


def test_a_broker_that_is_gone_is_replaced_by_the_next_of_the_pool(login: Login) -> None:
    here = topic(login)
    gone = door(login, port=free_port())
    with connected(at(login, brokers=(gone, door(login))), here) as end:
        end.connection.send(Outgoing(here.destination, {}, HELLO.body))

        assert end.next().body == HELLO.body


def test_it_goes_to_the_next_broker_when_one_ends_and_back_when_that_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with (
        running(tmp_path / "first") as first,
        running(tmp_path / "second") as second,
        connected(to(first.port, second.port), HERE) as end,
    ):
        first.stop()
        assert eventually(lambda: f"connected to 127.0.0.1:{second.port}" in caplog.messages)
        first.start()
        caplog.clear()
        second.stop()
        assert eventually(lambda: f"connected to 127.0.0.1:{first.port}" in caplog.messages)
        end.connection.send(HELLO)
        assert end.next().body == HELLO.body


@contextmanager
def running(folder: Path) -> Iterator[BrokerProcess]:
    folder.mkdir()
    broker = coilmq(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def test_after_a_restart_of_the_broker_it_listens_where_it_was_last_told_to(login: Login) -> None:
    before, after = topic(login), topic(login)
    with connected(at(login), before) as end:
        login.process.stop()
        assert eventually(lambda: not end.connection.connected)
        end.connection.listen((after,))

        login.process.start()
        end.connection.wait(30)
        end.connection.send(Outgoing(before.destination, {}, b"before"))
        end.connection.send(Outgoing(after.destination, {}, b"after"))

        assert end.next().body == b"after"


def test_heart_beats_keep_a_quiet_connection_and_a_broker_without_is_left(
    login: Login, caplog: pytest.LogCaptureFixture
) -> None:
    with connected(at(login, heartbeat=1, connect_timeout=1)) as end:
        time.sleep(4)  # brokers hang up after two or three intervals
        assert end.connection.connected
        assert "lost the broker" not in caplog.text

        login.process.send_signal(signal.SIGSTOP)
        noticed = eventually(lambda: "no heart-beat" in end.connection._failures)
        refused = eventually(lambda: "no answer within 1 s" in end.connection._failures)
        login.process.send_signal(signal.SIGCONT)

        end.connection.wait(30)
        assert noticed
        assert refused


@pytest.mark.broker
@pytest.mark.xdist_group("rabbitmq")
def test_what_the_broker_objects_to_is_said_and_the_connection_made_anew(
    rabbitmq_login: Login, caplog: pytest.LogCaptureFixture
) -> None:
    here = topic(rabbitmq_login)
    with connected(at(rabbitmq_login), here) as end:
        end.connection.send(Outgoing("/exchange/nope_directed/hv1", {}, b"lost"))
        assert eventually(lambda: "no exchange 'nope_directed'" in end.connection._failures)
        end.connection.wait(10)
        end.connection.send(Outgoing(here.destination, {}, HELLO.body))

        assert end.next().body == HELLO.body

    assert "the broker objects: 127.0.0.1" in caplog.text
    assert "declare it there" in caplog.text


def test_over_tls_the_end_is_noticed_too(tls_door: TlsDoor, tmp_path: Path) -> None:
    with connected(to(tls_door.port, tls=Tls(ca=tmp_path / "farm-ca.pem")), HERE) as end:
        tls_door.hang_up()
        assert eventually(lambda: end.connection._failures.startswith("127.0.0.1"))
        end.connection.wait(10)
        end.connection.send(HELLO)

        assert end.next().body == HELLO.body


def test_once_it_has_been_told_to_listen_nothing_is_missed(login: Login) -> None:
    with connected(at(login)) as end, connected(at(login)) as sender:
        for number in range(20):
            new = topic(login)
            end.connection.listen((new,))
            sender.connection.send(Outgoing(new.destination, {}, b"%d" % number))

            assert end.next().body == b"%d" % number


def test_while_subscriptions_come_and_go_nothing_is_lost_on_those_that_stay(login: Login) -> None:
    collective = login.collective()
    words = fabric(Settings(connector=login.connector, collective=collective))
    stays, old, new = words.server_subscriptions(["stays", "old", "new"], directed=False)
    bodies = [b"%d" % number for number in range(3000)]

    with connected(at(login), stays, old) as end, connected(at(login)) as sender:
        sending = threading.Thread(
            target=lambda: [sender.connection.send(Outgoing(stays.destination, {}, body)) for body in bodies]
        )
        sending.start()
        for number in range(100):
            end.connection.listen((new, stays) if number % 2 else (stays, old))
        end.connection.listen((stays, new))
        sending.join()

        assert [end.next().body for _ in bodies] == bodies

        for one in (old, new):
            end.connection.send(Outgoing(one.destination, {}, one.id.encode()))
        assert end.next().body == new.id.encode()
