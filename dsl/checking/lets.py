"""The sets that a file names: in which order they are worked out, and of what each is one.

Rule: a set stands behind those that it speaks of; one that speaks of itself is told.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Final

from dsl.clauses import THING
from dsl.findings import Finding, error
from dsl.meanings import Meanings
from dsl.parser.grammar import reserved_words
from dsl.syntax import All, Both, Either, Let, Member, NamedSet, Not, Set, Test, place
from dsl.vocabulary import Vocabulary

_OWN_WORDS: Final = frozenset({*THING, "facts"})


def misnamed(lets: Iterable[Let], vocabulary: Vocabulary) -> Iterator[Finding]:
    """Sets that take a word of the language for their name."""
    taken = {name for _, name in vocabulary.words} | _OWN_WORDS | reserved_words()
    for let in lets:
        if let.name in taken:
            message = f"“{let.name}” is a word of the language"
            yield error("reserved", message, place(let, "name"), f"call it my_{let.name}")


def in_order(lets: list[Let]) -> tuple[list[Let], list[Finding]]:
    """Each set behind those it speaks of; where they speak of each other, as they stand."""
    sorter = TopologicalSorter({let.name: list(_mentioned(let.set)) for let in lets})
    try:
        rank = {name: number for number, name in enumerate(sorter.static_order())}
    except CycleError as refusal:
        circle = refusal.args[1]
        span = next(place(let, "name") for let in lets if let.name in circle)
        return lets, [error("circular", f"a set is made of itself: {' of '.join(reversed(circle))}", span)]
    return sorted(lets, key=lambda let: rank[let.name]), []


def _mentioned(of: Set | Test) -> Iterator[str]:
    """The sets that a set is made of."""
    match of:
        case NamedSet(name=name) | Member(set_name=name):
            yield name
        case All(test=test) | Not(test=test) if test is not None:
            yield from _mentioned(test)
        case Both(left=left, right=right) | Either(left=left, right=right):
            yield from _mentioned(left)
            yield from _mentioned(right)
        case _:
            return


def things(lets: Iterable[Let]) -> dict[str, str | None]:
    """What each set is one of; None for one that cannot be told."""
    known: dict[str, str | None] = {}
    for let in lets:
        known[let.name] = known.get(let.set.name) if isinstance(let.set, NamedSet) else let.set.thing
    return known


def checked(meanings: Meanings, let: Let) -> Let:
    """A copy of a set that no let names is told here: of what it would be one, nobody knows."""
    return replace(let, set=meanings.set(let.set, meanings.words.sets[let.name] or "vm"))
