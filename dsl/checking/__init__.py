"""From the syntax tree to a `Ruleset` that may be run, or to all that keeps it from being one.

Rule: nothing is ignored. What is silent gets its default, and a statement replaces its default as a whole.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeVar

from dsl.aggregates import too_short
from dsl.checking.lets import in_order, misnamed, things
from dsl.checking.statements import CHECKED
from dsl.doubts import doubts
from dsl.findings import Finding, error
from dsl.meanings import Meanings
from dsl.ruleset import DEFAULT_CAPS, DEFAULT_EVERY, DEFAULT_FREEZE, RestTimes, Ruleset
from dsl.syntax import (
    Amount,
    Balance,
    Drain,
    Every,
    Freeze,
    Keep,
    Let,
    Limit,
    Never,
    Pack,
    Reserve,
    Rest,
    Rule,
    Span,
    Statement,
    Window,
    place,
)
from dsl.vocabulary import Vocabulary

_ONCE: Final[Mapping[type, str]] = MappingProxyType({
    Every: "every", Limit: "limit", Rest: "rest", Reserve: "reserve",
    Balance: "balance or pack", Pack: "balance or pack",
})  # fmt: skip

_Kept = TypeVar("_Kept")


def check(
    statements: Sequence[Statement], vocabulary: Vocabulary, file: str, sha256: str
) -> tuple[Ruleset | None, tuple[Finding, ...]]:
    """The ruleset that the statements make, None where there is an error; warnings stand beside it."""
    lets = _all(Let, statements)
    ordered, circles = in_order(lets)
    findings = [*circles, *_repeated(statements), *misnamed(lets, vocabulary)]
    meanings = Meanings.of(vocabulary, MappingProxyType(things(ordered)), findings)
    others = [each for each in statements if type(each) in CHECKED and not isinstance(each, Let)]
    checked, sound = list[Statement](), list[Statement]()
    for each in [*ordered, *others]:
        before = len(findings)
        checked.append(CHECKED[type(each)](meanings, each))
        sound += checked[-1:] if len(findings) == before else []
    aggregates = tuple(meanings.sums.aggregates.values())
    every = next((each.amount.value for each in _all(Every, checked)), DEFAULT_EVERY)
    findings += too_short((each for each in aggregates if not meanings.sums.is_counted(each.of)), every)
    findings += doubts(sound if not circles else (), meanings.words.sets, vocabulary)
    if any(finding.severity == "error" for finding in findings):
        return None, tuple(findings)
    return replace(_ruleset(checked, file, sha256), aggregates=aggregates), tuple(findings)


def _ruleset(statements: Sequence[Statement], file: str, sha256: str) -> Ruleset:
    """Checked statements by kind, each silence filled with its default."""
    caps = [cap for limit in _all(Limit, statements) for cap in limit.caps]
    return Ruleset(
        file=file,
        sha256=sha256,
        every=next((each.amount.value for each in _all(Every, statements)), None),
        lets=tuple(_all(Let, statements)),
        rules=tuple(_all(Rule, statements)),
        drains=tuple(_all(Drain, statements)),
        keeps=tuple(each for each in _all(Keep, statements) if each.hard),
        nevers=tuple(each for each in _all(Never, statements) if each.hard),
        prefers=tuple(each for each in _all(Keep, statements) if not each.hard),
        avoids=tuple(each for each in _all(Never, statements) if not each.hard),
        reserve=next(iter(_all(Reserve, statements)), None),
        windows=tuple(_all(Window, statements)),
        goal=next((each for each in statements if isinstance(each, Balance | Pack)), None),
        caps=tuple(caps) or DEFAULT_CAPS,
        rest=next(map(_rest_times, _all(Rest, statements)), RestTimes()),
        freezes=tuple(_all(Freeze, statements)) or (DEFAULT_FREEZE,),
    )


def _all(kind: type[_Kept], statements: Iterable[Statement]) -> list[_Kept]:
    return [each for each in statements if isinstance(each, kind)]


def _rest_times(rest: Rest) -> RestTimes:
    return RestTimes(_seconds(rest.vm), _seconds(rest.host), _seconds(rest.no_return), rest.span.line)


def _seconds(amount: Amount | None) -> float:
    """A pause that a `rest` does not name is none."""
    return 0.0 if amount is None else amount.value


# -- the file as a whole -----------------------------------------------------------------------------------------------


def _repeated(statements: Iterable[Statement]) -> Iterator[Finding]:
    first: dict[str, Statement] = {}
    for each in statements:
        title = _ONCE.get(
            type(each), f"{type(each).__name__.lower()} {each.name}" if isinstance(each, Let | Rule) else ""
        )
        earlier = first.setdefault(title, each) if title else each
        if earlier is not each:
            message = f"“{title}” stands in line {earlier.span.line} already"
            yield error("twice", message, _title_place(each), "keep one of them")


def _title_place(statement: Statement) -> Span:
    """Where the name stands; of a statement without one, its first word."""
    if isinstance(statement, Let | Rule):
        return place(statement, "name")
    start = statement.span
    return replace(start, end_line=start.line, end_column=start.column + len(type(statement).__name__))
