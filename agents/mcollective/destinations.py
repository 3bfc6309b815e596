"""Where a message goes and with which headers, on each kind of broker: one class for each, ActiveMQ so far.

Rule: pure; destinations and headers are those of MCollective's own connector plugins, to the letter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

GRACE: Final = 10
"""Seconds that a message outlives its ttl on the broker."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One destination to listen on; `headers` beyond destination and id."""

    id: str
    destination: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One SEND."""

    destination: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ActiveMq:
    """MCollective's connector for ActiveMQ, of one collective and one identity; times in whole s since the epoch."""

    collective: str
    identity: str

    def broadcast(self, agent: str) -> str:
        """Every host that has the agent listens there."""
        return f"/topic/{self.collective}.{agent}.agent"

    @property
    def directed(self) -> str:
        """All hosts listen there, each with a selector for its own identity."""
        return f"/queue/{self.collective}.nodes"

    def reply_queue(self, process: int, sequence: int) -> str:
        """A queue of one connection's own; `sequence` differs for each connection of the process."""
        return f"/queue/{self.collective}.reply.{self.identity}_{process}.{sequence}"

    def is_reply_queue(self, destination: str) -> bool:
        """A reply may be sent there; the header that names it is not signed."""
        return destination.startswith(f"/queue/{self.collective}.reply.")

    def server_subscriptions(self, agents: Iterable[str], *, directed: bool) -> tuple[Subscription, ...]:
        """What a host listens to; `directed` only on brokers that know selectors."""
        broadcasts = (Subscription(f"{self.collective}_{agent}", self.broadcast(agent)) for agent in agents)
        own = Subscription(
            f"{self.collective}_directed_to_identity", self.directed, {"selector": f"mc_identity = '{self.identity}'"}
        )
        return (*broadcasts, own) if directed else tuple(broadcasts)

    def request(self, agent: str, host: str | None, reply_to: str, life: tuple[int, int], body: bytes) -> Outgoing:
        """A request to one host, or to all that have the agent where `host` is None; `life` is now and the ttl."""
        addressed = {} if host is None else {"mc_identity": host}
        destination = self.broadcast(agent) if host is None else self.directed
        return Outgoing(destination, self._headers(life) | {"reply-to": reply_to} | addressed, body)

    def reply(self, reply_to: str, life: tuple[int, int], body: bytes) -> Outgoing:
        """A reply to where its request wants it."""
        return Outgoing(reply_to, self._headers(life), body)

    def _headers(self, life: tuple[int, int]) -> dict[str, str]:
        now, ttl = life
        return {
            "timestamp": str(now * 1000),
            "expires": str((now + ttl + GRACE) * 1000),
            "mc_sender": self.identity,
        }
