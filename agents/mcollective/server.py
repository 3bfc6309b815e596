"""A host's end: what becomes of the bytes of a request until the bytes of its reply, and the threads that do it.

Rule: MCollective's order of checks, and its silence. Bytes, signature, age, filter: who fails these gets no answer,
only a count. Schema, policy, action: who fails these gets a status. Nothing that a caller sends ends a thread.
"""

import contextlib
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

from agents.mcollective.serializers import EncodeError, Limits
from agents.mcollective.connector import Connection, FabricError, Incoming
from agents.mcollective.ddl import Abort, Agent, Ddl
from agents.mcollective.destinations import ActiveMq
from agents.mcollective.errors import MessageError
from agents.mcollective.filters import Place, matches
from agents.mcollective.freshness import Freshness
from agents.mcollective.logs import RateLimitedLog
from agents.mcollective.message import (
    ABORTED,
    INVALID_DATA,
    OK,
    UNKNOWN_ERROR,
    Call,
    Reply,
    Request,
    Result,
    read_call,
    result_body,
)
from agents.mcollective.policy import PolicyError, load
from agents.mcollective.security import Host
from agents.mcollective.settings import ServerSettings

DISCOVERY: Final = "discovery"
DENIED: Final = "You are not authorized to call this agent or action."
REPLY_TTL: Final = 60
"""Seconds that a reply is worth keeping."""
MAX_ACTIONS: Final = 64
"""Actions that may run at once, those included that ran out of time and do not end."""

