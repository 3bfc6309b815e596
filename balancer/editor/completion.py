"""What may be written at a place: the words that the grammar takes there, and the names that have a meaning there.

Rule: the grammar says what follows, `places` what a name can be; nothing is offered inside of comments and quotes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from balancer.editor import telling
from balancer.editor.document import Document, Stretch
from balancer.editor.names import facts
from balancer.editor.places import clause, in_aggregate, kinds, own
from balancer.editor.snippets import SNIPPETS
from dsl.clauses import THING, Clause
from dsl.manual import entry
from dsl.parser.expectation import Expectation, expectation
from dsl.parser.grammar import patterns
from dsl.units import UNITS
from dsl.vocabulary import Vocabulary

_BEGUN_WORD: Final = re.compile(r"(?:[A-Za-z_][\w.]*)?\Z")
_CODE: Final = re.compile(r'(?:"[^"\n]*"|[^"#\n])*\Z')
"""A line up to a place that is neither in a comment nor in quotes."""

_PATTERNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "DAYS": ("daily", "mon-fri", "sat-sun"),
    "HOURS": ("20:00-06:00",),
})  # fmt: skip
"""Examples for terminals that are patterns; of a time zone all that the vocabulary knows."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that could be written.

    `sort` is name, set, word, unit or snippet; `insert` is what to write where that is not the label itself: for a
    snippet a text with places to fill in (`${1:…}`).
    """

    label: str
    sort: str
    detail: str = ""
    telling: str = ""
    insert: str = ""


@dataclass(frozen=True, slots=True)
class Offers:
    """All that could be written in place of `instead`, the begun word; the likeliest first."""

    offers: tuple[Offer, ...]
    instead: Stretch


def completion(document: Document, offset: int) -> Offers:
    """What may stand at a place."""
    before = _before(document, offset)
    word = _BEGUN_WORD.search(before)
    begun = word[0] if word else ""
    instead = Stretch(offset - len(begun), offset)
    if not _CODE.match(before.rpartition("\n")[2]):
        return Offers((), instead)
    beginning = before.removesuffix(begun)
    expected = expectation(beginning)
    offers = _units(expected) if beginning[-1:].isalnum() else _offers(document, expected, begun)
    return Offers(tuple(offers), instead)


def _before(document: Document, offset: int) -> str:
    """What is written of the statement before a place; at the margin a new one begins."""
    position = document.position(offset)
    before = position.passage.text[: offset - position.start]
    return "" if before.endswith("\n") else before


def _offers(document: Document, expected: Expectation, begun: str) -> Iterator[Offer]:
    if "REF" in expected.following:
        yield from _measured(document.vocabulary, expected)
        yield from (offer for offer in _facts(document, expected) if offer.label != begun)
    elif "NAME" in expected.following:
        yield from _own(document, expected)
    yield from _units(expected)
    yield from _words(expected)
    if "ZONE" in expected.following:
        zones = re.compile(patterns()["ZONE"])
        yield from (Offer(zone, "word") for zone in sorted(document.vocabulary.zones) if zones.fullmatch(zone))
    if not expected.begun and "RULE" in expected.following:
        yield from (Offer(each.label, "snippet", each.says, insert=each.body) for each in SNIPPETS)


def _measured(vocabulary: Vocabulary, expected: Expectation) -> Iterator[Offer]:
    """Names in all the ways in which they can be written here, bare ones first."""
    around = clause(expected.begun)
    if around is None:
        return
    for prefix, owner in _prefixes(around):
        for word in vocabulary.words.values():
            if word.owner == THING[owner]:
                written = f"{prefix}{word.name}"
                yield Offer(written, "name", telling.whose(word), telling.name(written, word))


def _facts(document: Document, expected: Expectation) -> Iterator[Offer]:
    """The facts that the file names already, as nobody here knows what hosts report; a fact has no history."""
    around = clause(expected.begun)
    if around is None or in_aggregate(expected.begun):
        return
    hosts = [prefix for prefix, owner in _prefixes(around) if THING[owner] == "host"]
    for name in facts(document):
        yield from (Offer(f"{prefix}{name}", "name", telling.FACT) for prefix in hosts)


def _prefixes(around: Clause) -> Iterator[tuple[str, str]]:
    if around.bare is not None:
        yield "", around.bare
    yield from ((f"{written}.", owner) for written, owner in around.owners.items())


def _own(document: Document, expected: Expectation) -> Iterator[Offer]:
    named = own(expected.begun)
    for let in document.lets.values():
        if document.thing(let) in named.sets:
            yield Offer(let.name, "set", telling.things(document, let), telling.members(document, let))
    yield from (_word(word, expected) for word in named.words)


def _units(expected: Expectation) -> Iterator[Offer]:
    for unit in expected.following.get("UNIT", ()):
        kind, _ = UNITS[unit]
        if kind in kinds(expected.begun):
            yield Offer(unit, "unit", str(kind))


def _words(expected: Expectation) -> Iterator[Offer]:
    """Keywords; the owner of a test only where it has a meaning."""
    around = clause(expected.begun)
    for terminal, words in expected.following.items():
        for word in _PATTERNS.get(terminal, words):
            if terminal == "UNIT" or (terminal == "WHOSE" and around is not None and word not in around.owners):
                continue
            yield _word(word, expected, "(" if terminal == "FUNCTION" else "")


def _word(word: str, expected: Expectation, behind: str = "") -> Offer:
    statement = expected.begun[0] if expected.begun else word
    found = entry(word, statement)
    insert = f"{word}{behind}" if behind else ""
    return Offer(word, "word", found.shape, telling.manual(found), insert) if found else Offer(word, "word")
