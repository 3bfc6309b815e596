"""A host's end: what becomes of the bytes of a request until the bytes of its reply.

Rule: MCollective's order of checks, and its silence. Bytes, signature, age, filter: who fails these gets no answer,
only a count. Schema, policy, action: who fails these gets a status. Nothing that a caller sends ends a thread.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from agents.mcollective.audit import Audit
from agents.mcollective.authorization.policy import authorize
from agents.mcollective.ddl import Abort, Agent, PlainAgent
from agents.mcollective.errors import MessageError
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
from agents.mcollective.node import Node
from agents.mcollective.roster import Roster
from agents.mcollective.security.choice import host_end
from agents.mcollective.selection.filters import matches
from agents.mcollective.serializers import EncodeError
from agents.mcollective.settings import ServerSettings
from agents.mcollective.statistics import Statistics

DENIED: Final = "You are not authorized to call this agent or action."
PLAIN_TIMEOUT: Final = 5
"""Seconds that an agent may take that is not SimpleRPC."""
MAX_ACTIONS: Final = 64
"""Actions that may run at once, those included that ran out of time and do not end."""

_LOGGER: Final = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class Server:
    """Hosts agents: bytes in, bytes out, for any number of threads. Reads the policy files anew for each request."""

    def __init__(
        self,
        settings: ServerSettings,
        roster: Roster,
        node: Node,
        statistics: Statistics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.statistics = statistics
        self.security = host_end(settings)
        self._settings = settings
        self._roster = roster
        self._node = node
        self._audit = Audit(settings.audit)
        self._freshness = Freshness(settings.max_ttl, settings.max_ahead, settings.max_remembered)
        self._clock = clock
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(MAX_ACTIONS)
        self._log = RateLimitedLog(_LOGGER)

    def handle(self, payload: bytes) -> bytes | None:
        """The reply to a request; None where there is none to give."""
        self.statistics.count("total")
        try:
            request = self._admit(payload)
            body = self._answer(request) if self._is_for_us(request) else None
            return None if body is None else self._seal(request, body)
        except MessageError as error:
            self.refuse(error)
            return None

    def refuse(self, error: MessageError) -> None:
        """Count and log what gets no answer."""
        self.statistics.refuse(error.reason)
        self._log.say(error.reason, error.message)

    def _admit(self, payload: bytes) -> Request:
        try:
            request = self.security.open(payload)
        except MessageError:
            self.statistics.count("unvalidated")
            raise
        self.statistics.count("validated")
        try:
            with self._lock:
                self._freshness.admit(request, self._clock())
        except MessageError as error:
            if error.reason == "expired":
                self.statistics.count("ttlexpired")
            raise
        return request

    def _is_for_us(self, request: Request) -> bool:
        try:
            ours = request.collective in self._settings.all_collectives and matches(request.filter, self._node)
        except MessageError:
            self.statistics.count("filtered")
            raise
        self.statistics.count("passed" if ours else "filtered")
        return ours

    def _answer(self, request: Request) -> Any:
        agent = self._roster.get(request.agent)
        if agent is None:
            raise MessageError("unknown agent", request.agent)
        if isinstance(agent, Agent):
            return self._answer_call(agent, request)
        return self._plain(agent, request)

    def _plain(self, agent: PlainAgent, request: Request) -> Any:
        future = self._begin(agent.name, lambda: agent.answer(request.body, request.caller))
        try:
            return future.result(PLAIN_TIMEOUT)
        except TimeoutError:
            raise MessageError("timed out", f"{agent.name} ran longer than {PLAIN_TIMEOUT} s") from None
        except Exception as error:
            raise MessageError("action failed", f"{agent.name}: {type(error).__name__}: {error}") from error

    def _answer_call(self, agent: Agent, request: Request) -> Any:
        call = read_call(request.body)
        if (call.agent, call.caller) != (request.agent, request.caller):
            raise MessageError("tampered", "agent or caller is not the one that was signed")
        result = self._perform(agent, request, call)
        return result_body(result) if call.process_results else None

    def _perform(self, agent: Agent, request: Request, call: Call) -> Result:
        ddl = agent.ddl
        problem = ddl.validate(call.action, call.data)
        if problem is not None:
            return Result(INVALID_DATA, problem, ddl.defaults(call.action))
        if not self._is_authorized(call):
            return Result(ABORTED, DENIED, ddl.defaults(call.action))
        self._audit.tell(request, call, self._clock())
        inputs = ddl.inputs(call.action, call.data)
        future = self._begin(f"{call.agent}-{call.action}", lambda: agent.call(call.action, inputs, call.caller))
        return self._outcome(future, agent, call)

    def _is_authorized(self, call: Call) -> bool:
        decision = authorize(self._settings.policies, call.agent, call.caller, call.action, self._node)
        if decision.is_broken:
            self._log.say("broken policy", decision.why)
        elif not decision.allowed:
            self._log.say("not authorized", f"{call.caller} {call.agent} {call.action}: {decision.why}")
        return decision.allowed

    def _begin(self, name: str, work: Callable[[], Answer]) -> "Future[Answer]":
        future: Future[Answer] = Future()

        def run() -> None:
            try:
                future.set_result(work())
            except Exception as error:  # noqa: BLE001 - whatever an agent raises is an answer
                future.set_exception(error)
            finally:
                self._room.release()

        if not self._room.acquire(blocking=False):
            raise MessageError("too busy", f"{MAX_ACTIONS} actions are running already")
        threading.Thread(target=run, name=f"mcollective-{name}", daemon=True).start()
        return future

    def _outcome(self, future: "Future[Any]", agent: Agent, call: Call) -> Result:
        ddl, limit = agent.ddl, agent.ddl.limit(call.action)
        try:
            error = future.exception(limit)
        except TimeoutError:
            raise MessageError("timed out", f"{ddl.agent} {call.action} ran longer than {limit} s") from None
        defaults = ddl.defaults(call.action)
        if error is None:
            told = future.result()
            return Result(OK, "OK", defaults | dict(told) if isinstance(told, Mapping) else told)
        if isinstance(error, Abort):
            return Result(error.status, str(error), defaults)
        self._log.say("action failed", f"{ddl.agent} {call.action}: {type(error).__name__}: {error}")
        return Result(UNKNOWN_ERROR, str(error), defaults)

    def _seal(self, request: Request, body: Any) -> bytes:
        reply = Reply(request.agent, body, self._settings.identity, request.request_id, int(self._clock()))
        try:
            sealed = self.security.seal(reply)
        except EncodeError as error:
            raise MessageError("unspeakable", f"the wire has no form for what {request.agent} says: {error}") from None
        self.statistics.count("replies")
        return sealed
