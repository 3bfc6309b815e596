"""A connection to the brokers that mends itself: the only file here that does I/O, and that knows stomp.py.

Rule: it carries bytes and believes nothing. The brokers of the pool are tried in order, then again after a pause that
grows, with jitter, so that a thousand agents do not come back at once; every subscription is made anew each time.

stomp.py is given sockets opened here, because its own way hides why a connection failed, leaves Nagle's delay on, can
block for ever in a send, and takes the end of a TLS connection for a pause.
"""

import contextlib
import logging
import random
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from selectors import EVENT_READ, DefaultSelector
from typing import Any, Final

from stomp.connect import BaseConnection
from stomp.exception import StompException
from stomp.protocol import Protocol11
from stomp.transport import Transport
from stomp.utils import PollableQueue

from agents.mcollective.destinations import Outgoing, Subscription
from agents.mcollective.keys import KeyFileError, load_password
from agents.mcollective.logs import printable
from agents.mcollective.settings import Broker, Settings, Tls

FIRST_PAUSE: Final = 0.2
GOODBYE: Final = 2.0
"""Seconds that a broker gets to confirm the end."""

_LOGGER: Final = logging.getLogger(__name__)

# It logs with tracebacks; what an operator needs to know of a connection is said here.
logging.getLogger("stomp.py").disabled = True


class FabricError(Exception):
    """No broker, or not any more; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One MESSAGE; `reply_to` is empty where none is wanted."""

    body: bytes
    reply_to: str


class Connection:
    """Started once, connected whenever a broker is there, until closed. `take` is called on the receiver's thread."""

    def __init__(
        self, settings: Settings, take: Callable[[Incoming], None], chance: random.Random | None = None
    ) -> None:
        self._settings = settings
        self._doors = tuple(_Door(broker, settings) for broker in settings.brokers)
        self._take = take
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, keeps no secret
        self._subscriptions: tuple[Subscription, ...] = ()
        self._link: _Link | None = None
        self._up = threading.Event()
        self._stop = threading.Event()
        self._failures = "not tried yet"
        self._thread = threading.Thread(target=self._run, name="mcollective-connection", daemon=True)

    def start(self, subscriptions: tuple[Subscription, ...]) -> None:
        """Begin to connect, and to listen there whenever connected; once is enough."""
        if self._thread.ident is None:
            self._subscriptions = subscriptions
            self._thread.start()

    @property
    def connected(self) -> bool:
        """A broker is there now."""
        return self._up.is_set()

    def wait(self, timeout: float) -> None:
        """Return once connected; FabricError where that has not happened within `timeout` s."""
        if not self._up.wait(timeout):
            raise FabricError(f"cannot connect to any broker: {self._failures}")

    def send(self, outgoing: Outgoing) -> None:
        """Hand it to the broker; FabricError where there is none."""
        link = self._link
        if link is None:
            raise FabricError(f"cannot connect to any broker: {self._failures}")
        link.send(outgoing)

    def close(self) -> None:
        """Say goodbye and end."""
        self._stop.set()
        link = self._link
        if link is not None:
            link.close()
        if self._thread.is_alive():
            self._thread.join(self._settings.connect_timeout + GOODBYE)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            link = self._connect_any()
            if link is None:
                self._stop.wait(self._chance.uniform(pause / 2, pause))
                pause = min(pause * 2, self._settings.reconnect_max)
            else:
                pause = FIRST_PAUSE
                self._stay(link)

    def _connect_any(self) -> "_Link | None":
        failures = []
        for door in self._doors:
            try:
                return door.enter(self._take, self._subscriptions)
            except FabricError as error:
                failures.append(str(error))
        self._fail("; ".join(failures))
        return None

    def _fail(self, failures: str) -> None:
        if failures != self._failures:
            _LOGGER.warning("cannot connect to any broker, trying on: %s", failures)
        self._failures = failures

    def _stay(self, link: "_Link") -> None:
        _LOGGER.info("connected to %s", link.broker)
        self._link = link
        self._up.set()
        if self._stop.is_set():
            link.close()
        link.lost.wait()
        self._up.clear()
        self._link = None
        self._failures = f"{link.broker}: {link.error or 'the connection was lost'}"
        if not self._stop.is_set():
            _LOGGER.warning("lost the connection to %s", self._failures)


class _Door:
    """How to get into one broker; what it needs from files is read once."""

    def __init__(self, broker: Broker, settings: Settings) -> None:
        self._broker = broker
        self._settings = settings
        self._password = None if broker.password_file is None else load_password(broker.password_file)
        self._tls = None if broker.tls is None else _context(broker.tls)

    def enter(self, take: Callable[[Incoming], None], subscriptions: tuple[Subscription, ...]) -> "_Link":
        """A connection that is logged in and listens; FabricError where it cannot be had."""
        timeout = self._settings.connect_timeout
        try:
            link = _Link(self._broker, self._open(timeout), self._settings, take)
        except OSError as error:
            raise FabricError(f"{self._broker}: {error.strerror or error}") from None
        link.log_in(self._broker.user, self._password, timeout)
        link.subscribe(subscriptions)
        return link

    def _open(self, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._broker.host, self._broker.port), timeout)
        try:
            opened = plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=self._broker.host)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(timeout) or 1, 0))
            opened.settimeout(None)
        except OSError:
            plain.close()
            raise
        return opened


