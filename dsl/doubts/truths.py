"""Tests that are never or always true: what their author did not mean.

Rule: the largest part that is decided by itself is told, once. Of parts that cannot hold together the last is told,
with the fewest others that it contradicts; of parts that follow from others, the last that can be taken out.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from math import isinf
from typing import Final

from dsl.clauses import ARRIVALS, FREEZE, MOVE, TO, UNTIL, WHEN
from dsl.doubts.formulas import Fixed, Formula, Holds, Matches, Negated, Reads, Within, subjects
from dsl.doubts.intervals import Interval
from dsl.doubts.reading import PLANNED, REPORTED, Reader, View, links
from dsl.doubts.said import Said
from dsl.doubts.solving import can_hold, must_hold
from dsl.evaluation import conjuncts
from dsl.findings import Finding, warning
from dsl.phrases import phrase
from dsl.syntax import All, Both, Drain, Either, Freeze, Gate, Keep, Let, Never, Not, Pack, Rule, Set, Test

LOOKED_AT: Final = 16
"""Of the tests of a clause: where there are more, none is held against the others."""

_Part = tuple[Test, Formula]
_CHAINS: Final = (Both, Either, Not)
_SHARE: Final = Interval(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class _Clause:
    """Tests that must all hold where they stand, from where they look, and whose their bare names are."""

    tests: tuple[Test, ...]
    view: View
    bare: str | None


def truths(said: Said) -> Iterator[Finding]:
    """The findings of all clauses."""
    for statement in said.statements:
        for clause in _clauses(statement):
            yield from _of_clause(said.reader, clause)


def _clauses(statement: object) -> Iterator[_Clause]:
    match statement:
        case Rule(when=when, move=move, to=to, until=until):
            yield _Clause((when.held,), REPORTED, WHEN.bare)
            yield _Clause(() if when.now is None else (when.now,), PLANNED, WHEN.bare)
            yield _Clause(_gates(move.where), PLANNED, MOVE.bare)
            yield _Clause(_gates(to.where), PLANNED, TO.bare)
            yield _Clause(() if until is None else (until,), PLANNED, UNTIL.bare)
        case Freeze(test=test):
            yield _Clause((test,), REPORTED, FREEZE.bare)
        case Pack(where=where):
            yield _Clause(_gates(where), PLANNED, TO.bare)
        case Never(vms=vms, source=source, target=target):
            yield from (_Clause(_tests(each), REPORTED, _thing(each)) for each in (vms, source))
            yield _Clause(_tests(target), PLANNED, ARRIVALS.bare)
        case Keep(vms=vms, relation=relation):
            yield from (_Clause(_tests(each), REPORTED, _thing(each)) for each in (vms, relation.other))
        case Let(set=of) | Drain(hosts=of):
            yield _Clause(_tests(of), REPORTED, _thing(of))
        case _:
            return


def _gates(where: Iterable[Gate]) -> tuple[Test, ...]:
    return tuple(gate.test for gate in where)


def _tests(of: Set | None) -> tuple[Test, ...]:
    return (of.test,) if isinstance(of, All) and of.test is not None else ()


def _thing(of: Set | None) -> str | None:
    return of.thing if isinstance(of, All) else None


def _of_clause(reader: Reader, clause: _Clause) -> Iterator[Finding]:
    """What is decided in each test, else in all of them together."""
    parts = [part for test in clause.tests for part in conjuncts(test)]
    found = [finding for part in parts for finding in _decided(reader, part, clause)]
    read = [(part, reader.test(part, clause.view)) for part in parts]
    if not found and not _are_apart(formula for _, formula in read):
        found = list(_at_odds(read, clause.bare)) or list(_implied(read, clause.bare))
    yield from found


def _decided(reader: Reader, test: Test, clause: _Clause) -> Iterator[Finding]:
    """The largest parts of a test that are decided by themselves."""
    formula = reader.test(test, clause.view)
    if isinstance(formula, Reads | Matches | Holds) or (isinstance(formula, Within) and _is_open(formula)):
        return
    if isinstance(test, _CHAINS) and (_are_apart([formula]) or not _is_decided(formula)):
        yield from (finding for part in _parts(test) for finding in _decided(reader, part, clause))
    elif not can_hold(formula):
        yield warning("never-true", f"{phrase(test, clause.bare)} is never true", test.span, _why(formula))
    elif must_hold(formula):
        yield warning("always-true", f"{phrase(test, clause.bare)} is always true", test.span, _why(formula))


def _is_open(claim: Within) -> bool:
    """Whether a limit lies amid what its figure can be: so do almost all, and no more need be asked."""
    ends = [end for end in (claim.interval.low, claim.interval.high) if not isinf(end)]
    return not claim.figure.discrete and all(claim.figure.range.low < end < claim.figure.range.high for end in ends)


def _is_decided(formula: Formula) -> bool:
    return not can_hold(formula) or must_hold(formula)


def _are_apart(formulas: Iterable[Formula]) -> bool:
    """Whether no two claims are about the same thing: then none bears on another."""
    seen: set[Hashable] = set()
    for each in chain.from_iterable(subjects(formula) for formula in formulas):
        if each in seen:
            return False
        seen.add(each)
    return True


def _parts(test: Both | Either | Not) -> Sequence[Test]:
    """The links of a chain, all at once: where some of them decide it, they decide the whole."""
    return [test.test] if isinstance(test, Not) else links(test, type(test))


def _why(formula: Formula) -> str:
    match formula:
        case Negated(part=part):
            return _why(part)
        case Fixed():
            return "no figure of the farm is in it"
        case Within(figure=figure) if figure.range == _SHARE:
            return "a share is 0% to 100%"
        case Within(figure=figure) if figure.discrete:
            return "it is a whole number, 0 or more"
        case Within(figure=figure) if figure.range.low == 0:
            return "it is never below 0"
        case _:
            return ""


def _at_odds(parts: Sequence[_Part], bare: str | None) -> Iterator[Finding]:
    """The first test that cannot hold beside those before it, and the fewest of them that make it so."""
    formulas = [formula for _, formula in parts]
    if can_hold(*formulas):
        return
    last = next(place for place in range(len(parts)) if not can_hold(*formulas[: place + 1]))
    test, formula = parts[last]
    rivals = _fewest(formula, parts[:last])
    yield warning(
        "never-true", f"{phrase(test, bare)} is never true here", test.span, f"not beside {_all(rivals, bare)}"
    )


def _implied(parts: Sequence[_Part], bare: str | None) -> Iterator[Finding]:
    """The tests that hold wherever others beside them do, of which each can be taken out."""
    kept = list(parts) if len(parts) <= LOOKED_AT else []
    for part in reversed(kept[:]):
        others = [each for each in kept if each is not part]
        if others and not can_hold(Negated(part[1]), *(formula for _, formula in others)):
            kept = others
            hint = f"wherever {_all(_fewest(Negated(part[1]), others), bare)} holds: take it out"
            yield warning("always-true", f"{phrase(part[0], bare)} is always true here", part[0].span, hint)


def _fewest(formula: Formula, others: Sequence[_Part]) -> Sequence[_Part]:
    """Of others that leave a formula no way, as few as do."""
    fewest = list(others)
    for each in others:
        fewer = [other for other in fewest if other is not each]
        if not can_hold(formula, *(other for _, other in fewer)):
            fewest = fewer
    return fewest


def _all(parts: Sequence[_Part], bare: str | None) -> str:
    return " and ".join(f"{phrase(test, bare)} (line {test.span.line})" for test, _ in parts)
