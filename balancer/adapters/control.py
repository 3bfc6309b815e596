"""The daemon's local socket: how `status`, `pause` and `resume` reach it, and the client's side of it.

Rule: one line of JSON asks, one line answers. The socket is the daemon's user's alone (0600, in a directory of 0700),
who asks is taken from the kernel, and nothing asked can move a VM.
"""

import json
import os
import pwd
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, UnixStreamServer
from time import monotonic
from typing import Any, Final

from balancer.adapters.served import SECONDS, Bounded, serving
from balancer.ports import JournalError

SOCKET: Final = "control.sock"
MAX_REQUEST: Final = 64 * 1024
MAX_ANSWER: Final = 64 * 1024 * 1024
_PEER: Final = struct.Struct("3i")

Arguments = Mapping[str, Any]
Handler = Callable[[str, Arguments], dict[str, Any]]
"""Takes who asks and what with, gives the answer's further keys; a ControlRefusedError or JournalError is told."""


class ControlError(Exception):
    """The daemon cannot be asked; the message says why and what to do."""


class ControlRefusedError(Exception):
    """The daemon was asked, and refuses; the message says why and what to do."""


@contextmanager
def listening(directory: Path, handlers: Mapping[str, Handler]) -> Iterator[Path]:
    """Answer on the directory's control socket while the context is open; to be called by whoever holds its lock."""
    path = directory / SOCKET
    try:
        path.unlink(missing_ok=True)  # the lock is ours, so whoever made it is dead
        with _short(directory) as address:
            server = _Server(address, _Connection)
        path.chmod(0o600)
    except OSError as error:
        why = error.strerror or error
        raise ControlError(f"{path}: cannot be listened on: {why}: choose another state directory") from None
    server.handlers = handlers
    with serving(server, "control"):
        yield path
    path.unlink(missing_ok=True)


def ask(directory: Path, command: str, **arguments: Any) -> dict[str, Any]:
    """What the daemon of this state directory answers; ControlError where none does, or where it refuses."""
    request = json.dumps({"command": command, **arguments}).encode() + b"\n"
    try:
        answer = _exchange(directory, request)
    except (FileNotFoundError, ConnectionRefusedError):
        raise ControlError(f"no daemon is running on {directory}: start it with xen-balancer run") from None
    except PermissionError:
        raise ControlError(f"{directory}: only the daemon's own user and root may ask it") from None
    except OSError as error:
        why = error.strerror or f"no answer within {SECONDS:g} s"
        raise ControlError(f"{directory}: the daemon cannot be asked: {why}: try again, or look at its log") from None
    return _accepted(answer, directory)


class _Server(Bounded, UnixStreamServer):
    handlers: Mapping[str, Handler]


class _Connection(BaseRequestHandler):
    """One question and its answer."""

    server: _Server
    request: socket.socket

    def handle(self) -> None:
        """Read a line, answer with a line."""
        answer = _answer(_line(self.request, MAX_REQUEST), _peer(self.request), self.server.handlers)
        self.request.settimeout(SECONDS)
        self.request.sendall(json.dumps(answer).encode() + b"\n")


def _answer(line: bytes, who: str, handlers: Mapping[str, Handler]) -> dict[str, Any]:
    """The answer to any bytes whatever."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        return _refusal("the question is not one line of JSON of at most 64 KiB")
    if not isinstance(request, dict) or request.get("command") not in tuple(handlers):
        return _refusal(f'ask {{"command": …}} with one of: {", ".join(handlers)}')
    try:
        return {"ok": True} | handlers[request.pop("command")](who, request)
    except (ControlRefusedError, JournalError) as error:
        return _refusal(str(error))


def _refusal(error: str) -> dict[str, Any]:
    return {"ok": False, "error": error}


def _line(connection: socket.socket, limit: int) -> bytes:
    """What comes up to a line's end, the connection's end, or the limit; TimeoutError when it takes too long."""
    deadline = monotonic() + SECONDS
    read = bytearray()
    while b"\n" not in read and len(read) <= limit:
        left = deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        more = connection.recv(MAX_REQUEST)
        if not more:
            break
        read += more
    return bytes(read[: limit + 1])


def _peer(connection: socket.socket) -> str:
    """The user at the other end, as the kernel knows it."""
    _, uid, _ = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


@contextmanager
def _short(directory: Path) -> Iterator[str]:
    """The socket's address by way of the open directory: a path of its own may be longer than an address can be."""
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)


def _exchange(directory: Path, request: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, _short(directory) as address:
        connection.settimeout(SECONDS)
        connection.connect(address)
        connection.sendall(request)
        return _line(connection, MAX_ANSWER)


def _accepted(answer: bytes, directory: Path) -> dict[str, Any]:
    try:
        document = json.loads(answer)
    except ValueError:
        raise ControlError(f"{directory}: the daemon is busy or just ending: try again") from None
    if not document.pop("ok"):
        raise ControlRefusedError(document["error"])
    return dict(document)
