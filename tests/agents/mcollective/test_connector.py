"""The connection itself: TLS, brokers that are none, and what it says of each."""

import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.mcollective.connector import Connection, FabricError, Incoming
from agents.mcollective.destinations import Outgoing, Subscription
from agents.mcollective.keys import KeyFileError
from agents.mcollective.settings import Broker, Settings, Tls
from tests.brokers import TlsDoor
from tests.wire import eventually

HERE = Subscription("here", "/topic/here")
HELLO = Outgoing("/topic/here", {"reply-to": "/queue/there"}, b"hello \x00 world")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1, signed by itself; its key is beside it, with the suffix .key."""
    path = tmp_path / "broker.pem"
    subject = ["-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", path.with_suffix(".key"), "-out", path]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, *files], check=True, capture_output=True
    )
    return path


@pytest.fixture
def tls_door(certificate: Path, coilmq_port: int) -> Iterator[TlsDoor]:
    door = TlsDoor(certificate, certificate.with_suffix(".key"), coilmq_port)
    yield door
    door.close()


def to(port: int, tls: Tls | None = None) -> Settings:
    broker = Broker(host="127.0.0.1", port=port, tls=tls)
    return Settings(brokers=(broker,), vhost="localhost", heartbeat=0, connect_timeout=2, reconnect_max=0.2)


def carries_messages(connection: Connection, arrived: list[Incoming]) -> bool:
    arrived.clear()
    connection.send(HELLO)
    return eventually(lambda: bool(arrived), 5) and arrived[0] == Incoming(HELLO.body, "/queue/there")


def test_messages_go_through_as_bytes(coilmq_port: int) -> None:
    arrived: list[Incoming] = []
    connection = Connection(to(coilmq_port), arrived.append)
    connection.start((HERE,))
    connection.wait(10)

    assert carries_messages(connection, arrived)
    connection.close()
    assert not connection.connected


def test_over_tls_too_and_the_end_of_it_is_noticed(tls_door: TlsDoor, certificate: Path) -> None:
    arrived: list[Incoming] = []
    connection = Connection(to(tls_door.port, Tls(ca=certificate)), arrived.append)
    connection.start((HERE,))
    connection.wait(10)
    assert carries_messages(connection, arrived)

    was_lost = threading.Event()
    threading.Thread(target=lambda: eventually(lambda: not connection.connected) and was_lost.set()).start()
    tls_door.hang_up()

    assert was_lost.wait(30)
    connection.wait(10)
    assert carries_messages(connection, arrived)
    connection.close()


def test_a_broker_whose_certificate_nobody_vouches_for_gets_no_log_in(tls_door: TlsDoor) -> None:
    connection = Connection(to(tls_door.port, Tls()), lambda _: None)
    connection.start(())

    with pytest.raises(FabricError, match="certificate verify failed"):
        connection.wait(3)
    connection.close()


def test_a_file_for_tls_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"none\.pem.*No such file"):
        Connection(to(1, Tls(ca=tmp_path / "none.pem")), lambda _: None)


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-OpenSSH\r\n\x00"], ids=["silent", "another protocol"])
def test_a_server_that_is_no_broker_is_said(greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = Connection(to(listener.getsockname()[1]), lambda _: None)
        connection.start(())
        caller, _ = listener.accept()
        with caller:
            caller.sendall(greeting)
            with pytest.raises(FabricError, match="no answer within 2 s; is it a STOMP broker"):
                connection.wait(2.5)
            connection.close()


def test_a_server_that_hangs_up_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = Connection(to(listener.getsockname()[1]), lambda _: None)
        connection.start(())
        listener.accept()[0].close()

        with pytest.raises(FabricError, match="cannot connect to any broker: 127"):
            connection.wait(1)
        connection.close()


def test_however_often_a_server_resets_it_is_tried_again() -> None:
    resets = 30
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = Connection(to(listener.getsockname()[1]), lambda _: None)
        connection.start(())
        listener.settimeout(10)
        for _ in range(resets):
            accepted = listener.accept()[0]
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            accepted.close()
        connection.close()


def test_sending_without_a_connection_is_said() -> None:
    connection = Connection(to(1), lambda _: None)

    with pytest.raises(FabricError, match="cannot connect to any broker: not tried yet"):
        connection.send(HELLO)
    connection.close()
