"""A caller's end: one question to many hosts, and what came back within the time.

Rule: an answer counts once, from a host that was asked, for this question, if its signature fits; everything else is
counted by reason. Nothing is waited for longer than it takes: all answers or the deadline.
"""

import logging
import os
import queue
import time
import uuid
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from agents.mcollective.serializers import Limits
from agents.mcollective.connector import Connection, FabricError, Incoming
from agents.mcollective.destinations import ActiveMq, Outgoing, Subscription
from agents.mcollective.errors import MessageError
from agents.mcollective.filters import empty_filter, identity_filter
from agents.mcollective.logs import RateLimitedLog
from agents.mcollective.message import Call, Reply, Request, Result, call_body, read_result
from agents.mcollective.security import Caller
from agents.mcollective.settings import ClientSettings

__all__ = ["Client", "FabricError", "Gathering", "Replies"]

REMEMBERED: Final = 100
"""Questions whose late answers are still told from strange ones."""

_LOGGER: Final = logging.getLogger(__name__)

_sequence: Final = count(1)
"""Of the whole process: two connections must never share a reply queue."""


@dataclass(frozen=True, slots=True)
class Replies:
    """What came: by host, and what was refused, by reason. `conflicting` hosts gave two different answers."""

    by_host: Mapping[str, Result]
    refused: Mapping[str, int]
    conflicting: frozenset[str] = frozenset()


@dataclass(slots=True)
class Gathering:
    """The answers to one question, as they come; sans-IO."""

    request_id: str
    hosts: Collection[str]
    former: Collection[str] = ()
    refused: Counter[str] = field(default_factory=Counter)
    _by_host: dict[str, Result] = field(default_factory=dict)
    _conflicting: set[str] = field(default_factory=set)

    @property
    def complete(self) -> bool:
        """Every host has answered."""
        return len(self._by_host) == len(self.hosts)

    def replies(self) -> Replies:
        """What has come so far."""
        return Replies(dict(self._by_host), dict(self.refused), frozenset(self._conflicting))

    def take(self, reply: Reply) -> None:
        """Take a verified reply; MessageError where it is not wanted."""
        if reply.request_id != self.request_id:
            raise MessageError("late" if reply.request_id in self.former else "unknown request", reply.request_id)
        if reply.sender not in self.hosts:
            raise MessageError("unknown sender", reply.sender)
        result = read_result(reply.body)
        before = self._by_host.setdefault(reply.sender, result)
        if before is not result:
            self._conflicting |= {reply.sender} if before != result else set()
            raise MessageError("duplicate", reply.sender)


class Client:
    """Asks agents on hosts; for one thread, while the receiver's thread fills a bounded queue."""

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._security = Caller(settings.ssl, Limits(settings.max_message_bytes))
        self._fabric = ActiveMq(settings.collective, settings.identity)
        self._reply_queue = self._fabric.reply_queue(os.getpid(), next(_sequence))
        self._arrived: queue.Queue[bytes] = queue.Queue(settings.max_waiting)
        self._former: deque[str] = deque(maxlen=REMEMBERED)
        self._dropped = 0
        self._dropped_before = 0
        self._connection = Connection(settings, self._take)
        self._log = RateLimitedLog(_LOGGER)

    def connect(self) -> None:
        """Return once connected; FabricError where no broker is there within the connect timeout (it is tried on)."""
        self._connection.start((Subscription("replies", self._reply_queue),))
        self._connection.wait(self._settings.connect_timeout)

    @property
    def connected(self) -> bool:
        """A broker is there now."""
        return self._connection.connected

    def close(self) -> None:
        """End."""
        self._connection.close()

    def call(  # noqa: PLR0913 - what a question consists of
        self,
        agent: str,
        action: str,
        data: Mapping[str, Any],
        hosts: Collection[str],
        timeout: float,
        *,
        broadcast: bool = False,
    ) -> Replies:
        """Ask these hosts; return when all have answered or after `timeout` s; FabricError where nobody can be asked.

        With `broadcast` the question goes to every host that has the agent, whose answers are taken from `hosts` alone.
        """
        deadline = time.monotonic() + timeout
        gathering = Gathering(uuid.uuid4().hex, frozenset(hosts), frozenset(self._former))
        call = Call(agent, action, self._security.name, data)
        for outgoing in self._questions(call, gathering, broadcast=broadcast) if hosts else ():
            self._connection.send(outgoing)
        self._former.append(gathering.request_id)
        self._gather(gathering, deadline)
        return self._concluded(gathering)

    def _questions(self, call: Call, gathering: Gathering, *, broadcast: bool) -> Iterator[Outgoing]:
        hosts = sorted(gathering.hosts)
        directed = self._settings.direct_addressing and len(hosts) <= self._settings.direct_threshold and not broadcast
        to_all = directed or broadcast
        wanted = empty_filter(call.agent) if to_all else identity_filter(call.agent, hosts)
        life = int(time.time()), int(self._settings.ttl)
        payload = self._security.seal(self._request(call, gathering.request_id, wanted, life))
        for host in hosts if directed else [None]:
            yield self._fabric.request(call.agent, host, self._reply_queue, life, payload)

    def _request(self, call: Call, request_id: str, wanted: Mapping[str, Any], life: tuple[int, int]) -> Request:
        return Request(
            agent=call.agent,
            body=call_body(call),
            sender=self._settings.identity,
            request_id=request_id,
            caller=call.caller,
            collective=self._settings.collective,
            filter=wanted,
            ttl=life[1],
            time=life[0],
        )

    def _gather(self, gathering: Gathering, deadline: float) -> None:
        while not gathering.complete and (left := deadline - time.monotonic()) > 0:
            try:
                payload = self._arrived.get(timeout=left)
                gathering.take(self._security.open(payload))
            except queue.Empty:
                return
            except MessageError as error:
                gathering.refused[error.reason] += 1
                self._log.say(error.reason, error.message)

    def _concluded(self, gathering: Gathering) -> Replies:
        dropped = self._dropped
        if dropped > self._dropped_before:
            gathering.refused["too busy"] += dropped - self._dropped_before
            self._dropped_before = dropped
        return gathering.replies()

    def _take(self, incoming: Incoming) -> None:
        try:
            self._arrived.put_nowait(incoming.body)
        except queue.Full:
            self._dropped += 1  # written by the receiver's thread alone, and never set back
