"""One canonical layout for rule files: from the syntax tree, with the comments where they belong.

Rule: a file that does not read is left alone. The layout says what the file said, comments and all, and laid out again
it stays as it is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dsl.findings import Finding, error, in_order
from dsl.formatting.layout import COLUMN, Line, aligned, of_rule, plain
from dsl.formatting.remarks import Remark, remarks
from dsl.parser import parse
from dsl.reading import FILE_BYTES, Passage, decoded, is_spoken, passages
from dsl.syntax import Let, Rule, Span, Statement, without_places

_START: Final = Span(1, 1, 1, 2)


@dataclass(frozen=True, slots=True)
class Formatted:
    """The file laid out (None: it cannot be), what there is to say of it, and its text as it was to say it on."""

    text: str | None
    findings: tuple[Finding, ...]
    before: str


def format_source(source: bytes) -> Formatted:
    """The bytes of a rule file laid out. Raises nothing, whatever the bytes."""
    text, refused = decoded(source)
    if refused:
        return Formatted(None, refused, text)
    parsed = parse(text)
    if parsed.findings:
        return Formatted(None, in_order(parsed.findings), text)
    laid_out = _laid_out(text, parsed.statements)
    excess = _excess(laid_out, parsed.statements)
    return Formatted(None, (excess,), text) if excess else Formatted(laid_out, (), text)


def _excess(laid_out: str, statements: tuple[Statement, ...]) -> Finding | None:
    """Why the new layout could not be read as the old one: it may be larger than a file may be."""
    hint = "take the file apart"
    if len(laid_out.encode()) > FILE_BYTES:
        return error(
            "too-big", f"laid out, the file would have more than the {FILE_BYTES} bytes that are read", _START, hint
        )
    again = parse(laid_out)
    if without_places(again.statements) != without_places(statements):
        return error("too-long", "laid out, the file would not read as it does now", _START, hint)
    return None


# -- entries: statements, and comments at the margin -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Entry:
    """A statement with what is said in it (`said`) and indented below it (`tail`), or one comment between statements.

    `is_apart`: a blank line stands above.
    """

    statement: Statement | None
    said: tuple[Remark, ...]
    tail: tuple[Remark, ...]
    is_apart: bool


def _laid_out(text: str, statements: Iterable[Statement]) -> str:
    blocks = _blocks(_rules_apart(list(_entries(text, statements))))
    return "\n".join("".join(f"{row}\n" for line in _lines(block) for row in line.rows()) for block in blocks)


def _entries(text: str, statements: Iterable[Statement]) -> Iterator[_Entry]:
    following = iter(statements)
    lines = text.split("\n")
    for passage in passages(text):
        yield from _entries_of(passage, next(following) if is_spoken(passage.text) else None, lines)


def _entries_of(passage: Passage, statement: Statement | None, lines: Sequence[str]) -> Iterator[_Entry]:
    said = list(remarks(passage))
    if statement is not None:
        inner = tuple(remark for remark in said if remark.place[0] <= statement.span.end_line)
        outer = said[len(inner) :]
        margin = next((number for number, remark in enumerate(outer) if remark.place[1] == 1), len(outer))
        yield _Entry(statement, inner, tuple(outer[:margin]), _is_apart(statement.span.line, lines))
        said = outer[margin:]
    yield from (_Entry(None, (remark,), (), _is_apart(remark.place[0], lines)) for remark in said)


def _is_apart(line: int, lines: Sequence[str]) -> bool:
    return line > 1 and not lines[line - 2].strip()


def _rules_apart(entries: Iterable[_Entry]) -> list[_Entry]:
    """With a blank line round each rule; the comments right above one are its own."""
    apart: list[_Entry] = []
    for entry in entries:
        is_behind = bool(apart) and isinstance(apart[-1].statement, Rule)
        apart.append(replace(entry, is_apart=True) if is_behind else entry)
        if isinstance(entry.statement, Rule):
            top = _top(apart)
            apart[top] = replace(apart[top], is_apart=True)
    return apart


def _top(entries: list[_Entry]) -> int:
    """Where the comments right above the last entry begin."""
    top = len(entries) - 1
    while top and not entries[top].is_apart and entries[top - 1].statement is None:
        top -= 1
    return top


def _blocks(entries: Iterable[_Entry]) -> Iterator[list[_Entry]]:
    """What stands between two blank lines."""
    block: list[_Entry] = []
    for entry in entries:
        if entry.is_apart and block:
            yield block
            block = []
        block.append(entry)
    if block:
        yield block


# -- lines -------------------------------------------------------------------------------------------------------------


def _lines(block: list[_Entry]) -> list[Line]:
    """A block's lines: a rule, which is its last, has columns of its own, all others share one."""
    names = [len(entry.statement.name) for entry in block if isinstance(entry.statement, Let)]
    lines: list[Line] = []
    for entry in block:
        if isinstance(entry.statement, Rule):
            lines = [*aligned(lines, COLUMN), *of_rule(entry.statement, entry.said)]
        elif entry.statement is not None:
            lines += plain(entry.statement, entry.said, max(names, default=0))
        else:
            lines += (Line(remark=remark.text) for remark in entry.said)
        lines += (Line("  ", remark=remark.text) for remark in entry.tail)
    return lines if isinstance(block[-1].statement, Rule) else aligned(lines, COLUMN)
