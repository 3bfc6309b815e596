"""What is chosen by name: modes, dialects, outputs."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TextIO

from agents.mcollective.client import Client
from balancer.adapters.classic import Classic
from balancer.adapters.classic_farm import ClassicFarm
from balancer.adapters.connections import connections
from balancer.adapters.discovery import Found, nobody
from balancer.adapters.mcollective_farm import McollectiveFarm
from balancer.adapters.rehearsal import MODE as DRY_RUN
from balancer.adapters.rehearsal import Rehearsal
from balancer.adapters.rounds import RoundLines
from balancer.adapters.terminal import Terminal
from balancer.config import Configuration
from balancer.core.doctor.checkup import Check, of_libvirt
from balancer.core.model import Discovered
from balancer.ports import Farm, Journal
from dsl.ruleset import Ruleset

MODES: Final[Mapping[str, Callable[[Farm], Farm]]] = MappingProxyType({
    "active": lambda farm: farm,
    DRY_RUN: Rehearsal,
})  # fmt: skip
"""What each mode of the daemon makes of the farm."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a farm needs: a client, what is configured, the time, the hosts found before and those found from now on."""

    client: Client
    configuration: Configuration
    clock: Callable[[], float]
    discovered: tuple[Discovered, ...] = ()
    found: Found = nobody


DIALECTS: Final[Mapping[str, Callable[[Reach], Farm]]] = MappingProxyType({
    "modern": lambda its: McollectiveFarm(its.client, its.configuration, its.clock, its.discovered, its.found),
    "classic": lambda its: ClassicFarm(its.client, its.configuration, its.clock),
})  # fmt: skip
"""What speaks to agents of each dialect."""


def _ways(client: Client, configuration: Configuration, hosts: Sequence[str]) -> Check:
    return of_libvirt(connections(client, configuration, hosts), hosts)


def _no_ways(_client: Client, _configuration: Configuration, _hosts: Sequence[str]) -> Check:
    return Check("libvirt", "the agent of 2010 cannot be asked whom it reaches")


WAYS: Final[Mapping[str, Callable[[Client, Configuration, Sequence[str]], Check]]] = MappingProxyType({
    "modern": _ways,
    "classic": _no_ways,
})  # fmt: skip
"""How agents of each dialect are asked whom they reach."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What an output may have to know: where each host is reached, and the rules in force."""

    addresses: Mapping[str, str]
    rules: Callable[[], Ruleset]


def _terminal(stack: ExitStack, stream: TextIO, _telling: Telling) -> Journal:
    return stack.enter_context(Terminal(stream))


def _json(stack: ExitStack, stream: TextIO, _telling: Telling) -> Journal:
    lines = RoundLines(stream)
    stack.callback(lines.close)
    return lines


def _classic(_stack: ExitStack, stream: TextIO, telling: Telling) -> Journal:
    return Classic(stream, telling.addresses, telling.rules)


OUTPUTS: Final[Mapping[str, Callable[[ExitStack, TextIO, Telling], Journal]]] = MappingProxyType({
    "text": _terminal,
    "json": _json,
    "classic": _classic,
})  # fmt: skip
"""How rounds are told on a stream."""
