"""Is a request for this host? MCollective's filters, as a Ruby server reads them and as its clients write them.

Rule: every criterion passes, and at least one is there; only the filter that asks for nothing at all needs none. What
is not understood does not match, and a filter costs a bounded time whatever it holds.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from agents.mcollective.node import Node
from agents.mcollective.selection.compound import evaluate, from_stack, parse, to_stack
from agents.mcollective.selection.matching import compare, is_regexp, is_text, named, not_understood
from agents.mcollective.serializers import Symbol

ALWAYS: Final = "mcollective"
"""The agent that every host has."""
MAX_ENTRIES: Final = 100
"""Of each criterion; names of hosts may be more."""
MAX_COMPOUNDS: Final = 5

_ASKS_FOR_NOTHING: Final[Mapping[str, Any]] = {"fact": [], "cf_class": [], "agent": [], "identity": [], "compound": []}


def empty_filter(agent: str) -> dict[str, Any]:
    """The filter for every host that has the agent."""
    return filter_for(agent)


def identity_filter(agent: str, hosts: Sequence[str]) -> dict[str, Any]:
    """The filter for these hosts alone."""
    return filter_for(agent, identities=hosts)


def filter_for(  # noqa: PLR0913 - mco has as many options
    agent: str,
    *,
    identities: Iterable[str] = (),
    classes: Iterable[str] = (),
    facts: Iterable[Mapping[Symbol, str]] = (),
    combined: Iterable[str] = (),
    compound: str | None = None,
) -> dict[str, Any]:
    """The filter as mco's options -I, -C, -F (see `parse_fact`), -W and -S make it; CompoundError where -S is none.

    `combined` are words with spaces between: what is a fact is one, what is none is a class.
    """
    mixed = {word: _fact(word) for text in combined for word in text.split()}
    return {
        "fact": [*facts, *(fact for fact in mixed.values() if fact is not None)],
        "cf_class": [*classes, *(word for word, fact in mixed.items() if fact is None)],
        "agent": [agent],
        "identity": list(identities),
        "compound": [] if compound is None else [to_stack(parse(compound))],
    }


def parse_fact(text: str) -> dict[Symbol, str]:
    """What follows `mco -F` (`country=de`, `country=/^d/`, `cpus>=4`) as the wire has it; MessageError else."""
    advice = "write fact=value, fact=/expression/ or fact>=number"
    return _fact(text) or not_understood(f"“{text}” is no fact filter; {advice}")


def _fact(text: str) -> dict[Symbol, str] | None:
    for form, operator in _FACT_FORMS:
        if found := form.match(text):
            fact = {"fact": found["fact"], "value": found["value"], "operator": operator or found["operator"]}
            return {Symbol(name): value for name, value in fact.items()}
    return None


_FACT_FORMS: Final = (
    (re.compile(r"(?P<fact>[^ ]+?) *=> *(?P<value>.+)"), ">="),
    (re.compile(r"(?P<fact>[^ ]+?) *=< *(?P<value>.+)"), "<="),
    (re.compile(r"(?P<fact>[^ ]+?) *(?P<operator><=|>=|<|>|!=|==|=~) *(?P<value>.+)"), None),
    (re.compile(r"(?P<fact>.+?) *= *(?P<value>/.+/)$"), "=~"),
    (re.compile(r"(?P<fact>[^= ]+?) *= *(?P<value>.+)"), "=="),
)


def matches(wanted: Mapping[str, Any], node: Node) -> bool:
    """The request is for this host; MessageError where what decides is not understood, unknown keys decide nothing."""
    passed = wanted in ({}, _ASKS_FOR_NOTHING)
    for name, entries in wanted.items():
        for verdict in _verdicts(name, entries, node):
            if not verdict:
                return False
            passed = True
    return passed


def _verdicts(name: Any, entries: Any, node: Node) -> Iterator[bool]:
    criterion = _CRITERIA.get(_kind(name))
    if criterion is None:
        return iter(())
    if not isinstance(entries, list):
        not_understood(f"{name} should be a list")
    return criterion(entries, node) if entries else iter(())


def _kind(name: Any) -> str | None:
    if isinstance(name, str) and ("cf_class" in name or "puppet_class" in name):
        return "cf_class"
    return name if is_text(name) else None


def _agents(entries: list[Any], node: Node) -> Iterator[bool]:
    return (entry == ALWAYS or named(entry, node.agents) for entry in _words(entries))


def _classes(entries: list[Any], node: Node) -> Iterator[bool]:
    classes = node.classes()
    return (named(entry, classes) for entry in _words(entries))


def _identities(entries: list[Any], node: Node) -> Iterator[bool]:
    """One of them, and not two: Ruby wants exactly one that matches."""
    if not all(map(is_text, entries)):
        not_understood("names are strings")
    regexps = _few([entry for entry in entries if is_regexp(entry)])
    found = entries.count(node.identity) + sum(named(entry, (node.identity,)) for entry in regexps)
    return iter((found == 1,))


def _facts(entries: list[Any], node: Node) -> Iterator[bool]:
    facts = node.facts()
    return (_is_true_of(entry, facts) for entry in _few(entries))


def _is_true_of(entry: Any, facts: Mapping[str, Any]) -> bool:
    if not isinstance(entry, dict) or not is_text(entry.get(_FACT)):
        not_understood("a fact is {:fact, :value, :operator}")
    return compare(entry.get(_OPERATOR), facts.get(entry[_FACT]), entry.get(_VALUE))


def _compounds(entries: list[Any], node: Node) -> Iterator[bool]:
    return (evaluate(from_stack(entry), node) for entry in _few(entries, MAX_COMPOUNDS))


def _words(entries: list[Any]) -> list[str]:
    return _few(entries) if all(map(is_text, entries)) else not_understood("names are strings")


def _few(entries: list[Any], limit: int = MAX_ENTRIES) -> list[Any]:
    return entries if len(entries) <= limit else not_understood(f"more than {limit} of a kind")


_FACT, _VALUE, _OPERATOR = Symbol("fact"), Symbol("value"), Symbol("operator")
_CRITERIA: Final[Mapping[str | None, Callable[[list[Any], Node], Iterator[bool]]]] = MappingProxyType({
    "fact": _facts,
    "cf_class": _classes,
    "agent": _agents,
    "identity": _identities,
    "compound": _compounds,
})  # fmt: skip
