"""Somebody who listens in: whether a request went to all, or to each by itself, nobody can see in it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.interop.stock import Cell

BROADCASTS: Final = {
    "activemq": "/topic/{collective}.{agent}.agent",
    "rabbitmq": "/exchange/{collective}_broadcast/{agent}",
}


class Spy:
    """Subscribed to what is broadcast to one agent."""

    def __init__(self, connection: socket.socket, destination: str) -> None:
        self._connection = connection
        self._destination = destination
        self._read = b""
        self._asked = 0

    def heard(self) -> int:
        """How many messages it has heard until now, its own left out; the next call counts anew."""
        self._asked += 1
        own = f"spy-{self._asked}"
        self.send("SEND", own, destination=self._destination)
        while (heard := self._frames(own)) is None:
            self._read += self._more()
        return heard

    def send(self, command: str, body: str = "", **headers: str) -> None:
        lines = [command, *(f"{name}:{value}" for name, value in headers.items())]
        self._connection.sendall(("\n".join(lines) + f"\n\n{body}\0").encode())

    def await_frame(self, command: bytes) -> None:
        while command not in self._read or not self._read.endswith((b"\0", b"\0\n")):
            self._read += self._more()
        self._read = b""

    def _more(self) -> bytes:
        data = self._connection.recv(65536)
        assert data, "the broker hung up on the spy"
        return data

    def _frames(self, own: str) -> int | None:
        """How many there are before its own, once that is there."""
        before, is_there, rest = self._read.partition(own.encode() + b"\0")
        if not is_there:
            return None
        self._read = rest
        return before.count(b"MESSAGE\n") - 1


@contextmanager
def spying(cell: Cell, agent: str) -> Iterator[Spy]:
    """A spy that is subscribed."""
    destination = BROADCASTS[cell.login.connector].format(collective=cell.collective, agent=agent)
    password = cell.login.password_file.read_text().strip()
    with socket.create_connection(("127.0.0.1", cell.login.port), 10) as connection:
        connection.settimeout(30)
        spy = Spy(connection, destination)
        spy.send("CONNECT", login=cell.login.user, passcode=password, host="/", **{"accept-version": "1.1"})
        spy.await_frame(b"CONNECTED")
        spy.send("SUBSCRIBE", destination=destination, id="spy", receipt="subscribed")
        spy.await_frame(b"RECEIPT")
        yield spy
