"""`control`: daemons everywhere, over the wire: their statistics, and their agents loaded anew.

Rule: MCollective 0.4.4's `mc-controller` in its words and its lines, over an agent whose policy says who may. Its word
`stats` asks for the action `daemon_stats`.
"""

import argparse
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from agents.commands.arguments import add_client_config, client_settings
from agents.commands.words import NOBODY, of_dropped
from agents.mcollective.client import Client, Replies
from agents.mcollective.logs import printable
from agents.mcollective.message import OK, Result
from agents.mcollective.selection.filters import filter_for, parse_fact

HELP: Final = "ask daemons for their statistics, or to load their agents anew"
AGENT: Final = "controller"
TIMEOUT: Final = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    add_client_config(parser)
    parser.add_argument("-I", "--identity", action="append", default=[], metavar="HOST", help="this host (repeatable)")
    parser.add_argument("-C", "--class", dest="classes", action="append", default=[], metavar="CLASS")
    parser.add_argument("-F", "--fact", dest="facts", action="append", default=[], metavar="FACT=VALUE")
    parser.add_argument("-W", dest="combined", action="append", default=[], metavar="WORDS", help="classes and facts")
    parser.add_argument("--discovery-timeout", type=float, default=2.0, metavar="S", help="default: 2")
    parser.add_argument("action", choices=[*_WORDS])
    parser.add_argument("agent", nargs="?", help="with reload_agent: which")


def run(options: argparse.Namespace) -> int:
    """Ask, and tell each answer in a line; 1 where a host refused or failed or did not answer."""
    data = {"agent": options.agent} if options.action == "reload_agent" else {}
    wanted = filter_for(
        AGENT,
        identities=options.identity,
        classes=options.classes,
        facts=map(parse_fact, options.facts),
        combined=options.combined,
    )
    with closing(Client(client_settings(options.config))) as client:
        client.connect()
        hosts = client.discover(wanted, options.discovery_timeout)
        replies = client.call(AGENT, _WORDS[options.action].action, data, hosts, TIMEOUT)
    for host in hosts:
        sys.stdout.write(f"{host:>30}> {_told(options.action, replies.by_host.get(host))}\n")
    for trouble in _troubles(hosts, replies):
        sys.stderr.write(f"xen-balancer-agent: {trouble}\n")
    return 0 if hosts and all(_is_good(replies.by_host.get(host)) for host in hosts) else 1


def _troubles(hosts: Collection[str], replies: Replies) -> Iterator[str]:
    if not hosts:
        yield NOBODY
    if replies.refused:
        yield of_dropped(replies.refused)


def _is_good(result: Result | None) -> bool:
    return result is not None and result.status == OK


def _told(action: str, result: Result | None) -> str:
    if result is None:
        return "no answer"
    if result.status != OK:
        return printable(result.text)
    return printable(_WORDS[action].told(result.data))


def _stats(data: Mapping[str, Any]) -> str:
    stats = {str(name): value for name, value in data["stats"].items()}
    return (
        "total={total} replies={replies} valid={validated} invalid={unvalidated} filtered={filtered} passed={passed}"
    ).format_map(stats)


def _message(data: Mapping[str, Any]) -> str:
    return str(data["message"])


@dataclass(frozen=True, slots=True)
class _Word:
    """What a word of the command line asks for, and how the answer is told."""

    action: str
    told: Callable[[Mapping[str, Any]], str]


_WORDS: Final[Mapping[str, _Word]] = MappingProxyType({
    "stats": _Word("daemon_stats", _stats),
    "reload_agent": _Word("reload_agent", _message),
    "reload_agents": _Word("reload_agents", _message),
})  # fmt: skip
