"""How an ActionPolicy file is read: its text to lines that can decide, and what is wrong in it.

Rule: a line is understood whole or it is a mistake, and with one mistake the policy is none, because that line may have
been the `deny` that counts.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from agents.mcollective.authorization.lines import ANY, Condition, Default, Line, Policy
from agents.mcollective.errors import MessageError
from agents.mcollective.node import Node
from agents.mcollective.selection.compound import Class, CompoundError, Expression, Fact, Function, evaluate, parse
from agents.mcollective.selection.data import DataError, lookup
from agents.mcollective.selection.matching import is_regexp, regexp

MAX_BYTES: Final = 1024 * 1024

Groups = Mapping[str, frozenset[str]]
NO_GROUPS: Final[Groups] = MappingProxyType({})


class PolicyError(Exception):
    """A policy that cannot be read, so that nothing is allowed; `FILE:LINE:COL: code: what is wrong; what to do`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong (`error`: nothing is allowed until it is mended) or doubtful at a place; columns count from 1."""

    file: str
    line: int
    column: int
    code: str
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says, as far as it can be read, and what is wrong with it."""

    text: str
    policy: Policy
    findings: tuple[Finding, ...] = ()

    def sound(self) -> Policy:
        """The policy; PolicyError with the first mistake where there is one."""
        mistakes = [finding for finding in self.findings if finding.severity == "error"]
        if mistakes:
            more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
            raise PolicyError(f"{mistakes[0]}{more}")
        return self.policy


def read_file(path: Path) -> Reading:
    """A policy's file, with the groups beside it, if there are any."""
    groups_file = path.with_name("groups")
    return _reading(_text(path), str(path), _text(groups_file, missing=""), str(groups_file))


def read_groups_file(path: Path) -> tuple[Finding, ...]:
    """What is wrong in a file of groups."""
    return _groups(_text(path), str(path))[1]


@lru_cache(maxsize=32)
def _reading(text: str | Finding, file: str, groups_text: str | Finding, groups_file: str) -> Reading:
    """Files are read for each request; the same texts are understood once."""
    groups, findings = _groups(groups_text, groups_file)
    if isinstance(text, Finding):
        return Reading("", Policy(file), (*findings, text))
    reading = read(text, file, groups)
    return replace(reading, findings=(*findings, *reading.findings))


def _groups(text: str | Finding, file: str) -> tuple[Groups, tuple[Finding, ...]]:
    return (NO_GROUPS, (text,)) if isinstance(text, Finding) else read_groups(text, file)


def _text(path: Path, missing: str | None = None) -> str | Finding:
    """The file's text, or what is wrong with it; `missing` where there is none."""
    try:
        with path.open("rb") as file:
            source = file.read(MAX_BYTES + 1)
    except OSError as error:
        if missing is not None and isinstance(error, FileNotFoundError):
            return missing
        advice = "write one with “policy default deny” and what is allowed"
        return Finding(str(path), 1, 1, "unreadable", f"{error.strerror or error}; {advice}")
    if len(source) > MAX_BYTES:
        return Finding(str(path), 1, 1, "too-large", f"more than {MAX_BYTES} bytes")
    try:
        return source.decode()
    except UnicodeDecodeError as error:
        return Finding(str(path), 1, 1, "encoding", f"byte {error.start} is not UTF-8; save the file as UTF-8")


# -- lines


@dataclass(frozen=True, slots=True)
class Cell:
    """A column's text, or a word of it, and where it begins."""

    text: str
    column: int

    def words(self) -> Iterator["Cell"]:
        """What has white space between."""
        return (Cell(found[0], self.column + found.start()) for found in re.finditer(r"\S+", self.text))


class Mistake(Exception):  # noqa: N818 - it becomes a finding
    """A line that cannot be read, and where that begins."""

    def __init__(self, code: str, message: str, column: int = 1) -> None:
        super().__init__(message)
        self.code, self.message, self.column = code, message, column


_Read = Line | Default | Finding

