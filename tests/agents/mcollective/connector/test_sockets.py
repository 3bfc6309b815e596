"""Wires between two ends of one process, and what is said of files and ports that are none."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from agents.mcollective.connector.sockets import Door, Wire, tls_context, why
from agents.mcollective.keys import KeyFileError
from agents.mcollective.settings import Broker, Tls
from tests.brokers import free_port
from tests.certificates import Authority


@pytest.fixture
def ends() -> Iterator[tuple[Wire, socket.socket]]:
    ours, theirs = socket.socketpair()
    with theirs:
        wire = Wire(ours)
        yield wire, theirs
        wire.close()


def test_what_is_written_on_one_end_is_read_on_the_other(ends: tuple[Wire, socket.socket]) -> None:
    wire, theirs = ends

    wire.write(b"there", 1)
    theirs.sendall(b"back")

    assert theirs.recv(100) == b"there"
    assert wire.read(None) == b"back"


def test_where_nothing_comes_reading_ends_at_the_deadline(ends: tuple[Wire, socket.socket]) -> None:
    assert ends[0].read(time.monotonic() + 0.01) is None


def test_the_end_is_read_as_nothing(ends: tuple[Wire, socket.socket]) -> None:
    ends[1].close()

    assert ends[0].read(None) == b""


def test_where_nothing_is_taken_writing_ends_with_an_error(ends: tuple[Wire, socket.socket]) -> None:
    with pytest.raises(TimeoutError, match="it takes nothing any more"):
        ends[0].write(bytes(10_000_000), 0.05)


def test_who_waits_to_read_is_told_when_another_hangs_up(ends: tuple[Wire, socket.socket]) -> None:
    wire, _ = ends
    read: list[bytes | None] = []
    reader = threading.Thread(target=lambda: read.append(wire.read(None)))
    reader.start()

    wire.hang_up()
    reader.join(10)

    assert read == [b""]


def test_after_its_end_a_wire_takes_nothing(ends: tuple[Wire, socket.socket]) -> None:
    wire, _ = ends
    wire.close()

    with pytest.raises(OSError, match="Bad file descriptor"):
        wire.write(b"late", 1)


def test_why_a_door_does_not_open_is_said() -> None:
    with pytest.raises(ConnectionRefusedError) as caught:
        Door(Broker(host="127.0.0.1", port=free_port()), None).open(5)

    assert why(caught.value) == "Connection refused"


def test_a_file_for_tls_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"none\.pem.*No such file"):
        tls_context(Tls(ca=tmp_path / "none.pem"))


def test_a_file_for_tls_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing\n")

    with pytest.raises(KeyFileError, match=r"ca\.pem"):
        tls_context(Tls(ca=tmp_path / "ca.pem"))


@pytest.mark.parametrize("apart", [True, False], ids=["a file of its own", "beside the certificate"])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, apart: bool) -> None:  # noqa: FBT001
    client = Authority.create(tmp_path).issue("client")
    client.certificate.write_bytes(client.certificate.read_bytes() + client.key.read_bytes())
    for file in (client.key, client.certificate):
        file.chmod(0o640)

    with pytest.raises(KeyFileError, match="others can read this secret; run: chmod 600"):
        tls_context(Tls(certificate=client.certificate, key=client.key if apart else None))


def test_a_key_with_a_pass_phrase_is_refused_without_asking_for_it(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path)
    client = authority.issue("client")
    locked = serialization.BestAvailableEncryption(b"open sesame")
    client.key.write_bytes(
        authority.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    )

    with pytest.raises(KeyFileError, match=r"client\.key"):
        tls_context(Tls(certificate=client.certificate, key=client.key))
