"""What a server says of itself unasked, to whoever hosts the agent `registration`.

Rule: a request like any other, signed by the host; nobody answers it.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

from agents.mcollective.message import Request
from agents.mcollective.node import Node
from agents.mcollective.selection.filters import empty_filter
from agents.mcollective.serializers import Symbol
from agents.mcollective.settings import ServerSettings

AGENT: Final = "registration"
TTL: Final = 60


def _agents(node: Node) -> list[str]:
    return list(node.agents)


def _meta(node: Node) -> dict[Symbol, Any]:
    return {
        Symbol("agentlist"): _agents(node),
        Symbol("facts"): dict(node.facts()),
        Symbol("classes"): list(node.classes()),
        Symbol("collectives"): list(node.collectives),
        Symbol("identity"): node.identity,
    }


_CONTENTS: Final[Mapping[Literal["agentlist", "meta"], Callable[[Node], Any]]] = MappingProxyType({
    "agentlist": _agents,
    "meta": _meta,
})  # fmt: skip


def request(settings: ServerSettings, node: Node, request_id: str, now: int) -> Request:
    """The registration of this moment; the caller is named by whoever signs it."""
    wanted = settings.registration.collective
    return Request(
        agent=AGENT,
        body=_CONTENTS[settings.registration.content](node),
        sender=settings.identity,
        request_id=request_id,
        caller="",
        collective=wanted if wanted in settings.all_collectives and wanted else settings.collective,
        filter=empty_filter(AGENT),
        ttl=TTL,
        time=now,
    )
