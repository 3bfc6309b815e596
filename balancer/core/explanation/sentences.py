"""The statements of a rule file, each in one English sentence.

Rule: whole for the whole grammar; sets, tests and sums are told by `dsl.phrases`, as everywhere.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from dsl.phrases import bared, keys, label, phrase, plain_number, set_phrase
from dsl.ruleset import Ruleset
from dsl.syntax import Choice, Drain, Gate, Hours, Keep, Never, Rule, Set, Statement


@dataclass(frozen=True, slots=True)
class Sentence:
    """One statement: its line, what it is, and what it does in one sentence."""

    line: int
    statement: str
    told: str


def span_told(hours: Hours) -> str:
    """Days, hours and zone."""
    return f"{hours.days} {hours.hours} {hours.zone}"


def sentences(rules: Ruleset) -> Iterator[Sentence]:
    """Each statement that wants or forbids something, in file order."""
    every: tuple[Statement, ...] = (
        *rules.rules, *rules.drains, *rules.keeps, *rules.nevers, *rules.prefers, *rules.avoids,
    )  # fmt: skip
    for each in sorted(every, key=lambda statement: statement.span.line):
        yield Sentence(each.span.line, type(each).__name__.lower(), _TOLD[type(each)](each))


def _rule(rule: Rule) -> str:
    hold = f" for {rule.when.hold.text}" if rule.when.hold is not None else ""
    now = f", and while {phrase(rule.when.now)}" if rule.when.now is not None else ""
    until = f"until {phrase(rule.until)}" if rule.until is not None else "one VM a round"
    vm, host = _chosen(bared(rule.move, "vm")), _chosen(bared(rule.to, "host"))
    return f"when {phrase(rule.when.held)}{hold}{now}, move the VM with {vm} to the host with {host}: {until}"


def _chosen(choice: Choice) -> str:
    return f"{keys(choice.by)}{gates_told(' where', choice.where).rstrip(', ')}"


def gates_told(word: str, gates: tuple[Gate, ...]) -> str:
    """The gates behind a word, and a comma; empty where there is none."""
    if not gates:
        return ""
    tests = (f"{phrase(gate.test)}{f' ({label(gate)})' if label(gate) else ''}" for gate in gates)
    return f"{word} {' and '.join(tests)}, "


def set_told(of: Set | None) -> str:
    """A set in the words of its own noun; empty where there is none."""
    if of is None:
        return ""
    return set_phrase(of)


def _drain(drain: Drain) -> str:
    return f"empty {set_told(drain.hosts)} and put nothing there"


def _keep(keep: Keep) -> str:
    told = _NEIGHBOURS[keep.relation.how](set_told(keep.vms), keep.relation)
    return told if keep.hard else f"better: {told} (cost {_cost(keep.cost)} for each that is not so)"


_NEIGHBOURS: Final[Mapping[str, Callable[[str, Any], str]]] = MappingProxyType({
    "apart": lambda vms, _: f"never two of {vms} on one host",
    "apart_from": lambda vms, its: f"no host has both of {vms} and of {set_told(its.other)}",
    "together": lambda vms, _: f"all of {vms} on one host",
    "with": lambda vms, its: f"each of {vms} has one of {set_told(its.other)} on its host",
    "on": lambda vms, its: f"{vms} only on {set_told(its.other)}",
    "at_most": lambda vms, its: f"at most {its.count} of {vms} on each {its.per}",
})  # fmt: skip


def _never(never: Never) -> str:
    source = f" from {set_told(never.source)}" if never.source else ""
    target = f" to {set_told(never.target)}" if never.target else ""
    during = f" during {span_told(never.during)}" if never.during else ""
    excepted = f", {', '.join(never.excepted)} excepted" if never.excepted else ""
    journey = f"{set_told(never.vms)}{source}{target}{during}{excepted}"
    if never.hard:
        return f"never move {journey}"
    return f"only where nothing cheaper helps, move {journey} (cost {_cost(never.cost)} for each move)"


def _cost(cost: float | None) -> str:
    """Who names none means one."""
    return plain_number(1.0 if cost is None else cost)


_TOLD: Final[Mapping[type, Callable[[Any], str]]] = MappingProxyType({
    Rule: _rule, Drain: _drain, Keep: _keep, Never: _never,
})  # fmt: skip
