"""A caller's end: one question to many hosts, and what came back within the time.

Rule: an answer counts once, from a host that was asked, for this question, if its signature fits; everything else is
counted by reason. Nothing is waited for longer than it takes: all answers or the deadline. Only `discover`, which asks
nobody by name, waits its time out.
"""

import logging
import os
import queue
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from agents.mcollective.connector.connection import Connection, FabricError, Incoming
from agents.mcollective.connector.destinations import Outgoing, fabric
from agents.mcollective.errors import MessageError
from agents.mcollective.logs import RateLimitedLog
from agents.mcollective.message import Call, Reply, Request, Result, call_body, read_result
from agents.mcollective.security.choice import caller_end
from agents.mcollective.selection.filters import empty_filter, identity_filter
from agents.mcollective.settings import ClientSettings

__all__ = ["Client", "FabricError", "Gathering", "Heard", "Replies", "pass_by"]

DISCOVERY: Final = "discovery"
"""The agent that answers `ping` with `pong`."""
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
    by_host: dict[str, Result] = field(default_factory=dict)
    _conflicting: set[str] = field(default_factory=set)

    @property
    def complete(self) -> bool:
        """Every host has answered."""
        return len(self.by_host) == len(self.hosts)

    def replies(self) -> Replies:
        """What has come so far."""
        return Replies(dict(self.by_host), dict(self.refused), frozenset(self._conflicting))

    def take(self, reply: Reply) -> None:
        """Take a verified reply; MessageError where it is not wanted."""
        _check_question(reply, self.request_id, self.former)
        if reply.sender not in self.hosts:
            raise MessageError("unknown sender", reply.sender)
        result = read_result(reply.body)
        before = self.by_host.setdefault(reply.sender, result)
        if before is not result:
            self._conflicting |= {reply.sender} if before != result else set()
            raise MessageError("duplicate", reply.sender)


@dataclass(slots=True)
class _Discovery:
    """Who answers a ping, whoever it is; sans-IO."""

    request_id: str
    former: Collection[str]
    found: set[str] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)

    complete: Final = False

    def take(self, reply: Reply) -> None:
        _check_question(reply, self.request_id, self.former)
        if reply.body != "pong":
            raise MessageError("malformed", f"{reply.sender} did not say pong")
        self.found.add(reply.sender)


def _check_question(reply: Reply, request_id: str, former: Collection[str]) -> None:
    if reply.request_id != request_id:
        raise MessageError("late" if reply.request_id in former else "unknown request", reply.request_id)


Heard = Callable[[str, Result], None]
"""Is told a host's first answer as it comes."""


def pass_by(_host: str, _result: Result) -> None:
    """For whom all answers together are soon enough."""


