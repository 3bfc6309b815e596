"""Rules that work against themselves, as far as their literal limits tell without any farm.

Rule: only what is certain from the text; what depends on the farm's figures is for the simulation to show.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from dsl.evaluation import conjuncts
from dsl.findings import Finding, error, warning
from dsl.meanings import FLIPPED
from dsl.syntax import Amount, Compare, Name, Rule, Test

_ABOVE: Final = (">", ">=")
_BELOW: Final = ("<", "<=")


@dataclass(frozen=True, slots=True)
class _Limit:
    """`name` of `owner` held against a literal; the sign as if the name stood left."""

    owner: str | None
    name: str
    sign: str
    amount: Amount


def contradictions(rule: Rule) -> Iterator[Finding]:
    """The findings of one checked rule."""
    when = [test for test in (rule.when.held, rule.when.now) if test is not None]
    until = [] if rule.until is None else [rule.until]
    acts = {limit.name: limit for limit in _limits(when, _ABOVE)}
    ends = {limit.name: limit for limit in _limits(until, _BELOW)}
    gates = _tightest(_limits((gate.test for gate in rule.to.where), _BELOW))
    for name in _overlap(acts, ends):
        yield _never_stops(ends[name], acts[name])
    for name in _overlap(acts, gates):
        yield _back(gates[name], acts[name], ends.get(name))


def _overlap(acts: Mapping[str, _Limit], below: Mapping[str, _Limit]) -> list[str]:
    """The first name that lets both hold at once; none where another name keeps them asunder."""
    shared = [name for name in acts if name in below]
    apart = any(below[name].amount.value <= acts[name].amount.value for name in shared)
    return [] if apart else shared[:1]


def _never_stops(end: _Limit, act: _Limit) -> Finding:
    message = (
        f"until is met below {end.amount.text}, the rule acts above {act.amount.text}: "
        "in between it would start and stop at once"
    )
    hint = f"{act.amount.text} or less (line {act.amount.span.line})"
    return error("never-stops", message, end.amount.span, hint)


def _back(gate: _Limit, act: _Limit, end: _Limit | None) -> Finding:
    message = (
        f"the target may reach {gate.amount.text}, the source acts above {act.amount.text}: the VM would come back"
    )
    until = f"; until (line {end.amount.span.line}) says {end.amount.text}" if end else ""
    hint = f"below {act.amount.text} (line {act.amount.span.line}){until}"
    return warning("back-and-forth", message, gate.amount.span, hint)


def _tightest(limits: Iterable[_Limit]) -> dict[str, _Limit]:
    """The lowest limit for each name of the target, now or after the move."""
    lowest: dict[str, _Limit] = {}
    for limit in limits:
        if limit.owner in {"host", "after"}:
            lowest[limit.name] = min(limit, lowest.get(limit.name, limit), key=lambda each: each.amount.value)
    return lowest


def _limits(tests: Iterable[Test], signs: tuple[str, ...]) -> Iterator[_Limit]:
    """What must hold of one name, each for itself."""
    for part in (part for test in tests for part in conjuncts(test)):
        match part:
            case Compare(operator=sign, left=Name() as name, right=Amount() as amount) if sign in signs:
                yield _Limit(name.owner, name.name, sign, amount)
            case Compare(operator=sign, left=Amount() as amount, right=Name() as name) if FLIPPED[sign] in signs:
                yield _Limit(name.owner, name.name, FLIPPED[sign], amount)
            case _:
                continue