_LOGGER: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class Counters:
    """MCollective's statistics (total, validated, …) and what was refused, by reason; for any thread."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, name: str) -> None:
        """One more."""
        with self._lock:
            self.counts[name] += 1

    def refuse(self, reason: str) -> None:
        """One more refused."""
        with self._lock:
            self.refused[reason] += 1


class Server:
    """Hosts agents: bytes in, bytes out, for any number of threads. Reads the policy files anew for each request."""

    def __init__(
        self, settings: ServerSettings, agents: Sequence[Agent], clock: Callable[[], float] = time.time
    ) -> None:
        self.counters = Counters()
        self._settings = settings
        self._agents = {agent.ddl.agent: agent for agent in agents}
        self._place = Place(settings.identity, self.agents)
        self._security = Host(settings.ssl, Limits(settings.max_message_bytes))
        self._freshness = Freshness(settings.max_ttl, settings.max_ahead, settings.max_remembered)
        self._clock = clock
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(MAX_ACTIONS)
        self._log = RateLimitedLog(_LOGGER)

    @property
    def agents(self) -> tuple[str, ...]:
        """The names that requests are sent to."""
        return (DISCOVERY, *self._agents)

    def handle(self, payload: bytes) -> bytes | None:
        """The reply to a request; None where there is none to give."""
        self.counters.count("total")
        try:
            request = self._admit(payload)
            body = self._answer(request) if self._is_for_us(request) else None
            return None if body is None else self._seal(request, body)
        except MessageError as error:
            self.refuse(error)
            return None

    def refuse(self, error: MessageError) -> None:
        """Count and log what gets no answer."""
        self.counters.refuse(error.reason)
        self._log.say(error.reason, error.message)

    def _admit(self, payload: bytes) -> Request:
        try:
            request = self._security.open(payload)
        except MessageError:
            self.counters.count("unvalidated")
            raise
        self.counters.count("validated")
        try:
            with self._lock:
                self._freshness.admit(request, self._clock())
        except MessageError as error:
            if error.reason == "expired":
                self.counters.count("ttlexpired")
            raise
        return request

    def _is_for_us(self, request: Request) -> bool:
        try:
            ours = request.collective == self._settings.collective and matches(request.filter, self._place)
        except MessageError:
            self.counters.count("filtered")
            raise
        self.counters.count("passed" if ours else "filtered")
        return ours

    def _answer(self, request: Request) -> Any:
        if request.agent == DISCOVERY:
            return "pong" if request.body == "ping" else f"Unknown Request: {request.body!r}"
        agent = self._agents.get(request.agent)
        if agent is None:
            raise MessageError("unknown agent", request.agent)
        call = read_call(request.body)
        if (call.agent, call.caller) != (request.agent, request.caller):
            raise MessageError("tampered", "agent or caller is not the one that was signed")
        result = self._perform(agent.ddl, agent, call)
        return result_body(result) if call.process_results else None

    def _perform(self, ddl: Ddl, agent: Agent, call: Call) -> Result:
        problem = ddl.validate(call.action, call.data)
        if problem is not None:
            return Result(INVALID_DATA, problem, ddl.defaults(call.action))
        if not self._is_authorized(call):
            return Result(ABORTED, DENIED, ddl.defaults(call.action))
        return self._outcome(self._begin(agent, call, ddl.inputs(call.action, call.data)), ddl, call)

    def _is_authorized(self, call: Call) -> bool:
        try:
            return load(self._settings.policies / f"{call.agent}.policy").allows(call.caller, call.action)
        except PolicyError as error:
            self._log.say("policy", f"{error}; until then all is denied")
            return False

    def _begin(self, agent: Agent, call: Call, inputs: Mapping[str, Any]) -> "Future[dict[str, Any]]":
        future: Future[dict[str, Any]] = Future()

        def work() -> None:
            try:
                future.set_result(dict(agent.call(call.action, inputs, call.caller)))
            except Exception as error:  # noqa: BLE001 - whatever an agent raises is an answer
                future.set_exception(error)
            finally:
                self._room.release()

        if not self._room.acquire(blocking=False):
            raise MessageError("too busy", f"{MAX_ACTIONS} actions are running already")
        threading.Thread(target=work, name=f"mcollective-{call.agent}-{call.action}", daemon=True).start()
        return future

    def _outcome(self, future: "Future[dict[str, Any]]", ddl: Ddl, call: Call) -> Result:
        try:
            error = future.exception(ddl.timeout)
        except TimeoutError:
            raise MessageError("timed out", f"{ddl.agent} {call.action} ran longer than {ddl.timeout} s") from None
        defaults = ddl.defaults(call.action)
        if error is None:
            return Result(OK, "OK", defaults | future.result())
        if isinstance(error, Abort):
            return Result(ABORTED, str(error), defaults)
        self._log.say("action failed", f"{ddl.agent} {call.action}: {type(error).__name__}: {error}")
        return Result(UNKNOWN_ERROR, str(error), defaults)

    def _seal(self, request: Request, body: Any) -> bytes:
        reply = Reply(request.agent, body, self._settings.identity, request.request_id, int(self._clock()))
        try:
            sealed = self._security.seal(reply)
        except EncodeError as error:
            raise MessageError("unspeakable", f"the wire has no form for what {request.agent} says: {error}") from None
        self.counters.count("replies")
        return sealed


class Service:
    """A server on its brokers: `workers` threads handle what the receiver puts in a bounded queue."""

    def __init__(self, settings: ServerSettings, agents: Sequence[Agent]) -> None:
        self.server = Server(settings, agents)
        self._settings = settings
        self._fabric = ActiveMq(settings.collective, settings.identity)
        self._waiting: queue.Queue[Incoming | None] = queue.Queue(settings.max_waiting)
        self._connection = Connection(settings, self._take)
        self._log = RateLimitedLog(_LOGGER)

    @property
    def connected(self) -> bool:
        """A broker is there now."""
        return self._connection.connected

    def start(self) -> None:
        """Begin to serve; an absent broker is waited for."""
        for number in range(self._settings.workers):
            threading.Thread(target=self._work, name=f"mcollective-worker-{number}", daemon=True).start()
        directed = self._settings.direct_addressing
        self._connection.start(self._fabric.server_subscriptions(self.server.agents, directed=directed))

    def close(self) -> None:
        """End; actions that still run are left behind."""
        self._connection.close()
        with contextlib.suppress(queue.Empty):
            while True:
                self._waiting.get_nowait()
        for _ in range(self._settings.workers):
            self._waiting.put(None)

    def _take(self, incoming: Incoming) -> None:
        try:
            self._waiting.put_nowait(incoming)
        except queue.Full:
            self.server.refuse(MessageError("too busy", f"{self._settings.max_waiting} requests are waiting already"))

    def _work(self) -> None:
        while (incoming := self._waiting.get()) is not None:
            payload = self.server.handle(incoming.body)
            if payload is not None:
                self._reply(incoming.reply_to, payload)

    def _reply(self, reply_to: str, payload: bytes) -> None:
        if not self._fabric.is_reply_queue(reply_to):
            self.server.refuse(MessageError("strange reply-to", reply_to))
            return
        try:
            self._connection.send(self._fabric.reply(reply_to, (int(time.time()), REPLY_TTL), payload))
        except FabricError as error:
            self._log.say("a reply was lost", str(error))


def serve(settings: ServerSettings, agents: Sequence[Agent], stop: threading.Event) -> None:
    """Serve the agents until `stop` is set; KeyFileError at once where a key cannot be used."""
    service = Service(settings, agents)
    service.start()
    stop.wait()
    service.close()
