"""What is told of the word under the pointer."""

from dataclasses import dataclass

from balancer.editor import telling
from balancer.editor.document import Document, Position, Stretch
from balancer.editor.names import mentioned
from balancer.editor.places import clause
from dsl.clauses import THING, Clause
from dsl.manual import entry
from dsl.parser.expectation import Expectation, expectation
from dsl.reading import Scrap, scraps
from dsl.units import UNITS


@dataclass(frozen=True, slots=True)
class Told:
    """Markdown, and the word that it is about."""

    text: str
    where: Stretch


def hovering(document: Document, offset: int) -> Told | None:
    """None for what has nothing to tell: a number, a text in quotes, a comment, a blank."""
    position = document.position(offset)
    word = _word(position, offset)
    if word is None:
        return None
    where = Stretch(position.start + word.start, position.start + word.end)
    expected = expectation(position.passage.text[: word.start])
    mention = mentioned(document, offset)
    if mention is not None and mention.name in document.lets:
        return Told(telling.members(document, document.lets[mention.name]), where)
    text = _name(document, word.text, expected) or _unit(word.text, expected) or _manual(position, word.text)
    return Told(text, where) if text else None


def _word(position: Position, offset: int) -> Scrap | None:
    inside = offset - position.start
    words = (word for word in scraps(position.passage.text) if word.start <= inside <= word.end)
    return next((word for word in words if word.text[0].isalpha() or word.text == "%"), None)


def _name(document: Document, written: str, expected: Expectation) -> str:
    around = clause(expected.begun)
    if around is None or "REF" not in expected.following:
        return ""
    owner, name = _owned(written, around)
    word = document.vocabulary.find(THING[owner], name) if owner else None
    return telling.name(written, word) if word else ""


def _owned(written: str, around: Clause) -> tuple[str | None, str]:
    owner, dot, name = written.partition(".")
    return (around.owners.get(owner), name) if dot else (around.bare, written)


def _unit(written: str, expected: Expectation) -> str:
    if written not in expected.following.get("UNIT", ()):
        return ""
    return f"**{written}**: a unit of {telling.kind(UNITS[written][0])}"


def _manual(position: Position, written: str) -> str:
    statement = next(scraps(position.passage.text)).text
    found = entry(written, statement)
    return telling.manual(found) if found else ""
