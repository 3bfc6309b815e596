"""Which statements of a rule file the tests put to use, and which clauses they saw both true and false.

Rule: read off what the planner decided (its moves, refusals, broken walls, streaks and engagements), not evaluated a
second time. A statement is used when it caused or refused something, or asked in vain; a clause is covered when it was
seen both ways.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

from balancer.core.assessment import is_reached
from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets
from balancer.core.model import Decision, Rejection
from balancer.core.trials.meanings import Who
from balancer.core.trials.record import Record
from dsl.ruleset import Ruleset
from dsl.syntax import Balance, Cap, Drain, Every, Freeze, Gate, Let, Limit, Pack, Rule, Span, Statement, Window

USED: Final = "used"
TRUE: Final = "true"
FALSE: Final = "false"

_SETTINGS: Final = (Every, Let)
"""Statements that decide nothing by themselves."""


@dataclass(frozen=True, slots=True)
class Spot:
    """What is to be covered: a statement or a clause, by place and name, and the ways in which it shall be seen."""

    line: int
    name: str
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often each spot of a file was seen, by way."""

    file: str
    seen: Mapping[Spot, Mapping[str, int]]

    @property
    def percent(self) -> float:
        """The share of all ways of all spots that were seen, 0-100; a file with nothing to cover is covered."""
        ways = [count > 0 for counted in self.seen.values() for count in counted.values()]
        return 100.0 * sum(ways) / len(ways) if ways else 100.0

    def __add__(self, other: Self) -> "Coverage":
        both = {
            spot: {way: count + other.seen[spot][way] for way, count in counted.items()}
            for spot, counted in self.seen.items()
        }
        return Coverage(self.file, both)


def cover(rules: Ruleset, statements: Iterable[Statement], record: Record) -> Coverage:
    """What one play saw of the file."""
    told = tuple(statements)
    seen: Counter[tuple[Spot, str]] = Counter()
    for statement in told:
        if not isinstance(statement, (*_SETTINGS, Rule)):
            for spot in _spots(statement):
                seen[spot, USED] += _uses(statement, spot, record, rules)
        if isinstance(statement, Pack):
            for spot, way, count in _of_gates(statement.where, _moves_of(statement, record), record):
                seen[spot, way] += count
    for rule in rules.rules:
        for spot, way, count in _of_rule(rule, record):
            seen[spot, way] += count
    spots = [spot for statement in told for spot in _spots(statement)]
    return Coverage(rules.file, {spot: {way: seen[spot, way] for way in spot.ways} for spot in spots})


# -- what there is to cover -------------------------------------------------------------------------------------------


def _spots(statement: Statement) -> Iterator[Spot]:
    match statement:
        case Every() | Let():
            return
        case Rule(name=name, move=move, to=to):
            yield Spot(statement.span.line, f"rule {name}", (USED,))
            yield _when(statement)
            yield from (_gate(gate) for choice in (move, to) for gate in choice.where)
            if statement.until is not None:
                yield _until(statement)
        case Pack(where=where):
            yield Spot(statement.span.line, _title(statement), (USED,))
            yield from map(_gate, where)
        case Limit(caps=caps):
            yield from (Spot(cap.span.line, f"limit {_cap_told(cap)}", (USED,)) for cap in caps)
        case _:
            yield Spot(statement.span.line, _title(statement), (USED,))


def _title(statement: Statement) -> str:
    return str(getattr(statement, "text", type(statement).__name__.lower()))


def _when(rule: Rule) -> Spot:
    return Spot(rule.when.span.line, f"when of {rule.name}", (TRUE, FALSE))


def _gate(gate: Gate) -> Spot:
    return Spot(gate.span.line, f"where {gate.label}", (TRUE, FALSE))


def _until(rule: Rule) -> Spot:
    assert rule.until is not None
    return Spot(rule.until.span.line, f"until of {rule.name}", (TRUE, FALSE))


# -- what was seen ----------------------------------------------------------------------------------------------------


def _uses(statement: Statement, spot: Spot, record: Record, rules: Ruleset) -> int:
    """How often a statement that is no rule decided something."""
    match statement:
        case Limit(caps=caps):
            return sum(_limits(cap, record) for cap in caps if _cap_told(cap) == spot.name.removeprefix("limit "))
        case Freeze():
            return sum(decision.plan.frozen_by == statement.span.line for decision in record.decisions)
        case Window():
            return sum(bool(decision.plan.waiting) for decision in record.decisions)
        case Drain():
            return sum(_by_line(statement, each) + _kept(statement, each, rules) for each in record.decisions)
        case Balance() | Pack():
            return sum(_by_line(statement, each) + _in_vain(statement, each) for each in record.decisions)
        case _:
            return sum(_by_line(statement, each) + _in_spite_of(spot, each) for each in record.decisions)


