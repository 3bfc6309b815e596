"""A connection to the brokers that mends itself, and the only file that knows stomp.py.

Rule: it carries bytes and believes nothing. The brokers of the pool are tried in order, then again after a pause that
grows, with jitter, so that a thousand agents do not come back at once; every subscription is made anew each time, and
it is not `connected` before its broker has confirmed them.

stomp.py writes frames and minds heart-beats. What comes in is read by `frames` and `sockets`, because its own way hides
why a connection failed, leaves Nagle's delay on, keeps a body of any size, and takes three times as long.
"""

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Final

from stomp.connect import BaseConnection
from stomp.exception import StompException
from stomp.listener import ConnectionListener
from stomp.protocol import Protocol11
from stomp.transport import BaseTransport

from agents.mcollective.connector.destinations import Outgoing, Subscription, fabric
from agents.mcollective.connector.frames import Frame, FrameError, FrameReader
from agents.mcollective.connector.sockets import Door, Wire, tls_context, why
from agents.mcollective.keys import load_secret
from agents.mcollective.logs import RateLimitedLog, printable
from agents.mcollective.settings import Broker, Settings

FIRST_PAUSE: Final = 0.2
"""Seconds; half of a pause is always kept, the other half is chance."""
GOODBYE: Final = 2.0
"""Seconds that a broker gets to confirm the end."""
LISTENING: Final = "listening"
LEAVING: Final = "leaving"
"""Receipts: of the last subscription, and of the end."""

_WHO: Final = "are `user` and `password_file` right?"
_ADVICE: Final = (
    ("no exchange", "declare it there: MCollective does not do so itself"),
    ("Virtual host", "is `vhost` right, and may this user in?"),
    ("ccess refused", _WHO),
    ("password is invalid", _WHO),
    ("ACCESS_REFUSED", "the broker's permissions do not let this user do that"),
    ("not authorized", "the broker's permissions do not let this user do that"),
)
"""What brokers say, and what helps."""

_LOGGER: Final = logging.getLogger(__name__)

# It logs with tracebacks; what an operator needs to know of a connection is said here.
logging.getLogger("stomp.py").disabled = True


class FabricError(Exception):
    """No broker, or not any more; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One MESSAGE; `reply_to` is empty where none is wanted, `body` where it was too large to be taken whole."""

    body: bytes
    reply_to: str
    whole: bool = True


class Connection:
    """Started once, connected whenever a broker is there, until closed. `take` is called on the receiver's thread."""

    def __init__(
        self, settings: Settings, take: Callable[[Incoming], None], chance: random.Random | None = None
    ) -> None:
        self._settings = settings
        self._entrances = tuple(_Entrance(broker, settings) for broker in settings.brokers)
        self._log = RateLimitedLog(_LOGGER)
        self._take = take
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, keeps no secret
        self._subscriptions: tuple[Subscription, ...] = ()
        self._link: _Link | None = None
        self._changing = threading.Lock()
        self._up = threading.Event()
        self._stop = threading.Event()
        self._failures = "not tried yet"
        self._thread = threading.Thread(target=self._run, name="mcollective-connection", daemon=True)

    def start(self, subscriptions: tuple[Subscription, ...]) -> None:
        """Begin to connect, and to listen there whenever connected; once is enough."""
        if self._thread.ident is None:
            self._subscriptions = subscriptions
            self._thread.start()

    def listen(self, subscriptions: tuple[Subscription, ...]) -> None:
        """Listen there and nowhere else; returns once the broker has confirmed it, if one is there.

        What stays is not touched, so nothing for it is lost. Not for the receiver's thread, which hears the broker.
        """
        # Where the link breaks, the next one listens to the new ones.
        with contextlib.suppress(FabricError):
            with self._changing:
                self._subscriptions, link = subscriptions, self._link
                receipt = link.listen(subscriptions) if link is not None else ""
            if link is not None:
                link.wait_for(receipt)

    @property
    def connected(self) -> bool:
        """A broker is there now, and has confirmed the subscriptions."""
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
            link.leave()
        if self._thread.is_alive():
            self._thread.join(self._settings.connect_timeout + GOODBYE)

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.is_set():
            link = self._enter_any()
            lasted = self._stay(link) if link is not None else 0.0
            pause = next_pause(pause, lasted, self._settings.reconnect_max)
            self._stop.wait(self._chance.uniform(pause / 2, pause))

    def _enter_any(self) -> "_Link | None":
        failures = []
        for entrance in self._order():
            try:
                return entrance.enter(self._take, self._subscriptions, self._log)
            except FabricError as error:
                failures.append(str(error))
        self._failures = "; ".join(failures)
        self._log.say("no broker", f"{self._failures}; trying on")
        return None

    def _order(self) -> "Sequence[_Entrance]":
        entrances = self._entrances
        return self._chance.sample(entrances, len(entrances)) if self._settings.randomize else entrances

    def _stay(self, link: "_Link") -> float:
        """Until the connection ends; how long that took, in s."""
        began = time.monotonic()
        self._publish(link)
        _LOGGER.info("connected to %s", link.broker)
        link.stay()
        self._up.clear()
        self._link = None
        self._failures = f"{link.broker}: {link.error or 'the connection was lost'}"
        if not self._stop.is_set():
            self._log.say("lost the broker", self._failures)
        return time.monotonic() - began

    def _publish(self, link: "_Link") -> None:
        with self._changing, contextlib.suppress(FabricError):
            self._link = link
            self._up.set()
            link.listen(self._subscriptions)
        if self._stop.is_set():
            link.hang_up()


