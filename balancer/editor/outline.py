"""The rules and sets of a file, for an editor's outline, and what of it can be folded away."""

from collections.abc import Iterator
from dataclasses import dataclass

from balancer.editor.document import Document, Stretch
from dsl.syntax import Let, Rule


@dataclass(frozen=True, slots=True)
class Heading:
    """A rule or a set (`sort` is the statement's first word): its name, where that stands, the whole statement."""

    name: str
    sort: str
    where: Stretch
    whole: Stretch


def outline(document: Document) -> Iterator[Heading]:
    """In file order."""
    for statement in document.loaded.statements:
        if isinstance(statement, Let | Rule):
            whole = document.stretch(statement.span)
            yield Heading(statement.name, type(statement).__name__.lower(), document.word(whole, 1), whole)


def folds(document: Document) -> Iterator[Stretch]:
    """Statements of more than one line."""
    for statement in document.loaded.statements:
        if statement.span.end_line > statement.span.line:
            yield document.stretch(statement.span)