_WANTED: Final = "allow or deny, callers, actions, facts and classes, with tabs between"
_VERDICTS: Final[Mapping[str, bool]] = MappingProxyType({"allow": True, "deny": False})
CALLER: Final = re.compile(r"\w+=[\w.-]+", re.ASCII)
_NAME: Final = re.compile(r"[\w.-]+", re.ASCII)


def read(text: str, file: str, groups: Groups = NO_GROUPS) -> Reading:
    """The policy in a text; of several defaults the last one counts."""
    lines = enumerate(text.split("\n"), start=1)
    found = [part for number, line in lines for part in _line(file, number, line.removesuffix("\r"), groups)]
    defaults = [part for part in found if isinstance(part, Default)]
    policy = Policy(file, tuple(part for part in found if isinstance(part, Line)), defaults[-1] if defaults else None)
    return Reading(text, policy, tuple(part for part in found if isinstance(part, Finding)))


def _line(file: str, number: int, text: str, groups: Groups) -> Iterator[_Read]:
    words = text.split()
    if not words or words[0].startswith("#"):
        return
    try:
        _check_characters(text)
        if words[:2] == ["policy", "default"]:
            yield Default(file, number, _verdict(" ".join(words[2:]), 1))
        else:
            yield _rule(file, number, text, groups)
    except Mistake as mistake:
        yield Finding(file, number, mistake.column, mistake.code, mistake.message)


def _check_characters(text: str) -> None:
    odd = next((at for at, character in enumerate(text) if character != "\t" and not character.isprintable()), None)
    if odd is not None:
        raise Mistake("character", f"U+{ord(text[odd]):04X} cannot stand here; take it out", odd + 1)
    if text[0].isspace():
        raise Mistake("indented", "begins with white space; begin in column 1")


def _rule(file: str, number: int, text: str, groups: Groups) -> Line:
    verdict, callers, actions, *conditions = cells_of(text)
    return Line(
        file,
        number,
        " ".join(text.split()),
        _verdict(verdict.text, verdict.column),
        _callers(callers, groups),
        _actions(actions),
        tuple(_conditions(conditions)),
    )


def _verdict(word: str, column: int) -> bool:
    if word not in _VERDICTS:
        raise Mistake("verdict", f"“{word}” is neither allow nor deny; wanted are {_WANTED}", column)
    return _VERDICTS[word]


def cells_of(text: str) -> list[Cell]:
    """Four or five columns; Mistake where there are none.

    A line without any tab has five if it has five words, as the first announcement prints them.
    """
    if "\t" not in text:
        cells = list(Cell(text, 1).words())
        wanted = len(cells) == 5
    else:
        cells = [_stripped(found[0], found.start() + 1) for found in re.finditer(r"[^\t]+", text.rstrip())]
        wanted = len(cells) in {4, 5} and all(cell.text for cell in cells)
    if not wanted:
        raise Mistake("columns", f"wanted are {_WANTED}")
    return cells


def _stripped(text: str, column: int) -> Cell:
    return Cell(text.strip(), column + len(text) - len(text.lstrip()))


def _names(cell: Cell, code: str) -> tuple[Cell, ...] | None:
    """The words of a column; None where it is any."""
    words = tuple(cell.words())
    stars = [word for word in words if word.text == ANY]
    if stars and len(words) > 1:
        raise Mistake(code, f"{ANY} stands alone, or names with spaces between", stars[0].column)
    return None if stars else words


def _callers(cell: Cell, groups: Groups) -> frozenset[str] | None:
    names = _names(cell, "caller")
    return None if names is None else frozenset().union(*(_caller(name, groups) for name in names))


def _caller(name: Cell, groups: Groups) -> frozenset[str]:
    if CALLER.fullmatch(name.text):
        return frozenset({name.text})
    if not _NAME.fullmatch(name.text):
        raise Mistake("caller", f"“{name.text}” is no caller like cert=NAME or uid=0, and no group", name.column)
    if name.text not in groups:
        advice = "write a line for it in the file “groups” beside this one"
        raise Mistake("group", f"there is no group “{name.text}”; {advice}", name.column)
    return groups[name.text]


