"""Whether a formula can hold at all: what follows from what, without any farm.

Rule: told from the text alone, and only what is certain. Each question has a budget of steps; one that runs out of it
is answered with “it can”, so that nothing is told that may be wrong.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from dsl.doubts.formulas import ALWAYS, AllOf, AnyOf, Fixed, Formula, Holds, Matches, Negated, Reads, Within
from dsl.doubts.intervals import Interval
from dsl.globs import covers, is_literal, overlap

STEPS: Final = 500
"""Claims that one question may weigh."""

REMEMBERED: Final = 1024
"""Questions whose answer is known when they are asked again: of a set, wherever a test speaks of it."""

Known = Mapping[Hashable, Any]
"""What has been supposed so far, by what it is about."""

_NOTHING: Final[Known] = MappingProxyType({})


class _OutOfStepsError(Exception):
    """Nobody knows."""


@dataclass(slots=True)
class _Budget:
    left: int = STEPS

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise _OutOfStepsError


@lru_cache(maxsize=REMEMBERED)
def can_hold(*formulas: Formula) -> bool:
    """Whether all of these can hold at once; True also where nobody knows."""
    try:
        return any(True for _ in _ways(AllOf(formulas), wanted=True, known=_NOTHING, budget=_Budget()))
    except _OutOfStepsError:
        return True


def must_hold(formula: Formula) -> bool:
    """Whether it holds whatever is known."""
    return not can_hold(Negated(formula))


def implies(narrow: Formula, wide: Formula) -> bool:
    """Whether the second certainly holds where the first does."""
    return wide in {ALWAYS, narrow} or not can_hold(narrow, Negated(wide))


def _ways(formula: Formula, wanted: bool, known: Known, budget: _Budget) -> Iterator[Known]:  # noqa: FBT001  (flips with each not)
    """Every way in which the formula can be true (or false), on top of what is supposed already."""
    match formula:
        case Negated(part=part):
            yield from _ways(part, not wanted, known, budget)
        case AllOf(parts=parts) if wanted:
            yield from _jointly(parts, wanted, known, budget)
        case AnyOf(parts=parts) if not wanted:
            yield from _jointly(parts, wanted, known, budget)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _ways(part, wanted, known, budget)
        case _:
            budget.spend()
            yield from _supposed(formula, wanted, known)


def _jointly(parts: tuple[Formula, ...], wanted: bool, known: Known, budget: _Budget) -> Iterator[Known]:  # noqa: FBT001
    if not parts:
        yield known
        return
    for so_far in _ways(parts[0], wanted, known, budget):
        yield from _jointly(parts[1:], wanted, so_far, budget)


def _supposed(claim: Formula, wanted: bool, known: Known) -> Iterator[Known]:  # noqa: FBT001
    """What is known once a claim is true (or false), in each way that fits what was known before."""
    match claim:
        case Fixed(holds=holds):
            if holds == wanted:
                yield known
        case Within(figure=figure, interval=interval):
            before = known.get(figure.key, figure.range)
            for each in [interval] if wanted else interval.outside():
                left: Interval = before & each
                if not left.is_empty(discrete=figure.discrete):
                    yield {**known, figure.key: left}
        case Reads(of=of, text=text):
            yield from _read(of, text, wanted, known)
        case Matches(of=of, pattern=pattern):
            yield from _matched(of, pattern, wanted, known)
        case Holds(of=of):
            if known.get(of, wanted) == wanted:
                yield {**known, of: wanted}


def _read(of: Hashable, text: str, wanted: bool, known: Known) -> Iterator[Known]:  # noqa: FBT001
    """A text has one value; of what it is not, any number."""
    before: tuple[str | None, frozenset[str]] = known.get(of, (None, frozenset()))
    value, others = before
    if wanted and value in {None, text} and text not in others:
        yield {**known, of: (text, others)}
    elif not wanted and value != text:
        yield {**known, of: (value, others | {text})}


def _matched(of: tuple[str, str], pattern: str, wanted: bool, known: Known) -> Iterator[Known]:  # noqa: FBT001
    """A thing has one name and many tags: what matches one pattern matches those that cover it."""
    before: tuple[frozenset[str], frozenset[str]] = known.get(of, (frozenset(), frozenset()))
    yes, no = before
    yes, no = (yes | {pattern}, no) if wanted else (yes, no | {pattern})
    if any(covers(wide, narrow) for wide in no for narrow in yes):
        return
    if of[1] == "named" and not _one_name(yes):
        return
    yield {**known, of: (yes, no)}


def _one_name(patterns: frozenset[str]) -> bool:
    """Whether one name can match all these patterns."""
    literal = next(filter(is_literal, patterns), None)
    if literal is not None:
        return all(overlap(literal, each) for each in patterns)
    return all(overlap(one, other) for one in patterns for other in patterns)
