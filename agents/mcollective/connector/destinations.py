"""Where a message goes and with which headers: one class for each of MCollective's connectors, and their table.

Rule: pure; destinations and headers are those of MCollective's own connector plugins, to the letter. Where a reply may
be sent is decided here too, because nobody signs the header that asks for it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol

from agents.mcollective.settings import ConnectorName, Settings

GRACE: Final = 10
"""Seconds that a message outlives its ttl on the broker."""

_NAME: Final = r"[A-Za-z0-9_.-]{1,500}"
"""What reply queues are called: no comma, wildcard or option, with which ActiveMQ would send elsewhere too."""


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
class ReplyPlace:
    """Where a caller wants its replies; `subscriptions` come before the first request that names it."""

    reply_to: str
    subscriptions: tuple[Subscription, ...] = ()


class Fabric(Protocol):
    """MCollective's words for one kind of broker; a `life` is now and the ttl, in whole s since the epoch and in s."""

    @property
    def vhost(self) -> str:
        """What the broker is told to be when the connection is made."""

    def server_subscriptions(self, agents: Iterable[str], *, directed: bool) -> tuple[Subscription, ...]:
        """What a host listens to in all its collectives; each id belongs to one destination for good."""

    def replies(self, process: int, sequence: int) -> ReplyPlace:
        """A place of one connection's own: `sequence` differs for each connection of the process."""

    def request(  # noqa: PLR0913, PLR0917 - what a request's way consists of
        self, collective: str, agent: str, host: str | None, reply_to: str, life: tuple[int, int], body: bytes
    ) -> Outgoing:
        """A request to one host, or to all that have the agent where `host` is None."""

    def reply(self, reply_to: str, life: tuple[int, int], body: bytes) -> Outgoing:
        """A reply to where its request wants it."""

    def takes_reply(self, destination: str) -> bool:
        """A reply may be sent there: it is where replies go, and nothing else."""


@dataclass(frozen=True, slots=True)
class ActiveMq:
    """MCollective's connector for ActiveMQ: hosts share one queue, each with a selector for itself."""

    settings: Settings

    @property
    def vhost(self) -> str:
        """MCollective's own word; the broker does not mind."""
        return self.settings.vhost or "mcollective"

    def server_subscriptions(self, agents: Iterable[str], *, directed: bool) -> tuple[Subscription, ...]:
        """A topic for each agent, and the queue of all hosts where `directed`."""
        own = self._own if directed else None
        return _listening(self.settings.all_collectives, agents, self._broadcast, own)

    def replies(self, process: int, sequence: int) -> ReplyPlace:
        """A queue, which is there once somebody listens or sends."""
        queue = f"/queue/{self.settings.collective}.reply.{self.settings.identity}_{process}.{sequence}"
        return ReplyPlace(queue, (Subscription(queue, queue),))

    def request(  # noqa: PLR0913, PLR0917 - what a request's way consists of
        self, collective: str, agent: str, host: str | None, reply_to: str, life: tuple[int, int], body: bytes
    ) -> Outgoing:
        """To the agent's topic, or to the queue of all hosts with the one meant in a header."""
        destination = self._broadcast(collective, agent).destination if host is None else self._directed(collective)
        addressed = {} if host is None else {"mc_identity": host}
        return Outgoing(destination, self._headers(life) | {"reply-to": reply_to} | addressed, body)

    def reply(self, reply_to: str, life: tuple[int, int], body: bytes) -> Outgoing:
        """To the queue that the request names."""
        return Outgoing(reply_to, self._headers(life), body)

    def takes_reply(self, destination: str) -> bool:
        """The reply queues of this host's collectives."""
        names = "|".join(map(re.escape, self.settings.all_collectives))
        return re.fullmatch(rf"/queue/(?:{names})\.reply\.{_NAME}", destination) is not None

    def _broadcast(self, collective: str, agent: str) -> Subscription:
        name = "agents" if self.settings.agents_multiplex else f"{agent}.agent"
        return Subscription(f"/topic/{collective}.{name}", f"/topic/{collective}.{name}")

    def _own(self, collective: str) -> Subscription:
        selector = {"selector": f"mc_identity = '{self.settings.identity}'"}
        return Subscription(f"{collective}_directed_to_identity", self._directed(collective), selector)

    def _directed(self, collective: str) -> str:
        return f"/queue/{collective}.nodes"

    def _headers(self, life: tuple[int, int]) -> dict[str, str]:
        now, ttl = life
        priority = {"priority": str(self.settings.priority)} if self.settings.priority else {}
        return priority | {
            "timestamp": str(now * 1000),
            "expires": str((now + ttl + GRACE) * 1000),
            "mc_sender": self.settings.identity,
        }