def next_pause(pause: float, lasted: float, longest: float) -> float:
    """Twice the last one, up to the longest; anew after a connection that has lasted longer than it. All in s."""
    return min(FIRST_PAUSE if not pause or lasted > pause else pause * 2, longest)


class _Entrance:
    """One broker of the pool; what it needs from files is read once."""

    def __init__(self, broker: Broker, settings: Settings) -> None:
        self._door = Door(broker, None if broker.tls is None else tls_context(broker.tls))
        self._settings = settings
        self._password = _password(broker)

    def enter(
        self, take: Callable[[Incoming], None], subscriptions: tuple[Subscription, ...], log: RateLimitedLog
    ) -> "_Link":
        """A connection that is logged in and listens; FabricError where it cannot be had."""
        broker = self._door.broker
        try:
            wire = self._door.open(self._settings.connect_timeout)
        except OSError as error:
            raise FabricError(f"{broker}: {why(error)}") from None
        link = _Link(broker, wire, self._settings, take, log)
        link.begin(self._password, subscriptions)
        return link


def _password(broker: Broker) -> str | None:
    if broker.password is not None:
        return broker.password.get_secret_value()
    return None if broker.password_file is None else load_secret(broker.password_file)


class _Link(ConnectionListener):  # type: ignore[misc] # stomp.py has no types
    """One connection's life, on the thread that calls `begin` and `stay`; stomp.py calls what begins with `on_`."""

    def __init__(
        self,
        broker: Broker,
        wire: Wire,
        settings: Settings,
        take: Callable[[Incoming], None],
        log: RateLimitedLog,
    ) -> None:
        self.broker = broker
        self.error = ""
        self._wire = wire
        self._timeout = settings.connect_timeout
        self._take = take
        self._log = log
        self._reader = FrameReader(settings.max_message_bytes)
        self._listening: dict[str, Subscription] = {}
        self._answers: set[str] = set()
        self._answered = threading.Condition()
        self._changes = count(1)
        self._lost = threading.Event()
        beat = int(settings.heartbeat * 1000)
        self._stomp = _Stomp(_Transport(wire, fabric(settings).vhost, self._timeout), (beat, beat))
        self._stomp.set_listener("link", self)

    def begin(self, password: str | None, subscriptions: tuple[Subscription, ...]) -> None:
        """Log in and listen; FabricError where the broker refuses, or says nothing within the connect timeout."""
        try:
            self._do(partial(self._stomp.connect, self.broker.user, password, with_connect_command=True))
            self._await("CONNECTED")
            self._subscribe(subscriptions, LISTENING)
            self._await(LISTENING)
        except FabricError:
            self._end()
            raise

    def stay(self) -> None:
        """Take what comes until the connection ends; `error` says why where that is known."""
        with contextlib.suppress(FabricError):
            self._pump(lambda: LEAVING in self._answers, None)
        self._end()

    def listen(self, subscriptions: tuple[Subscription, ...]) -> str:
        """Listen there and nowhere else; the receipt that confirms it, or FabricError where the connection is gone."""
        wanted = {one.id: one for one in subscriptions}
        receipt = f"{LISTENING}-{next(self._changes)}"
        self._subscribe(tuple(one for one in subscriptions if one.id not in self._listening), receipt)
        for gone in [one for one in self._listening.values() if one.id not in wanted]:
            self._do(partial(self._stomp.unsubscribe, gone.id, headers={"destination": gone.destination}))
            del self._listening[gone.id]
        return receipt

    def wait_for(self, receipt: str) -> None:
        """Until the broker has confirmed it, the connection is gone, or the connect timeout is over."""
        with self._answered:
            self._answered.wait_for(lambda: receipt in self._answers or self._lost.is_set(), self._timeout)

    def send(self, outgoing: Outgoing) -> None:
        """FabricError where the connection turns out to be gone."""
        self._do(partial(self._stomp.send, outgoing.destination, outgoing.body, headers=dict(outgoing.headers)))

    def leave(self) -> None:
        """Say goodbye, then hang up; for any thread but the one that stays."""
        with contextlib.suppress(FabricError):
            self._do(partial(self._stomp.disconnect, LEAVING))
            self._lost.wait(GOODBYE)
        self.hang_up()

    def hang_up(self) -> None:
        """End it without a word."""
        self._wire.hang_up()

    def _subscribe(self, subscriptions: tuple[Subscription, ...], receipt: str) -> None:
        for one in subscriptions:
            last = {"receipt": receipt} if one is subscriptions[-1] else {}
            self._do(partial(self._stomp.subscribe, one.destination, one.id, headers={**one.headers, **last}))
            self._listening[one.id] = one
        if not subscriptions:
            self._answer(receipt)

    def _await(self, answer: str) -> None:
        answered = self._pump(lambda: bool(self.error) or answer in self._answers, time.monotonic() + self._timeout)
        if self.error or not answered:
            raise self._failed(self.error or f"no answer within {self._timeout:g} s; is it a STOMP broker?")

    def _pump(self, enough: Callable[[], bool], deadline: float | None) -> bool:
        """Take what comes until it is enough, or until the deadline (monotonic); whether it is enough."""
        while not enough():
            data = self._read(deadline)
            if data is None:
                return False
            if not data:
                raise self._failed(self.error or self._ending())
            self._receive(data)
        return True

    def _read(self, deadline: float | None) -> bytes | None:
        try:
            return self._wire.read(deadline)
        except OSError as error:
            raise self._failed(self.error or why(error)) from None

    def _receive(self, data: bytes) -> None:
        transport = self._stomp.transport
        # Whatever comes is a sign of life, also a part of a large message.
        transport.notify("heartbeat")
        try:
            for frame in self._reader.feed(data):
                if frame.cmd == "MESSAGE":
                    self._take_message(frame)
                else:
                    transport.process_frame(frame, b"")
        except FrameError as error:
            raise self._failed(str(error)) from None

    def _take_message(self, frame: Frame) -> None:
        self.error = ""
        if frame.body is None:
            self._log.say("too large", f"a message to {frame.headers.get('destination', '')} was passed over")
        self._take(Incoming(frame.body or b"", frame.headers.get("reply-to", ""), whole=frame.body is not None))

    def _do(self, what: Callable[[], object]) -> None:
        try:
            what()
        except (OSError, StompException) as error:
            self.hang_up()
            reason = why(error) if isinstance(error, OSError) else "the connection was lost"
            raise FabricError(f"{self.broker}: {self.error or reason}") from None

    def _ending(self) -> str:
        tls = self.broker.tls
        if "CONNECTED" in self._answers:
            return "it hung up"
        if tls is not None and tls.certificate is None:
            return "it hung up; perhaps it wants a certificate from us: name one under `tls:`"
        # So does ActiveMQ once in forty times, instead of saying what it minds.
        return f"it hung up before it let us in; {_WHO}"

    def _failed(self, reason: str) -> FabricError:
        self.error = reason
        return FabricError(f"{self.broker}: {reason}")

    def _end(self) -> None:
        self._wire.close()
        self._stomp.transport.notify("disconnected")
        with self._answered:
            self._lost.set()
            self._answered.notify_all()

    def on_connected(self, _frame: Frame) -> None:
        self._answer("CONNECTED")

    def on_receipt(self, frame: Frame) -> None:
        self._answer(frame.headers.get("receipt-id", ""))

    def _answer(self, answer: str) -> None:
        with self._answered:
            self._answers.add(answer)
            self._answered.notify_all()

    def on_error(self, frame: Frame) -> None:
        self.error = _said(frame)
        self._log.say("the broker objects", f"{self.broker}: {self.error}")

    def on_heartbeat_timeout(self) -> None:
        self.error = "no heart-beat"
        self.hang_up()


def _said(frame: Frame) -> str:
    """What an ERROR says, in one line, and what helps where that is known."""
    summary = frame.headers.get("message", "")
    detail = (frame.body or b"").decode(errors="replace").strip().partition("\n")[0]
    text = printable(summary if summary in detail and summary else f"{summary}: {detail}")
    advice = next((advice for words, advice in _ADVICE if words in text), "")
    return f"{text}; {advice}" if advice else text


class _Stomp(Protocol11, BaseConnection):  # type: ignore[misc] # stomp.py has no types
    """stomp.py's connection of version 1.1, over a transport of ours."""

    def __init__(self, transport: "_Transport", heartbeats: tuple[int, int]) -> None:
        BaseConnection.__init__(self, transport)
        Protocol11.__init__(self, transport, heartbeats)


class _Transport(BaseTransport):  # type: ignore[misc] # stomp.py has no types
    """stomp.py's transport over an open wire; the link reads, and hangs up when it knows why."""

    def __init__(self, wire: Wire, vhost: str, timeout: float) -> None:
        super().__init__(auto_decode=False)
        self.vhost = vhost
        self._wire = wire
        self._timeout = timeout

    def send(self, encoded_frame: bytes) -> None:
        self._wire.write(encoded_frame, self._timeout)