def _by_line(statement: Statement, decision: Decision) -> int:
    """Moves, refusals and broken walls that name a line of the statement."""
    plan = decision.plan
    named = [each.line for told in (plan.moves, plan.rejections, plan.unmended) for each in told]
    return sum(_is_within(line, statement.span) for line in named)


def _in_spite_of(wish: Spot, decision: Decision) -> int:
    """Moves that were made although this wish is against them: they name it in words."""
    return sum(f"despite {wish.name}" in move.why for move in decision.plan.moves)


def _kept(statement: Statement, decision: Decision, rules: Ruleset) -> int:
    """Refusals of VMs that were to leave a drained host."""
    projection = Projection(decision.observation, decision.state)
    who = Who(Sets.of(rules.lets, projection))
    drained = {host for each in rules.drains if each.span == statement.span for host in who.surely(each.hosts, "host")}
    there = {vm.name for vm in decision.observation.vms if vm.host in drained}
    return sum(each.rule == "drain" and each.vm in there for each in decision.plan.rejections)


def _in_vain(goal: Balance | Pack, decision: Decision) -> int:
    """Refusals of others to a goal: it asked."""
    asked = (each for each in decision.plan.rejections if not _is_within(each.line, goal.span))
    return sum(each.rule == type(goal).__name__.lower() for each in asked)


def _is_within(line: int | None, span: Span) -> bool:
    return line is not None and span.line <= line <= span.end_line


def _limits(cap: Cap, record: Record) -> int:
    """Moves that this budget let wait: those held by it and, at once or in a round, those planned for a later wave."""
    held = sum(each.why.startswith(f"limit {_cap_told(cap)}:") for each in record.held)
    later = [move for decision in record.decisions for move in decision.plan.moves if move.wave > 1]
    return held + (len(later) if cap.period in {None, "round"} else 0)


def _cap_told(cap: Cap) -> str:
    period = f"per {cap.period}" if cap.period else "at once"
    return f"{cap.count} {period}{f' per {cap.per}' if cap.per else ''}"


def _of_rule(rule: Rule, record: Record) -> Iterator[tuple[Spot, str, int]]:
    mine = [move for decision in record.decisions for move in decision.plan.moves if move.rule == rule.name]
    yield Spot(rule.span.line, f"rule {rule.name}", (USED,)), USED, len(mine)
    for decision in record.decisions:
        held, others = _troubled(rule, decision)
        yield _when(rule), TRUE, held
        yield _when(rule), FALSE, others
    yield from _of_gates((*rule.move.where, *rule.to.where), len(mine), record)
    if rule.until is not None:
        yield from ((_until(rule), way, count) for way, count in _relieved(rule, record))


def _moves_of(statement: Statement, record: Record) -> int:
    moves = [move for decision in record.decisions for move in decision.plan.moves]
    return sum(_is_within(move.line, statement.span) for move in moves)


def _of_gates(gates: Iterable[Gate], passed: int, record: Record) -> Iterator[tuple[Spot, str, int]]:
    """Whom each gate refused, and who passed it: whoever moved, and whoever a later one refused."""
    for gate in reversed(list(gates)):
        refused = [each for decision in record.decisions for each in decision.plan.rejections if _is_by(each, gate)]
        yield _gate(gate), FALSE, len(refused)
        yield _gate(gate), TRUE, passed
        passed += len(refused)


def _troubled(rule: Rule, decision: Decision) -> tuple[int, int]:
    """Hosts on which the `when` held long enough in this round, and those that reported and on which it did not."""
    streaks = {each.host: each for each in decision.state.streaks if each.rule == rule.name}
    reported = [host.name for host in decision.observation.hosts]
    held = sum(is_reached(streaks.get(host), rule.when.hold) for host in reported)
    return held, len(reported) - held


def _is_by(rejection: Rejection, gate: Gate) -> bool:
    return rejection.line == gate.span.line and rejection.reason in {gate.label, "unknown"}


def _relieved(rule: Rule, record: Record) -> Iterator[tuple[str, int]]:
    """How often an engaged rule went on, and how often reports met its mark."""
    engaged = [
        {each.host for each in decision.state.engagements if each.rule == rule.name} for decision in record.decisions
    ]
    yield FALSE, sum(map(len, engaged))
    yield TRUE, sum(len(before - after) for before, after in pairwise(engaged))
