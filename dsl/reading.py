"""From the bytes of a file to the texts of its statements, and what is refused before any grammar sees it.

Rule: whatever comes in, this ends soon and raises nothing; a file that no person wrote is a finding like any other.
A statement begins at the margin, indented lines go on with it: so every mistake stays in its own statement.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Final

from dsl.findings import Finding, error
from dsl.syntax import Span

FILE_BYTES: Final = 1024 * 1024
STATEMENTS: Final = 5000
ALLOWANCES: Final = 5000
NESTING: Final = 64
WORDS: Final = 5000
OPERATORS: Final = 200
"""Walkers of the syntax tree recurse; NESTING and OPERATORS keep every statement far from Python's own limit."""

_BOM: Final = "\ufeff"
_START: Final = Span(1, 1, 1, 2)
_SCRAP: Final = re.compile(r'(?P<comment>(?:#[^\n]*\s*)+)|"[^"\n]*"?|[\w.]+|[<>=!]=|\S')
_MARGIN: Final = re.compile(r"^[^\s#]", re.MULTILINE)
_ALLOWANCE: Final = re.compile(r"\ballow:")
_STRANGER: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|\r(?!\n)")
_OPERATORS: Final = frozenset({"and", "or", "not", "+", "-", "*", "/"})
_NAMED: Final[Mapping[str, str]] = MappingProxyType({"\0": "NUL", "\x1b": "ESC", "\f": "a form feed"})
_OPERATOR: Final = re.compile(r"\b(?:and|or|not)\b|[-+*/]")


@dataclass(frozen=True, slots=True)
class Passage:
    """The text of one statement and the line of the file that it begins on."""

    text: str
    line: int

    def span(self, start: int, end: int) -> Span:
        """The place in the file of a stretch of the text, offsets from 0."""
        line, column = self._place(start)
        return Span(line, column, *self._place(end))

    def _place(self, offset: int) -> tuple[int, int]:
        return self.line + self.text.count("\n", 0, offset), offset - self.text.rfind("\n", 0, offset)


@dataclass(frozen=True, slots=True)
class Scrap:
    """A word, a number, a text in quotes or a sign, with its offset in the passage."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.start + len(self.text)


def decoded(source: bytes) -> tuple[str, tuple[Finding, ...]]:
    """The text of a file, or as much of it as can be shown, and why it is none."""
    if len(source) > FILE_BYTES:
        return "", (error("too-big", f"the file has {len(source)} bytes, at most {FILE_BYTES} are read", _START),)
    text = source.decode("utf-8", errors="replace")
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as refusal:
        at = len(source[: refusal.start].decode())
        message = f"byte 0x{source[refusal.start]:02x} is not UTF-8"
        return text, (error("encoding", message, Passage(text, 1).span(at, at + 1), "save the file as UTF-8"),)
    return text, tuple(_strangers(text))


def crowded(text: str) -> Finding | None:
    """Why a text has too many statements, or comments that allow something, to be read: seen at a glance."""
    for what, pattern, most in (("statements", _MARGIN, STATEMENTS), ("allow: comments", _ALLOWANCE, ALLOWANCES)):
        surplus = next(islice(pattern.finditer(text), most, None), None)
        if surplus is not None:
            message = f"a file has at most {most} {what}; nothing of this one is read"
            return error("too-many", message, Passage(text, 1).span(*surplus.span()), "take the file apart")
    return None


def passages(text: str) -> Iterator[Passage]:
    """The statements of a text, each with all that is indented below it; what is indented above the first, too."""
    start, lines = 1, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        if line and line[0] not in " \t\r#" and lines:
            yield Passage("\n".join(lines), start)
            start, lines = number, []
        lines.append(line)
    yield Passage("\n".join(lines), start)


def scraps(text: str) -> Iterator[Scrap]:
    """The words and signs of a text in order, without blanks and comments."""
    return (Scrap(found[0], found.start()) for found in _SCRAP.finditer(text) if found["comment"] is None)


def is_spoken(text: str) -> bool:
    """Whether it holds more than comments."""
    return next(scraps(text), None) is not None


def comment_start(line: str) -> int | None:
    """The offset of a line's comment; a `#` in quotes begins none."""
    found = (scrap for scrap in _SCRAP.finditer(line) if scrap["comment"] is not None) if "#" in line else ()
    return next((scrap.start() for scrap in found), None)


def overgrown(passage: Passage) -> Finding | None:
    """Why a statement is too deep or too long to be thought through."""
    return _excess(passage) if _may_be_overgrown(passage.text) else None


def _may_be_overgrown(text: str) -> bool:
    """Seen at a glance, comments and quotes counted with the rest, so that hardly any is looked at word by word."""
    return len(text) > WORDS or text.count("(") > NESTING or len(_OPERATOR.findall(text)) > OPERATORS


def _excess(passage: Passage) -> Finding | None:
    depth = operators = 0
    for count, scrap in enumerate(scraps(passage.text), 1):
        depth += (scrap.text == "(") - (scrap.text == ")")
        operators += scrap.text in _OPERATORS
        for measured, limit, code, message in (
            (depth, NESTING, "too-deep", f"brackets stand at most {NESTING} deep"),
            (operators, OPERATORS, "too-long", f"one statement has at most {OPERATORS} of and, or, not, + - * /"),
            (count, WORDS, "too-long", f"one statement has at most {WORDS} words and signs"),
        ):
            if measured > limit:
                return error(code, message, passage.span(scrap.start, scrap.end), "name the parts with let")
    return None


def _strangers(text: str) -> Iterator[Finding]:
    """Characters that no editor puts into a rule file on purpose, the first of them: a line must say what it shows."""
    if text.startswith(_BOM):
        yield error("encoding", "the file begins with a byte order mark", _START, "save it as UTF-8 without BOM")
    stranger = _STRANGER.search(text)
    if stranger is not None:
        yield _stranger(stranger[0], Passage(text, 1).span(stranger.start(), stranger.end()))


def _stranger(character: str, place: Span) -> Finding:
    if character == "\r":
        message = "a carriage return stands here that ends no line"
        return error("encoding", message, place, "save the file with the line ends of Unix or Windows")
    name = _NAMED.get(character, f"U+{ord(character):04X}")
    return error("encoding", f"a character that nobody sees stands here, {name}", place, "take it out")