def _context(tls: Tls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key)
    except OSError as error:
        raise KeyFileError(f"tls: {tls.ca}, {tls.certificate}, {tls.key}: {error.strerror or error}") from None
    return context


class _Link:
    """One connection's life, as stomp.py's listener (its methods' names are stomp.py's); never raises on its thread."""

    def __init__(
        self, broker: Broker, opened: socket.socket, settings: Settings, take: Callable[[Incoming], None]
    ) -> None:
        self.broker = broker
        self.error = ""
        self.lost = threading.Event()
        self._answered = threading.Event()
        self._take = take
        self._socket = opened
        beat = int(settings.heartbeat * 1000)
        self._stomp = _Stomp(_Transport(opened, broker, settings.vhost), (beat, beat))
        self._stomp.set_listener("link", self)

    def log_in(self, user: str | None, password: str | None, timeout: float) -> None:
        """FabricError where the broker refuses, or says nothing within `timeout` s."""
        self._do(partial(self._stomp.connect, user, password))
        if not self._answered.wait(timeout):
            self.error = f"no answer within {timeout:g} s; is it a STOMP broker?"
        if self.error or self.lost.is_set():
            self.drop()
            raise FabricError(f"{self.broker}: {self.error or 'it hung up'}")

    def subscribe(self, subscriptions: tuple[Subscription, ...]) -> None:
        """Listen there."""
        for one in subscriptions:
            self._do(partial(self._stomp.subscribe, one.destination, one.id, headers=dict(one.headers)))

    def send(self, outgoing: Outgoing) -> None:
        """FabricError where the connection turns out to be gone."""
        self._do(partial(self._stomp.send, outgoing.destination, outgoing.body, headers=dict(outgoing.headers)))

    def close(self) -> None:
        """Say goodbye, then hang up."""
        with contextlib.suppress(FabricError):
            self._do(self._stomp.disconnect)
            self.lost.wait(GOODBYE)
        self.drop()

    def drop(self) -> None:
        """Hang up; the receiver notices and ends."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _do(self, what: Callable[[], object]) -> None:
        try:
            what()
        except (OSError, StompException, AttributeError) as error:  # stomp.py's queue is None once it has ended
            self.drop()
            why = error.strerror if isinstance(error, OSError) else self.error
            raise FabricError(f"{self.broker}: {why or 'the connection was lost'}") from None

    def on_connected(self, _frame: Any) -> None:
        self._answered.set()

    def on_message(self, frame: Any) -> None:
        self._take(Incoming(frame.body, frame.headers.get("reply-to", "")))

    def on_error(self, frame: Any) -> None:
        self.error = printable(frame.headers.get("message", "") or frame.body.decode(errors="replace"))
        self._answered.set()

    def on_heartbeat_timeout(self) -> None:
        self.error = "no heart-beat"
        self.drop()

    def on_disconnected(self) -> None:
        self.lost.set()
        self._answered.set()


class _Stomp(BaseConnection, Protocol11):  # type: ignore[misc] # stomp.py has no types
    """stomp.py's connection of version 1.1, over a transport of ours."""

    def __init__(self, transport: "_Transport", heartbeats: tuple[int, int]) -> None:
        BaseConnection.__init__(self, transport)
        Protocol11.__init__(self, transport, heartbeats)

    def connect(self, user: str | None, password: str | None) -> None:
        self.transport.start()
        Protocol11.connect(self, user, password, with_connect_command=True)

    def disconnect(self) -> None:
        Protocol11.disconnect(self)


class _Transport(Transport):  # type: ignore[misc] # stomp.py has no types
    """stomp.py's transport, on a socket that is open already."""

    def __init__(self, opened: socket.socket, broker: Broker, vhost: str) -> None:
        self._address = broker.host, broker.port
        super().__init__([self._address], auto_decode=False, vhost=vhost)
        self._opened = opened

    def attempt_connection(self) -> None:
        self.socket = self._opened
        self.current_host_and_port = self._address
        if isinstance(self._opened, ssl.SSLSocket):
            self._let_the_receiver_send()

    def _let_the_receiver_send(self) -> None:
        # OpenSSL's connections must not be read and written by two threads at once.
        self.send_queue = PollableQueue()
        self.sel = DefaultSelector()
        self.sel.register(self.send_queue, EVENT_READ)
        self.sel.register(self.socket, EVENT_READ)
        self.blocking = False
        self.socket.settimeout(0)

    def receive(self) -> bytes | None:
        data = self._receive()
        if data == b"" and not self.blocking:
            self.shutdown_queue()
        return data

    def _receive(self) -> bytes | None:
        try:
            received: bytes | None = super().receive()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError:
            return b""
        return received
