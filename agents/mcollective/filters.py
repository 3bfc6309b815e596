"""Is a request for this host? Filters by agent and by identity, as MCollective reads them.

Rule: what is not understood does not match. Facts, classes, compound filters and regular expressions are not understood
yet; a request that has them is for others.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from agents.mcollective.errors import MessageError

ALWAYS: Final = "mcollective"
"""The agent that every host has."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a filter is held against."""

    identity: str
    agents: Collection[str]


def empty_filter(agent: str) -> dict[str, Any]:
    """The filter for every host that has the agent."""
    return {"fact": [], "cf_class": [], "agent": [agent], "identity": [], "compound": []}


def identity_filter(agent: str, hosts: Sequence[str]) -> dict[str, Any]:
    """The filter for these hosts alone."""
    return empty_filter(agent) | {"identity": list(hosts)}


def matches(wanted: Mapping[str, Any], place: Place) -> bool:
    """Every criterion passes, an empty one always, an unknown key too; MessageError where one is not understood."""
    return all(_passes(name, criterion, place) for name, criterion in wanted.items() if name in _CRITERIA)


def _passes(name: str, criterion: Any, place: Place) -> bool:
    if not isinstance(criterion, list):
        raise MessageError("filter not understood", f"{name} should be a list")
    return not criterion or _CRITERIA[name](name, criterion, place)


def _agent(name: str, criterion: list[Any], place: Place) -> bool:
    return all(entry == ALWAYS or entry in place.agents for entry in _words(name, criterion))


def _identity(name: str, criterion: list[Any], place: Place) -> bool:
    return place.identity in _words(name, criterion)


def _words(name: str, criterion: list[Any]) -> list[str]:
    if not all(isinstance(entry, str) and not entry.startswith("/") for entry in criterion):
        raise MessageError("filter not understood", f"{name} filters by exact names only")
    return criterion


def _not_understood(name: str, _criterion: list[Any], _place: Place) -> bool:
    raise MessageError("filter not understood", f"{name} filters are not known here")


_CRITERIA: Final[Mapping[str, Callable[[str, list[Any], Place], bool]]] = MappingProxyType({
    "agent": _agent,
    "identity": _identity,
    "fact": _not_understood,
    "cf_class": _not_understood,
    "puppet_class": _not_understood,
    "compound": _not_understood,
})  # fmt: skip
