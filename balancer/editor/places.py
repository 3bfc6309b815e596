"""What may be named where: the clause that a place belongs to, and what a word of the author's own stands for there.

Rule: tables, read by the keywords that are begun and not ended yet (`dsl.parser.expectation`); of all rows whose words
are begun in this order that one counts whose last word was begun last, and of these the longest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Final, TypeVar

from dsl.checking.statements import STEPS
from dsl.clauses import ARRIVALS, FREEZE, HOSTS, MOVE, THING, TO, UNTIL, VMS, WHEN, Clause
from dsl.parser.grammar import spellings
from dsl.syntax import Kind

_Row = TypeVar("_Row")

CLAUSES: Final[Mapping[tuple[str, ...], Clause]] = MappingProxyType({
    ("rule", "when"): WHEN,
    ("rule", "move"): MOVE,
    ("rule", "to"): TO,
    ("rule", "until"): UNTIL,
    ("pack", "where"): TO,
    ("freeze", "when"): FREEZE,
    ("vms",): VMS,
    ("hosts",): HOSTS,
    ("never", "to", "hosts"): ARRIVALS,
    ("avoid", "to", "hosts"): ARRIVALS,
})  # fmt: skip
"""Whose tests and sums stand there."""


@dataclass(frozen=True, slots=True)
class Own:
    """What a name is where no measured thing can stand: a set of one of these, or one of these words."""

    sets: tuple[str | None, ...] = ()
    words: tuple[str, ...] = ()


OWN: Final[Mapping[tuple[str, ...], Own]] = MappingProxyType({
    ("let", "="): Own(sets=("vm", "host", None)),
    ("keep",): Own(sets=("vm",)),
    ("prefer",): Own(sets=("vm",)),
    ("of",): Own(sets=("vm",)),
    ("apart", "from"): Own(sets=("vm",)),
    ("with",): Own(sets=("vm",)),
    ("on",): Own(sets=("host",)),
    ("never", "move"): Own(sets=("vm",)),
    ("moving",): Own(sets=("vm",)),
    ("from",): Own(sets=("host",)),
    ("to",): Own(sets=("host",)),
    ("drain",): Own(sets=("host",)),
    ("per",): Own(words=("host",)),
    ("limit", "per"): Own(words=("host", "round", "hour", "day")),
    ("except",): Own(words=STEPS),
    ("balance",): Own(words=("cpu", "memory", "load")),
    ("let",): Own(),
    ("rule",): Own(),
    ("vm",): Own(),
    ("host",): Own(),
})  # fmt: skip
"""Names that are no measured things. A new name, or that of a thing of the farm, is nothing that can be told."""

_TIMES: Final = frozenset({Kind.TIME})
_KINDS: Final[Mapping[tuple[str, ...], frozenset[Kind]]] = MappingProxyType({
    ("every",): _TIMES,
    ("rest",): _TIMES,
    ("for",): _TIMES | {Kind.ROUNDS},
})  # fmt: skip
_KINDS_OF_TESTS: Final = frozenset(Kind) - {Kind.ROUNDS}


def clause(begun: Sequence[str]) -> Clause | None:
    """The clause that a place belongs to; None where nothing is tested or reckoned."""
    found = _innermost(begun, CLAUSES)
    return found.without_after() if found is not None and in_aggregate(begun) else found


def own(begun: Sequence[str]) -> Own:
    """What a name that the author gave can be."""
    if begun and begun[-1] == "in":
        return Own(sets=_members(begun))
    return _innermost(begun, OWN) or Own()


def kinds(begun: Sequence[str]) -> frozenset[Kind]:
    """What an amount may be of."""
    if in_aggregate(begun):
        return _TIMES
    return _innermost(begun, _KINDS) or _KINDS_OF_TESTS


def _members(begun: Sequence[str]) -> tuple[str, ...]:
    """Who is asked to be in a set: the owner that stands before it, or the noun of the clause."""
    around = clause(begun)
    if around is None:
        return ()
    owner = around.owners.get(begun[-2]) if begun[-2] in around.owners else around.bare
    return (THING[owner],) if owner else ()


def in_aggregate(begun: Sequence[str]) -> bool:
    """Whether something is aggregated over time there; `min` is an aggregate before a bracket, a unit elsewhere."""
    return any(word in spellings()["FUNCTION"] and sign == "(" for word, sign in pairwise(begun))


def _innermost(begun: Sequence[str], table: Mapping[tuple[str, ...], _Row]) -> _Row | None:
    for last in reversed(range(len(begun))):
        rows = [words for words in table if words[-1] == begun[last] and _in_this_order(words[:-1], begun[:last])]
        if rows:
            return table[max(rows, key=len)]
    return None


def _in_this_order(words: Sequence[str], begun: Sequence[str]) -> bool:
    rest = iter(begun)
    return all(word in rest for word in words)
