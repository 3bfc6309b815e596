"""Is a request new? MCollective believes a caller's ttl and keeps no memory; this is the memory and the bounds.

Rule: a request is taken once, within its ttl, and neither ttl nor clock may claim more than the settings allow. When
the memory is full of requests that are still alive, nothing is taken until some have died.
"""

import heapq
from dataclasses import dataclass, field

from agents.mcollective.errors import MessageError
from agents.mcollective.message import Request

Seen = tuple[str, str, bytes]


@dataclass(slots=True)
class Freshness:
    """`max_ttl`, `max_ahead`: s; `max_remembered`: requests."""

    max_ttl: float
    max_ahead: float
    max_remembered: int
    _seen: set[Seen] = field(default_factory=set)
    _deaths: list[tuple[float, Seen]] = field(default_factory=list)

    def admit(self, request: Request, now: float) -> None:
        """Remember a verified request; MessageError where it is too old, of the future, or was here before."""
        self._check_time(request, now)
        self._forget(now)
        seen = request.caller, request.request_id, request.signature
        if seen in self._seen:
            raise MessageError("replayed", f"request {request.request_id} of {request.caller} was here before")
        if len(self._seen) >= self.max_remembered:
            raise MessageError("too many", f"{self.max_remembered} requests are remembered already")
        self._seen.add(seen)
        heapq.heappush(self._deaths, (request.time + request.ttl, seen))

    def _check_time(self, request: Request, now: float) -> None:
        if request.ttl > self.max_ttl:
            raise MessageError("ttl too long", f"{request.ttl} s, at most {self.max_ttl:g} s")
        if request.time - now > self.max_ahead:
            raise MessageError("from the future", f"{request.time - now:.0f} s ahead; are the clocks in step?")
        if now - request.time > request.ttl:
            raise MessageError("expired", f"{now - request.time:.0f} s old, its ttl is {request.ttl} s")

    def _forget(self, now: float) -> None:
        while self._deaths and self._deaths[0][0] < now:
            self._seen.discard(heapq.heappop(self._deaths)[1])