class Client:
    """Asks agents on hosts; for one thread, while the receiver's thread fills a bounded queue."""

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._security = caller_end(settings)
        self._fabric = fabric(settings)
        self._replies = self._fabric.replies(os.getpid(), next(_sequence))
        self._arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._former: deque[str] = deque(maxlen=REMEMBERED)
        self._lost = {"too busy": 0, "too large": 0}  # counted by the receiver's thread alone, and never set back
        self._lost_before = dict(self._lost)
        self._connection = Connection(settings, self._take)
        self._log = RateLimitedLog(_LOGGER)

    def connect(self) -> None:
        """Return once connected; FabricError where no broker is there within the connect timeout (it is tried on)."""
        self._connection.start(self._replies.subscriptions)
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
        heard: Heard = pass_by,
    ) -> Replies:
        """Ask these hosts; return when all have answered or after `timeout` s; FabricError where nobody can be asked.

        With `broadcast` the question goes to every host that has the agent, whose answers are taken from `hosts` alone.
        `heard` is told each host's first answer as it comes, so that the work on it is done while others are awaited.
        """
        deadline = time.monotonic() + timeout
        gathering = Gathering(uuid.uuid4().hex, frozenset(hosts), frozenset(self._former))
        self._former.append(gathering.request_id)
        call = Call(agent, action, self._security.name, data)
        for outgoing in self._questions(call, gathering, broadcast=broadcast) if hosts else ():
            self._connection.send(outgoing)
        for reply in self._taken(gathering, deadline):
            heard(reply.sender, gathering.by_host[reply.sender])
        gathering.refused.update(self._lost_since())
        return gathering.replies()

    def tell(self, agent: str, action: str, data: Mapping[str, Any], hosts: Collection[str]) -> str:
        """Ask these hosts and wait for no answer; they send none. The request's id; FabricError as in `call`."""
        gathering = Gathering(uuid.uuid4().hex, frozenset(hosts))
        call = Call(agent, action, self._security.name, data, process_results=False)
        for outgoing in self._questions(call, gathering, broadcast=False):
            self._connection.send(outgoing)
        return gathering.request_id

    def discover(self, wanted: Mapping[str, Any], timeout: float) -> tuple[str, ...]:
        """MCollective's discovery: the hosts that a filter lets through and that answer a ping within `timeout` s."""
        deadline = time.monotonic() + timeout
        discovery = _Discovery(uuid.uuid4().hex, frozenset(self._former))
        self._former.append(discovery.request_id)
        self._connection.send(self._ping(discovery.request_id, wanted))
        for _ in self._taken(discovery, deadline):
            pass
        return tuple(sorted(discovery.found))

    def _ping(self, request_id: str, wanted: Mapping[str, Any]) -> Outgoing:
        life = int(time.time()), int(self._settings.ttl)
        payload = self._security.seal(self._request(DISCOVERY, "ping", request_id, wanted, life))
        return self._fabric.request(self._settings.collective, DISCOVERY, None, self._replies.reply_to, life, payload)

    def _questions(self, call: Call, gathering: Gathering, *, broadcast: bool) -> Iterator[Outgoing]:
        hosts = sorted(gathering.hosts)
        directed = self._settings.direct_addressing and len(hosts) <= self._settings.direct_threshold and not broadcast
        to_all = directed or broadcast
        wanted = empty_filter(call.agent) if to_all else identity_filter(call.agent, hosts)
        life = int(time.time()), int(self._settings.ttl)
        payload = self._security.seal(self._request(call.agent, call_body(call), gathering.request_id, wanted, life))
        for host in hosts if directed else [None]:
            yield self._fabric.request(
                self._settings.collective, call.agent, host, self._replies.reply_to, life, payload
            )

    def _request(
        self, agent: str, body: Any, request_id: str, wanted: Mapping[str, Any], life: tuple[int, int]
    ) -> Request:
        return Request(
            agent=agent,
            body=body,
            sender=self._settings.identity,
            request_id=request_id,
            caller=self._security.name,
            collective=self._settings.collective,
            filter=wanted,
            ttl=life[1],
            time=life[0],
        )

    def _taken(self, asked: Gathering | _Discovery, deadline: float) -> Iterator[Reply]:
        """Each reply that was taken, until all are there or it is too late."""
        while not asked.complete and (left := deadline - time.monotonic()) > 0:
            try:
                reply = self._security.open(self._arrived.get(timeout=left))
                asked.take(reply)
            except queue.Empty:
                return
            except MessageError as error:
                asked.refused[error.reason] += 1
                self._log.say(error.reason, error.message)
            else:
                yield reply

    def _lost_since(self) -> Mapping[str, int]:
        """What the receiver could not keep since the last question, by reason."""
        before, self._lost_before = self._lost_before, dict(self._lost)
        return {reason: count - before[reason] for reason, count in self._lost_before.items() if count > before[reason]}

    def _take(self, incoming: Incoming) -> None:
        if not incoming.whole:
            self._lost["too large"] += 1
        elif self._arrived.qsize() < self._settings.max_waiting:
            self._arrived.put(incoming.body)
        else:
            self._lost["too busy"] += 1