@dataclass(frozen=True, slots=True)
class RabbitMq:
    """MCollective's connector for RabbitMQ: exchanges, which somebody must have declared before.

    A host that is not there when a request is directed to it never gets it. RabbitMQ's connector has no priority.
    """

    settings: Settings

    @property
    def vhost(self) -> str:
        """The part of the broker in which the exchanges are."""
        return self.settings.vhost or "/"

    def server_subscriptions(self, agents: Iterable[str], *, directed: bool) -> tuple[Subscription, ...]:
        """The broadcast exchange with each agent's key, and the directed one with the host's where `directed`."""
        own = self._own if directed else None
        return _listening(self.settings.all_collectives, agents, self._broadcast, own)

    def replies(self, process: int, sequence: int) -> ReplyPlace:
        """A queue that the broker makes and names for this connection, or a key of the reply exchange."""
        if not self.settings.reply_exchange:
            return ReplyPlace("/temp-queue/mcollective_reply")
        key = f"/exchange/mcollective_reply/{self.settings.identity}_{process}_{sequence}"
        return ReplyPlace(key, (Subscription("mcollective_replies", key),))

    def request(  # noqa: PLR0913, PLR0917 - what a request's way consists of
        self, collective: str, agent: str, host: str | None, reply_to: str, life: tuple[int, int], body: bytes
    ) -> Outgoing:
        """To the agent's key of the broadcast exchange, or to the host's key of the directed one."""
        to = self._broadcast(collective, agent) if host is None else self._directed(collective, host)
        return Outgoing(to.destination, self._headers(life) | {"reply-to": reply_to}, body)

    def reply(self, reply_to: str, life: tuple[int, int], body: bytes) -> Outgoing:
        """To what the broker has put in the place of the caller's temporary queue, or to its key."""
        return Outgoing(reply_to, self._headers(life), body)

    def takes_reply(self, destination: str) -> bool:
        """Queues that the broker itself has named, and keys of the reply exchange."""
        return (
            re.fullmatch(rf"/reply-queue/amq\.gen-{_NAME}|/exchange/mcollective_reply/{_NAME}", destination) is not None
        )

    def _broadcast(self, collective: str, agent: str) -> Subscription:
        exchange = f"{collective}_broadcast"
        if self.settings.agents_multiplex:
            return Subscription(exchange, f"/exchange/{exchange}")
        return Subscription(f"{exchange}_{agent}", f"/exchange/{exchange}/{agent}")

    def _own(self, collective: str) -> Subscription:
        return self._directed(collective, self.settings.identity)

    def _directed(self, collective: str, host: str) -> Subscription:
        return Subscription(f"{collective}_{host}_directed_to_identity", f"/exchange/{collective}_directed/{host}")

    def _headers(self, life: tuple[int, int]) -> dict[str, str]:
        return {"expiration": str((life[1] + GRACE) * 1000), "mc_sender": self.settings.identity}


def _listening(
    collectives: Iterable[str],
    agents: Iterable[str],
    broadcast: Callable[[str, str], Subscription],
    own: Callable[[str], Subscription] | None,
) -> tuple[Subscription, ...]:
    names = tuple(agents)
    found = [
        one
        for collective in collectives
        for one in (*(broadcast(collective, name) for name in names), *([own(collective)] if own else ()))
    ]
    return tuple({one.id: one for one in found}.values())


FABRICS: Final[Mapping[ConnectorName, Callable[[Settings], Fabric]]] = MappingProxyType(
    {"activemq": ActiveMq, "rabbitmq": RabbitMq}
)


def fabric(settings: Settings) -> Fabric:
    """The destinations of the configured connector."""
    return FABRICS[settings.connector](settings)
