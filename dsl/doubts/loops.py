"""Rules that work against themselves or each other, as far as their literal limits tell without any farm.

Rule: only what is certain from the text; what depends on the farm's figures is for the simulation to show.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import nlargest
from types import MappingProxyType
from typing import Final, Self

from dsl.doubts.limits import Limit, limits
from dsl.doubts.reading import Reader, View
from dsl.doubts.said import Said
from dsl.doubts.solving import can_hold
from dsl.findings import Finding, error, warning
from dsl.syntax import Rule, Test

LOOKED_AT: Final = 8
"""Of the other rules that act on a figure, those that act first."""

_AFTERWARDS: Final = View(reported=False, owners=MappingProxyType({"after": "host"}))
"""The target as it will have become when its own turn comes."""
_WORDS: Final[Mapping[int, tuple[str, str, str, str]]] = MappingProxyType({
    1: ("reach", "above", "below", "or less"), -1: ("fall to", "below", "above", "or more"),
})  # fmt: skip
"""By the side from which a target is limited: what it may do, where a source acts, where the mark is met."""

Tightest = Mapping[tuple[str, int], Limit]
"""The tightest limit of each name, by the side from which a target or an end is limited."""


@dataclass(frozen=True, slots=True)
class _Acting:
    """A rule: from where on it acts, where it ends, what it lets a target become."""

    rule: Rule
    acts: Tightest
    ends: Tightest
    gates: Tightest

    @classmethod
    def of(cls, rule: Rule) -> Self:
        until = [] if rule.until is None else [rule.until]
        return cls(
            rule=rule,
            acts=_tightest(limits(_when(rule)), turned=-1),
            ends=_tightest(limits(until)),
            gates=_tightest(limit for limit in limits(_where(rule)) if limit.owner in {"host", "after"}),
        )


def _when(rule: Rule) -> list[Test]:
    return [test for test in (rule.when.held, rule.when.now) if test is not None]


def _where(rule: Rule) -> list[Test]:
    return [gate.test for gate in rule.to.where]


def loops(said: Said) -> Iterator[Finding]:
    """The findings of all rules."""
    acting = [_Acting.of(rule) for rule in said.all(Rule)]
    waiting: dict[tuple[str, int], list[_Acting]] = {}
    for each in acting:
        for key in each.acts:
            waiting.setdefault(key, []).append(each)
    first = {key: _first_to_act(rules, key) for key, rules in waiting.items()}
    for each in acting:
        own = [*_never_stops(each), *_back(each)]
        yield from own or _onward(each, first, said.reader)


def _first_to_act(rules: Iterable[_Acting], key: tuple[str, int]) -> list[_Acting]:
    return nlargest(LOOKED_AT, rules, key=lambda each: each.acts[key].height)


def _tightest(found: Iterable[Limit], turned: int = 1) -> Tightest:
    """The limit of each name that lets the least pass; `turned`, as a limit to the other side."""
    lowest: dict[tuple[str, int], Limit] = {}
    for limit in found:
        key = limit.name, turned * limit.side
        lowest[key] = min(limit, lowest.get(key, limit), key=lambda each: each.height)
    return lowest


def _overlap(acts: Tightest, below: Tightest) -> list[tuple[str, int]]:
    """The first name that lets both hold at once; none where another name keeps them asunder."""
    shared = [key for key in acts if key in below]
    apart = any(below[key].height <= -acts[key].height for key in shared)
    return [] if apart else shared[:1]


def _never_stops(acting: _Acting) -> Iterator[Finding]:
    for key in _overlap(acting.acts, acting.ends):
        end, act = acting.ends[key], acting.acts[key]
        _, above, below, or_less = _WORDS[key[1]]
        message = (
            f"until is met {below} {end.text}, the rule acts {above} {act.text}: "
            "in between it would start and stop at once"
        )
        yield error("never-stops", message, end.span, f"{act.text} {or_less} (line {act.span.line})")


def _back(acting: _Acting) -> Iterator[Finding]:
    """What a rule's own target may become is trouble to the rule itself."""
    for key in _overlap(acting.acts, acting.gates):
        end = acting.ends.get(key)
        until = f"; until (line {end.span.line}) says {end.text}" if end else ""
        yield _told(acting.gates[key], acting.acts[key], "the source", "the VM would come back", until)


def _onward(acting: _Acting, others: Mapping[tuple[str, int], list[_Acting]], reader: Reader) -> Iterator[Finding]:
    """What a rule's target may become is trouble to another rule, once for each name."""
    for key, gate in acting.gates.items():
        for other in others.get(key, ()):
            if other is acting or key not in _overlap(other.acts, acting.gates):
                continue
            tests = (*_when(other.rule), *_where(acting.rule))
            if can_hold(*(reader.test(test, _AFTERWARDS) for test in tests)):
                yield _told(gate, other.acts[key], f"rule {other.rule.name}", "the VM would have to move on")
                break


def _told(gate: Limit, act: Limit, who: str, what: str, until: str = "") -> Finding:
    reach, above, below, _ = _WORDS[gate.side]
    message = f"the target may {reach} {gate.text}, {who} acts {above} {act.text}: {what}"
    return warning("back-and-forth", message, gate.span, f"{below} {act.text} (line {act.span.line}){until}")
