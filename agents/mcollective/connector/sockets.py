"""Sockets to brokers, plain and with TLS: opened, read, written, and why they failed in words that help.

Rule: nothing here blocks for longer than it is told. A broker must prove that it is the host it was asked for, with TLS
1.2 at least; its bytes are read by one thread, and written by any.
"""

import contextlib
import select
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from agents.mcollective.keys import KeyFileError, check_secret
from agents.mcollective.settings import Broker, Tls

CHUNK: Final = 64 * 1024
"""Bytes that are read at once; larger buffers cost more to come by than they save."""

_OUR_CERTIFICATE: Final = "it does not accept our certificate: name one that it trusts under `tls:`"
_WHY_TLS: Final = MappingProxyType(
    {
        "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it wants a certificate from us: name one under `tls:`",
        "SSLV3_ALERT_HANDSHAKE_FAILURE": "it wants another TLS, or a certificate from us: name one under `tls:`",
        "SSLV3_ALERT_BAD_CERTIFICATE": "it wants a certificate from us, or a better one: name one under `tls:`",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _OUR_CERTIFICATE,
        "TLSV1_ALERT_UNKNOWN_CA": _OUR_CERTIFICATE,
        "UNEXPECTED_EOF_WHILE_READING": "it hung up on our TLS; does it speak TLS on this port?",
        "WRONG_VERSION_NUMBER": "it does not speak TLS on this port",
    }
)
_AUTHORITY: Final = "; name the authority that signed it under `tls:` as `ca`"
_NAME: Final = "; give as `host` what its certificate is for"
_WHY_UNVERIFIED: Final = MappingProxyType({18: _AUTHORITY, 19: _AUTHORITY, 20: _AUTHORITY, 62: _NAME, 64: _NAME})
"""By OpenSSL's number for what is wrong with a certificate."""

_NOT_NOW: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_TLS_WANTS: Final = MappingProxyType[type[OSError], int](
    {ssl.SSLWantReadError: select.POLLIN, ssl.SSLWantWriteError: select.POLLOUT}
)


@dataclass(frozen=True, slots=True)
class Door:
    """How to get into one broker; `context` is None where the connection is plain."""

    broker: Broker
    context: ssl.SSLContext | None

    def open(self, timeout: float) -> "Wire":
        """A connection; OSError where it cannot be had within about `timeout` s."""
        plain = socket.create_connection((self.broker.host, self.broker.port), timeout)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            return Wire(plain if self.context is None else self._secured(plain, self.context))
        except OSError:
            plain.close()
            raise

    def _secured(self, plain: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        try:
            return context.wrap_socket(plain, server_hostname=self.broker.host)
        except TimeoutError:
            raise TimeoutError("no answer to our TLS; does it speak TLS on this port?") from None


class Wire:
    """An open connection. One thread reads, many write; OpenSSL is never called by two of them at once."""

    def __init__(self, opened: socket.socket) -> None:
        opened.settimeout(0)
        self._socket = opened
        self._calling = threading.Lock()
        self._writing = threading.Lock()

    def read(self, deadline: float | None) -> bytes | None:
        """What has come: b"" at the end, None where nothing came until `deadline` (monotonic); OSError."""
        while True:
            try:
                with self._calling:
                    return self._socket.recv(CHUNK)
            except _NOT_NOW as error:
                if not self._wait(_wanted(error, select.POLLIN), deadline):
                    return None

    def write(self, data: bytes, timeout: float) -> None:
        """Hand all of it over; OSError where it broke, or took nothing for `timeout` s."""
        left = memoryview(data)
        with self._writing:
            while left:
                left = left[self._write_some(left, time.monotonic() + timeout) :]

    def hang_up(self) -> None:
        """End it for all: the reader sees the end, writers break."""
        with contextlib.suppress(OSError):
            # An SSLSocket's own shutdown would let the reader take what is still encrypted for text.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back: the reader's last act."""
        self.hang_up()
        with self._writing:
            self._socket.close()

    def _write_some(self, data: memoryview, deadline: float) -> int:
        while True:
            try:
                with self._calling:
                    return self._socket.send(data)
            except _NOT_NOW as error:
                if not self._wait(_wanted(error, select.POLLOUT), deadline):
                    raise TimeoutError("it takes nothing any more") from None

    def _wait(self, event: int, deadline: float | None) -> bool:
        poll = select.poll()
        poll.register(self._socket, event)
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        return bool(poll.poll(left))


def tls_context(tls: Tls) -> ssl.SSLContext:
    """What `tls:` says, ready for use; KeyFileError where a file cannot be."""
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.certificate is not None:
            secret = tls.key or tls.certificate
            check_secret(secret, secret.stat())
            # An empty pass phrase, so that OpenSSL does not ask the terminal for one.
            context.load_cert_chain(tls.certificate, tls.key, password="")
    except OSError as error:
        raise KeyFileError(f"tls: {tls.ca}, {tls.certificate}, {tls.key}: {error.strerror or error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A writer must never have to wait for the reader.
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context


def why(error: OSError) -> str:
    """What went wrong with a socket, and what to do where that is known."""
    if isinstance(error, ssl.SSLCertVerificationError):
        advice = _WHY_UNVERIFIED.get(error.verify_code, "")
        return f"certificate verify failed: {error.verify_message.rstrip('.')}{advice}"
    if isinstance(error, ssl.SSLError):
        reason = error.reason or str(error)
        return _WHY_TLS.get(reason, f"TLS: {reason.lower().replace('_', ' ')}")
    return error.strerror or str(error)


def _wanted(error: OSError, event: int) -> int:
    return _TLS_WANTS.get(type(error), event)
