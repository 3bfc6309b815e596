"""A server on its brokers: the threads that carry requests to it and its replies back.

Rule: `workers` threads handle what the receiver puts in a bounded queue; a reload changes what is listened to, and
nothing that waits is lost by it.
"""

import contextlib
import logging
import os
import queue
import threading
import time
import uuid
from typing import Final

from agents.mcollective import registration
from agents.mcollective.connector.connection import Connection, FabricError, Incoming
from agents.mcollective.connector.destinations import Subscription, fabric
from agents.mcollective.errors import MessageError
from agents.mcollective.logs import RateLimitedLog
from agents.mcollective.node import Node
from agents.mcollective.roster import Roster
from agents.mcollective.server import Server
from agents.mcollective.settings import ServerSettings
from agents.mcollective.statistics import Statistics

REPLY_TTL: Final = 60
"""Seconds that a reply is worth keeping."""

_LOGGER: Final = logging.getLogger(__name__)


class Service:
    """Serves a roster of agents until closed; KeyFileError at once where a key cannot be used."""

    def __init__(self, settings: ServerSettings, roster: Roster, node: Node, statistics: Statistics) -> None:
        self.server = Server(settings, roster, node, statistics)
        self._settings = settings
        self._roster = roster
        self._node = node
        self._fabric = fabric(settings)
        self._waiting: queue.Queue[Incoming | None] = queue.Queue(settings.max_waiting)
        self._connection = Connection(settings, self._take)
        self._closing = threading.Event()
        self._log = RateLimitedLog(_LOGGER)

    @property
    def connected(self) -> bool:
        """A broker is there now."""
        return self._connection.connected

    def start(self) -> None:
        """Begin to serve; an absent broker is waited for."""
        for number in range(self._settings.workers):
            threading.Thread(target=self._work, name=f"mcollective-worker-{number}", daemon=True).start()
        if self._settings.registration.interval:
            threading.Thread(target=self._register, name="mcollective-registration", daemon=True).start()
        self._connection.start(self._subscriptions())
        self._roster.watch(lambda: self._connection.listen(self._subscriptions()))

    def close(self) -> None:
        """End; actions that still run are left behind."""
        self._closing.set()
        self._connection.close()
        with contextlib.suppress(queue.Empty):
            while True:
                self._waiting.get_nowait()
        for _ in range(self._settings.workers):
            self._waiting.put(None)

    def _subscriptions(self) -> tuple[Subscription, ...]:
        return self._fabric.server_subscriptions(self._roster.schemas, directed=self._settings.direct_addressing)

    def _take(self, incoming: Incoming) -> None:
        if not incoming.whole:
            self.server.refuse(MessageError("too large", "it was passed over"))
            return
        try:
            self._waiting.put_nowait(incoming)
        except queue.Full:
            self.server.refuse(MessageError("too busy", f"{self._settings.max_waiting} requests are waiting already"))

    def _work(self) -> None:
        while (incoming := self._waiting.get()) is not None:
            try:
                self._serve(incoming)
            except Exception as error:  # noqa: BLE001 - a mistake of ours costs this request, not the thread
                self.server.refuse(MessageError("our mistake", f"{type(error).__name__}: {error}"))

    def _serve(self, incoming: Incoming) -> None:
        payload = self.server.handle(incoming.body)
        if payload is not None:
            self._reply(incoming.reply_to, payload)

    def _reply(self, reply_to: str, payload: bytes) -> None:
        if not self._fabric.takes_reply(reply_to):
            self.server.refuse(MessageError("strange reply-to", reply_to))
            return
        try:
            self._connection.send(self._fabric.reply(reply_to, (int(time.time()), REPLY_TTL), payload))
        except FabricError as error:
            self._log.say("a reply was lost", str(error))

    def _register(self) -> None:
        wanted = self._settings.registration
        pause = wanted.splay and uuid.uuid4().int / 2**128 * wanted.splay
        while not self._closing.wait(pause):
            pause = wanted.interval
            try:
                self._announce()
            except FabricError as error:
                self._log.say("a registration was lost", str(error))
                pause = min(pause, 1.0)

    def _announce(self) -> None:
        request = registration.request(self._settings, self._node, uuid.uuid4().hex, int(time.time()))
        life = request.time, request.ttl
        answers = self._fabric.replies(os.getpid(), 0).reply_to
        payload = self.server.security.announce(request)
        self._connection.send(self._fabric.request(request.collective, request.agent, None, answers, life, payload))


def serve(service: Service, stop: threading.Event) -> None:
    """Serve until `stop` is set."""
    service.start()
    stop.wait()
    service.close()
