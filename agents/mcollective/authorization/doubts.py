"""What is doubtful in a policy that can be read: chiefly where MCollective's own plugin would decide otherwise.

Rule: for people, who write and check policies; no decision depends on it.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from agents.mcollective.authorization.lines import ANY, Line, Policy
from agents.mcollective.authorization.text import Cell, Finding, Mistake, Reading, cells_of, is_compound
from agents.mcollective.ddl import Ddl
from agents.mcollective.errors import MessageError
from agents.mcollective.selection.compound import Fact, Function, Term, parse
from agents.mcollective.selection.data import plugins

_RUBY: Final = "MCollective's own plugin"

_WRITTEN: Final[Mapping[str, str]] = MappingProxyType({"==": "=", "=~": "="})

Doubt = tuple[Cell, str, str]


def doubts(reading: Reading, ddl: Ddl | None = None) -> tuple[Finding, ...]:
    """What can be read and is still worth a look; `ddl` is the agent's that the policy is for, where it is known."""
    text, policy = reading.text, reading.policy
    found = [
        Finding(policy.file, number, at.column, code, message, "warning")
        for number, line in enumerate(text.split("\n"), start=1)
        for at, code, message in _of_line(line)
    ]
    return (*found, *_unreachable(policy), *_of_defaults(text, policy), *(_of_actions(policy, ddl) if ddl else ()))


def _of_line(line: str) -> Iterator[Doubt]:
    words = list(Cell(line, 1).words())
    if line.endswith("\r") and words:
        yield Cell(line, len(line)), "line-end", f"CR LF; {_RUBY} takes the CR for a part of the line; save it with LF"
    if not words or line.startswith("#") or [word.text for word in words[:2]] == ["policy", "default"]:
        return
    if words[0].text.startswith("#"):
        yield words[0], "indented", f"{_RUBY} complains of a comment that does not begin in column 1"
        return
    try:
        cells = cells_of(line)
    except Mistake:
        return
    yield from _of_columns(line, cells)
    yield from _of_conditions(cells[3:])


def _of_columns(line: str, cells: list[Cell]) -> Iterator[Doubt]:
    if "\t" not in line:
        yield cells[0], "spaces", f"no tabs, and read as five columns since it has five words; {_RUBY} skips it"
    elif beside := re.search(r" \t|\t | +\r?$", line):
        yield Cell("", beside.start() + 1), "spaces", f"{_RUBY} takes a space beside a tab for a part of the column"
    if len(cells) == 4 and cells[3].text == ANY:
        yield cells[3], "columns", f"with four columns {_RUBY} never comes to this line; write a fifth one, {ANY}"


def _of_conditions(cells: list[Cell]) -> Iterator[Doubt]:
    for cell in cells:
        if len(cells) == 1 or is_compound(cell):
            yield from ((cell, code, message) for term in _terms(cell) for code, message in _of_term(term))
        else:
            yield from ((word, "comparison", message) for word in cell.words() for message in _differences(word.text))


def _terms(cell: Cell) -> tuple[Term, ...]:
    try:
        return parse(cell.text).terms
    except MessageError:
        return ()


def _of_term(term: Term) -> Iterator[tuple[str, str]]:
    if isinstance(term, Function) and f"{term.name.lower().removesuffix('_data')}_data" not in plugins():
        yield "function", f"{term.name}() is not answered here: a line with it can deny and never allows"
    if isinstance(term, Fact):
        written = f"{term.name}{_WRITTEN.get(term.operator, term.operator)}{term.value}"
        yield from (("comparison", f"{written}: {message}") for message in _differences(written))


def _differences(text: str) -> Iterator[str]:
    """What Ruby's plugin makes of a comparison that it reads otherwise."""
    operators = re.findall("[=<>~]+", text)
    if text.startswith("/") or not operators:
        return
    if len(operators) > 1 or operators[0] not in {"=", "<", ">"}:
        yield f"{_RUBY} splits it at the last of = < >, so that it never holds there"
    elif operators[0] != "=":
        yield f"{_RUBY} compares text here, for which 10 is less than 9"
    elif re.search("=[/\"']", text):
        yield f"{_RUBY} compares with all that stands after the =, as it stands there"


def _unreachable(policy: Policy) -> Iterator[Finding]:
    above: list[Line] = []
    for line in policy.lines:
        cover = next((other for other in above if other.covers(line)), None)
        if cover is None:
            above.append(line)
        else:
            message = f"never comes to decide: line {cover.number} does, whatever is asked"
            yield Finding(policy.file, line.number, 1, "unreachable", message, "warning")


def _of_actions(policy: Policy, ddl: Ddl) -> Iterator[Finding]:
    known = [action.name for action in ddl.actions]
    for line in policy.lines:
        for name in sorted((line.actions or frozenset()).difference(known)):
            message = f"{ddl.agent} has no action “{name}”; it has {', '.join(known)}"
            yield Finding(policy.file, line.number, 1, "no-action", message, "warning")


def _of_defaults(text: str, policy: Policy) -> Iterator[Finding]:
    if policy.default is None:
        message = "no “policy default”; the setting allow_unconfigured decides then; write “policy default deny”"
        yield Finding(policy.file, 1, 1, "no-default", message, "warning")
    for number, line in enumerate(text.split("\n"), start=1):
        if line.split()[:2] == ["policy", "default"] and policy.default and number < policy.default.number:
            message = f"counts for nothing: the last one does, line {policy.default.number}"
            yield Finding(policy.file, number, 1, "default-again", message, "warning")
