"""STOMP's frames out of the bytes that a broker sends; sans-IO, in one pass, in bounded memory.

Rule: the broker is trusted to speak STOMP, not to be modest. A body above the limit is passed over without being kept,
and its frame says so; headers above theirs, and what is no frame of a broker, end the reading: nothing can follow.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

MAX_HEAD: Final = 64 * 1024
"""Bytes of a command with its headers."""
MAX_DIGITS: Final = 10
"""Of a content-length."""

_COMMANDS: Final = ("CONNECTED", "MESSAGE", "RECEIPT", "ERROR")
_LONGEST: Final = max(map(len, _COMMANDS))
_TLS_ALERT: Final = b"\x15\x03"
_ESCAPE: Final = re.compile(r"\\.")
_PLAIN: Final = MappingProxyType({"\\n": "\n", "\\c": ":", "\\\\": "\\"})


class FrameError(Exception):
    """No frame that a broker may send; the message says why."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; `body` is None where it was too large to be kept. The names are stomp.py's."""

    cmd: str
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(slots=True)
class _Head:
    """A frame whose body is on its way; `dropped` bytes of it are gone already."""

    cmd: str
    headers: Mapping[str, str]
    length: int | None
    dropped: int = 0


class FrameReader:
    """Takes the bytes of one connection as they come; keeps no body of more than `max_body` bytes."""

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body
        self._buffer = bytearray()
        self._at = 0
        self._head: _Head | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now, heart-beats left out; FrameError where there can be no more."""
        self._buffer += data
        frames = list(self._frames())
        del self._buffer[: self._at]
        self._at = 0
        return frames

    def _frames(self) -> Iterator[Frame]:
        while (head := self._head or self._read_head()) is not None:
            self._head = head
            end = self._end_of(head)
            if end < 0:
                self._drop_what_is_too_much(head)
                return
            self._head = None
            yield Frame(head.cmd, head.headers, self._body(head, end))
            self._at = end + 1

    def _read_head(self) -> _Head | None:
        self._pass_heartbeats()
        end = self._buffer.find(b"\n\n", self._at, self._at + MAX_HEAD)
        if end < 0:
            self._check_beginning()
            return None
        head = _head(self._buffer[self._at : end].decode(errors="replace"))
        self._at = end + 2
        return head

    def _pass_heartbeats(self) -> None:
        while self._at < len(self._buffer) and self._buffer[self._at] in b"\r\n":
            self._at += 1

    def _check_beginning(self) -> None:
        beginning = bytes(self._buffer[self._at : self._at + _LONGEST]).partition(b"\n")[0]
        if not any(command.encode().startswith(beginning) for command in _COMMANDS):
            raise _no_command(beginning)
        if len(self._buffer) - self._at >= MAX_HEAD:
            raise FrameError(f"a frame has more than {MAX_HEAD} bytes of headers")

    def _end_of(self, head: _Head) -> int:
        """Where the body's NUL is; -1 where it has not come yet."""
        if head.length is None:
            return self._buffer.find(0, self._at)
        end = self._at + head.length - head.dropped
        if end >= len(self._buffer):
            return -1
        if self._buffer[end]:
            raise FrameError("a body is longer than its content-length")
        return end

    def _body(self, head: _Head, end: int) -> bytes | None:
        fits = not head.dropped and end - self._at <= self._max_body
        return bytes(self._buffer[self._at : end]) if fits else None

    def _drop_what_is_too_much(self, head: _Head) -> None:
        waiting = len(self._buffer) - self._at
        if head.dropped or (head.length or waiting) > self._max_body:
            head.dropped += waiting
            self._at += waiting


def _head(text: str) -> _Head:
    command, *lines = text.split("\n")
    if command not in _COMMANDS:
        raise _no_command(command.encode())
    headers = _headers(lines)
    return _Head(command, headers, _length(headers.get("content-length")))


def _headers(lines: Iterable[str]) -> dict[str, str]:
    """Of equal headers the first one counts."""
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise FrameError("a header has no colon")
        if "\\" in line:
            name, value = _plain(name), _plain(value)
        headers.setdefault(name, value)
    return headers


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda escape: _PLAIN.get(escape[0], escape[0]), text)


def _length(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise FrameError("a content-length is no number")
    return int(text)


def _no_command(beginning: bytes) -> FrameError:
    if beginning.startswith(_TLS_ALERT):
        return FrameError("it speaks TLS on this port; say how under `tls:`")
    return FrameError("it does not speak STOMP on this port")