def _actions(cell: Cell) -> frozenset[str] | None:
    names = _names(cell, "action")
    if names is None:
        return None
    wrong = next((name for name in names if not _NAME.fullmatch(name.text)), None)
    if wrong:
        raise Mistake("action", f"“{wrong.text}” is no name of an action", wrong.column)
    return frozenset(name.text for name in names)


# -- conditions

_COMPOUND: Final = re.compile(r"!|(and|or|not)$|[^/]*[()]")
"""A word that makes its column a compound expression; parentheses within /…/ are a regular expression's."""


def _conditions(cells: list[Cell]) -> Iterator[Condition]:
    if len(cells) == 1:
        if cells[0].text != ANY:
            yield _compound(cells[0])
        return
    for cell, kind in zip(cells, (Fact, Class), strict=True):
        if is_compound(cell):
            yield _compound(cell)
        else:
            yield from (_listed(word, kind) for word in _names(cell, "condition") or ())


def is_compound(cell: Cell) -> bool:
    """The column is an expression, and no list of facts or classes."""
    return any(_COMPOUND.match(word.text) for word in cell.words())


def _parsed(cell: Cell) -> Expression:
    try:
        expression = parse(cell.text)
        for term in expression.terms:
            if isinstance(term, Class) and is_regexp(term.name):
                regexp(term.name.replace("/", ""))
    except CompoundError as error:
        raise Mistake("condition", error.problem, cell.column + error.position) from None
    except MessageError as error:
        raise Mistake("condition", error.message, cell.column) from None
    return expression


def _listed(word: Cell, kind: type[Fact | Class]) -> Condition:
    expression = _parsed(word)
    if not all(isinstance(token, kind) for token in expression.tokens):
        advice = "facts are the fourth column and classes the fifth, or “and”, “or”, “not” between"
        raise Mistake("condition", f"“{word.text}” is no {kind.__name__.lower()}; {advice}", word.column)
    return Condition(word.text, lambda node: evaluate(expression, node))


def _compound(cell: Cell) -> Condition:
    expression = _parsed(cell)
    functions = tuple(term for term in expression.terms if isinstance(term, Function))

    def holds(node: Node) -> bool:
        for function in functions:
            _ask(function, node)
        return evaluate(expression, node)

    return Condition(cell.text, holds)


def _ask(function: Function, node: Node) -> None:
    """MessageError where there is no answer; a filter takes that for a plain no."""
    try:
        answer = lookup(function.name, function.query, node)
    except DataError as error:
        raise MessageError("policy", str(error)) from None
    if function.field not in answer:
        raise MessageError("policy", f"{function.name}() has no {function.field}")


# -- groups


def read_groups(text: str, file: str) -> tuple[Groups, tuple[Finding, ...]]:
    """Who is in which group: a line for each, its name and then callers, with spaces between."""
    groups: dict[str, frozenset[str]] = {}
    findings: list[Finding] = []
    for number, line in enumerate(text.split("\n"), start=1):
        words = list(Cell(line, 1).words())
        if not words or words[0].text.startswith("#"):
            continue
        findings += [Finding(file, number, at.column, "group", what) for at, what in _wrong_in_group(words, groups)]
        groups[words[0].text] = frozenset(word.text for word in words[1:])
    return groups, tuple(findings)


def _wrong_in_group(words: list[Cell], groups: Groups) -> Iterator[tuple[Cell, str]]:
    name, *members = words
    if not _NAME.fullmatch(name.text):
        yield name, f"“{name.text}” is no name of a group; letters, digits, “_”, “.” and “-”"
    if name.text in groups:
        yield name, f"“{name.text}” stands there twice; make one line of both"
    for member in members:
        if not CALLER.fullmatch(member.text):
            yield member, f"“{member.text}” is no caller like cert=NAME or uid=0; groups hold no groups"
