"""From text to the syntax tree, and from a syntax mistake to a sentence that helps.

Rule: every statement is parsed alone, so that all mistakes of a file are told at once; nothing here knows what the
words mean. This is the only room that knows Lark.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lark.exceptions import UnexpectedInput

from dsl.findings import SHOWN, Finding, error
from dsl.parser.building import Builder
from dsl.parser.grammar import grammar
from dsl.parser.mistakes import Mistake
from dsl.reading import Passage, crowded, is_spoken, overgrown, passages, scraps
from dsl.syntax import Statement


@dataclass(frozen=True, slots=True)
class Parsed:
    """The statements that could be read, in file order, and what is wrong with the others."""

    statements: tuple[Statement, ...]
    findings: tuple[Finding, ...]


def parse(text: str) -> Parsed:
    """Read all statements of a file; raises nothing, whatever the text."""
    crowd = crowded(text)
    if crowd is not None:
        return Parsed((), (crowd,))
    statements: list[Statement] = []
    findings: list[Finding] = []
    for passage in _spoken(text):
        if len(findings) > SHOWN:
            place = passage.span(0, 1)
            findings.append(error("too-many", "nothing is read from here on", place, "mend the mistakes above first"))
            break
        read = _read(passage)
        statements += read.statements
        findings += read.findings
    return Parsed(tuple(statements), tuple(findings))


def _spoken(text: str) -> Iterable[Passage]:
    """The passages that hold more than comments."""
    return (passage for passage in passages(text) if is_spoken(passage.text))


def _read(passage: Passage) -> Parsed:
    refused = _out_of_place(passage) or overgrown(passage)
    if refused is not None:
        return Parsed((), (refused,))
    try:
        tree = grammar().parse(passage.text)
    except UnexpectedInput as mistake:
        return Parsed((), (Mistake.of(passage, mistake).finding(),))
    builder = Builder(passage)
    return Parsed((builder.statement(tree),), tuple(builder.findings))


def _out_of_place(passage: Passage) -> Finding | None:
    first = next(scraps(passage.text))
    place = passage.span(first.start, first.end)
    if place.column == 1:
        return None
    return error(
        "syntax", "an indented line goes on with a statement, and none stands above", place, "begin at the margin"
    )
