"""Tests that are never or always true: what their author did not mean.

Rule: the largest part that is decided by itself is told, once. Of parts that cannot hold together the last is told,
with the fewest others that it contradicts.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from dsl.doubts.formulas import Claim, Fixed, Formula, Negated, Within, subjects
from dsl.doubts.intervals import Interval
from dsl.doubts.reading import PLANNED, REPORTED, View
from dsl.doubts.said import Said
from dsl.doubts.solving import can_hold, must_hold
from dsl.evaluation import conjuncts
from dsl.findings import Finding, warning
from dsl.syntax import All, Both, Drain, Either, Freeze, Gate, Keep, Let, Never, Not, Pack, Rule, Set, Test
from dsl.wording import wording

_CHAINS: Final = (Both, Either, Not)
_SHARE: Final = Interval(0.0, 1.0)


def truths(said: Said) -> Iterator[Finding]:
    """The findings of all clauses."""
    for statement in said.statements:
        for tests, view in _clauses(statement):
            yield from _clause(said, tests, view)


def _clauses(statement: object) -> Iterator[tuple[Sequence[Test], View]]:
    """The tests of a statement that stand together, and from where they look."""
    match statement:
        case Rule(when=when, move=move, to=to, until=until):
            yield [when.held], REPORTED
            if when.now is not None:
                yield [when.now], PLANNED
            yield _gates(move.where), PLANNED
            yield _gates(to.where), PLANNED
            yield [until] if until is not None else [], PLANNED
        case Freeze(test=test):
            yield [test], REPORTED
        case Pack(where=where):
            yield _gates(where), PLANNED
        case Never(vms=vms, source=source, target=target):
            yield from ((_tests(each), REPORTED) for each in (vms, source))
            yield _tests(target), PLANNED
        case Keep(vms=vms, relation=relation):
            yield from ((_tests(each), REPORTED) for each in (vms, relation.other))
        case Let(set=of) | Drain(hosts=of):
            yield _tests(of), REPORTED
        case _:
            return


def _gates(where: Iterable[Gate]) -> list[Test]:
    return [gate.test for gate in where]


def _tests(of: Set | None) -> list[Test]:
    return [of.test] if isinstance(of, All) and of.test is not None else []


def _clause(said: Said, tests: Sequence[Test], view: View) -> Iterator[Finding]:
    """What is decided in each test, else in all of them together."""
    parts = [part for test in tests for part in conjuncts(test)]
    found = [finding for part in parts for finding in _decided(said, part, view)]
    yield from found
    if not found:
        yield from _at_odds([(part, said.reader.test(part, view)) for part in parts])


def _decided(said: Said, test: Test, view: View) -> Iterator[Finding]:
    """The largest parts of a test that are decided by themselves."""
    formula = said.reader.test(test, view)
    if isinstance(test, _CHAINS) and (_are_apart([formula]) or not _is_decided(formula)):
        yield from (finding for part in _parts(test) for finding in _decided(said, part, view))
    elif isinstance(formula, Claim) and not isinstance(formula, Within | Fixed):
        return
    elif not can_hold(formula):
        yield warning("never-true", f"{wording(test)} is never true", test.span, _why(formula))
    elif must_hold(formula):
        yield warning("always-true", f"{wording(test)} is always true", test.span, _why(formula))


def _is_decided(formula: Formula) -> bool:
    return not can_hold(formula) or must_hold(formula)


def _are_apart(formulas: Iterable[Formula]) -> bool:
    """Whether no two claims are about the same thing: then none bears on another."""
    about = [each for formula in formulas for each in subjects(formula)]
    return len(set(about)) == len(about)


def _parts(test: Both | Either | Not) -> tuple[Test, ...]:
    return (test.test,) if isinstance(test, Not) else (test.left, test.right)


def _why(formula: Formula) -> str:
    match formula:
        case Negated(part=part):
            return _why(part)
        case Fixed():
            return "no figure of the farm is in it"
        case Within(figure=figure) if figure.range == _SHARE:
            return "a share is 0% to 100%"
        case Within(figure=figure) if figure.counted:
            return "it is a whole number, 0 or more"
        case Within(figure=figure) if figure.range.low == 0:
            return "it is never below 0"
        case _:
            return ""


def _at_odds(parts: Sequence[tuple[Test, Formula]]) -> Iterator[Finding]:
    """The first test that cannot hold beside those before it, and the fewest of them that make it so."""
    formulas = [formula for _, formula in parts]
    if _are_apart(formulas) or can_hold(*formulas):
        return
    last = next(place for place in range(len(parts)) if not can_hold(*formulas[: place + 1]))
    rivals = list(range(last))
    for each in range(last):
        fewer = [place for place in rivals if place != each]
        if not can_hold(formulas[last], *(formulas[place] for place in fewer)):
            rivals = fewer
    test = parts[last][0]
    against = " and ".join(f"{wording(parts[place][0])} (line {parts[place][0].span.line})" for place in rivals)
    yield warning("never-true", f"{wording(test)} is never true here", test.span, f"not beside {against}")
