"""Boolean expressions over a host's classes, facts and data: what follows `mco -S`, and a policy's columns.

Rule: one Expression for both sources, the text that a person types and the stack that Ruby's client sends; it is kept
in the order it came in, checked to be well-formed, and evaluated without recursion and without `eval`. Every term is
asked, as in Ruby, so that one data function that has no answer makes the whole of it false, whatever stands before it.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from agents.mcollective.errors import MessageError
from agents.mcollective.node import Node
from agents.mcollective.selection.data import DataError, lookup
from agents.mcollective.selection.matching import (
    between_slashes,
    compare,
    compare_field,
    is_regexp,
    is_text,
    named,
    not_understood,
    regexp,
)
from agents.mcollective.serializers import Regexp

MAX_TEXT: Final = 4096
"""Characters."""
MAX_TOKENS: Final = 200
MAX_FUNCTIONS: Final = 10

Word = Literal["and", "or", "not", "(", ")"]


class CompoundError(MessageError):
    """What is no expression; `position` (from 0) is of a character in a text, of an entry in a stack."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__("filter not understood", f"compound, at {position + 1}: {problem}")
        self.position = position
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Class:
    """The host has the class, or one that matches `/name/`."""

    name: str


@dataclass(frozen=True, slots=True)
class Fact:
    """The host has the fact, and it compares."""

    name: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Function:
    """A data function's answer has the field, and it compares. `=~` and `!=~` take a regular expression."""

    name: str
    query: str | None
    field: str
    operator: str
    value: str


Term = Class | Fact | Function


@dataclass(frozen=True, slots=True)
class Expression:
    """Terms with words between; made by `parse` and `from_stack` only, which see to it that it is well-formed."""

    tokens: tuple[Term | Word, ...]

    @property
    def terms(self) -> tuple[Term, ...]:
        """What is asked."""
        return tuple(token for token in self.tokens if not isinstance(token, str))


Placed = tuple[int, Term | Word]
Stack = list[dict[str, Any]]


def _expression(placed: Sequence[Placed], end: int) -> Expression:
    _check_size(placed)
    wants_term, open_ones = True, 0
    for position, token in placed:
        kind = token if isinstance(token, str) else "term"
        if (kind in _BEGINS_A_TERM) is not wants_term:
            raise CompoundError(position, _WANTED[wants_term])
        wants_term = kind in _WANTS_A_TERM
        open_ones += _OPENS.get(kind, 0)
        if open_ones < 0:
            raise CompoundError(position, "a ) without its (")
    if wants_term or open_ones:
        raise CompoundError(end, _WANTED[True] if wants_term else "a ) is missing")
    return Expression(tuple(token for _, token in placed))


def _check_size(placed: Sequence[Placed]) -> None:
    if len(placed) > MAX_TOKENS:
        raise CompoundError(placed[MAX_TOKENS][0], f"more than {MAX_TOKENS} words and terms")
    functions = [position for position, token in placed if isinstance(token, Function)]
    if len(functions) > MAX_FUNCTIONS:
        raise CompoundError(functions[MAX_FUNCTIONS], f"more than {MAX_FUNCTIONS} data functions")


_BEGINS_A_TERM: Final = frozenset({"term", "not", "("})
_WANTS_A_TERM: Final = frozenset({"not", "(", "and", "or"})
_OPENS: Final = MappingProxyType({"(": 1, ")": -1})
_WANTED: Final = MappingProxyType({
    True: "a class, a fact=value or a data function is wanted here",
    False: "“and”, “or” or ) is wanted here",
})  # fmt: skip


def evaluate(expression: Expression, node: Node) -> bool:
    """Whether it is true of the host; false where a data function has no answer. MessageError as `compare` has it."""
    glance = _Glance(cache(node.facts), cache(node.classes), cache(lambda name, query: lookup(name, query, node)))
    try:
        truths = [_TRUTHS[type(term)](term, glance) for term in expression.terms]
    except DataError:
        return False
    return _combined(expression.tokens, iter(truths))


@dataclass(frozen=True, slots=True)
class _Glance:
    """What of a host is looked up at most once for an expression."""

    facts: Callable[[], Mapping[str, Any]]
    classes: Callable[[], Collection[str]]
    lookup: Callable[[str, str | None], Mapping[str, Any]]


def _is_true_of_data(term: Function, glance: _Glance) -> bool:
    have = glance.lookup(term.name, term.query).get(term.field)
    # MCollective's own rule, from when queries could reach a shell.
    return "`" not in (term.query or "") and compare_field(term.operator, have, term.value)


_TRUTHS: Final[Mapping[type[Term], Callable[[Any, _Glance], bool]]] = MappingProxyType({
    Class: lambda term, glance: named(term.name, glance.classes()),
    Fact: lambda term, glance: compare(term.operator, glance.facts().get(term.name), term.value),
    Function: _is_true_of_data,
})  # fmt: skip


def _combined(tokens: Sequence[Term | Word], truths: Iterator[bool]) -> bool:
    """Dijkstra's shunting yard: a word waits until one that binds less comes."""
    values: list[bool] = []
    waiting: list[str] = []
    for part in tokens:
        if not isinstance(part, str):
            values.append(next(truths))
            continue
        while part not in _BEGINS_A_TERM and waiting and _BINDS[waiting[-1]] >= _BINDS[part]:
            _APPLY[waiting.pop()](values)
        if part == ")":
            waiting.pop()
        else:
            waiting.append(part)
    while waiting:
        _APPLY[waiting.pop()](values)
    return values.pop()


def _not(values: list[bool]) -> None:
    values[-1] = not values[-1]


def _and(values: list[bool]) -> None:
    right = values.pop()
    values[-1] = values[-1] and right


def _or(values: list[bool]) -> None:
    right = values.pop()
    values[-1] = values[-1] or right


_BINDS: Final = MappingProxyType({"(": 0, ")": 1, "or": 2, "and": 3, "not": 4})
_APPLY: Final = MappingProxyType({"not": _not, "and": _and, "or": _or})


def from_stack(stack: Any) -> Expression:
    """What a Ruby client sends for it, as a Ruby server reads it; CompoundError where one would give up, too."""
    if not isinstance(stack, list):
        raise CompoundError(0, "a list is wanted")
    placed = []
    for position, entry in enumerate(stack[: MAX_TOKENS + 1]):
        try:
            placed.append((position, _token(entry)))
        except MessageError as error:
            raise CompoundError(position, error.message) from None
    return _expression(placed, len(stack))


def to_stack(expression: Expression) -> Stack:
    """What a Ruby server reads it from; CompoundError where one would read something else."""
    stack = [_entry(token) for token in expression.tokens]
    for position, (meant, understood) in enumerate(zip(expression.tokens, from_stack(stack).tokens, strict=True)):
        if meant != understood:
            raise CompoundError(position, f"MCollective would take {meant} for {understood}")
    return stack


def _token(entry: Any) -> Term | Word:
    if not isinstance(entry, dict) or len(entry) != 1:
        not_understood("a mapping of one key is wanted")
    [(kind, content)] = entry.items()
    if kind in _WORDS:
        return _WORDS[kind]
    return _TERMS[kind](content) if kind in _TERMS else not_understood("neither a word nor a statement")


def _statement(content: Any) -> Class | Fact:
    if not is_text(content):
        not_understood("a statement is a string")
    operator = _FACT_OPERATOR.search(content)
    if is_regexp(content) or operator is None:
        return Class(content)
    pieces = content.split(operator[0])
    while pieces and not pieces[-1]:
        pieces.pop()
    if len(pieces) < 2:
        not_understood("a fact without a value")
    # In Ruby, too, `a==b` compares with the nothing between the two, and a third piece is forgotten.
    return Fact(pieces[0], "=~" if pieces[1].startswith("/") else _LONG.get(operator[0], operator[0]), pieces[1])


def _fstatement(content: Any) -> Function:
    if not isinstance(content, dict):
        not_understood("an fstatement is a mapping")
    operator, value = _text_of(content, "operator").strip(), content.get("r_compare")
    return Function(
        name=_text_of(content, "name"),
        query=None if content.get("params") is None else _text_of(content, "params"),
        field=_text_of(content, "value"),
        operator=_LONG.get(operator, operator),
        value=_source(value) if isinstance(value, Regexp) else _text_of(content, "r_compare"),
    )


def _text_of(content: dict[Any, Any], key: str) -> str:
    text = content.get(key)
    return text if is_text(text) else not_understood(f"an fstatement's {key} is a string")


def _source(value: Regexp) -> str:
    found = _WIRE_REGEXP.fullmatch(value.source)
    return f"{_FLAGS[found[2]]}{found[1]}" if found else not_understood("a regular expression with unknown flags")


_FACT_OPERATOR: Final = re.compile(">=|<=|=|<|>")
_LONG: Final = MappingProxyType({"=": "=="})
_WIRE_REGEXP: Final = re.compile("/(.*)/(i?)", re.DOTALL)
_FLAGS: Final = MappingProxyType({"": "", "i": "(?i)"})
_WORDS: Final[Mapping[Any, Word]] = MappingProxyType({word: word for word in get_args(Word)})
_TERMS: Final[Mapping[Any, Callable[[Any], Term]]] = MappingProxyType({
    "statement": _statement,
    "fstatement": _fstatement,
})  # fmt: skip


def _entry(token: Term | Word) -> dict[str, Any]:
    match token:
        case Class(name):
            return {"statement": name}
        case Fact(name, operator, value):
            return {"statement": f"{name}{_SHORT.get(operator, operator)}{value}"}
        case Function(name, query, field, operator, value):
            content = {"name": name, "params": query, "value": field, "operator": operator, "r_compare": value}
            return {"fstatement": content}
        case word:
            return {word: word}


_SHORT: Final = MappingProxyType({"==": "=", "=~": "="})


def parse(text: str) -> Expression:
    """What a person writes: `xen and (country=de or not fstat('/etc/hosts').size > 0)`; CompoundError with the place.

    A fact's value, and a field's, is a word, "a quoted text" or a /regular expression/.
    """
    if len(text) > MAX_TEXT:
        raise CompoundError(MAX_TEXT, f"more than {MAX_TEXT} characters")
    return _expression(list(_scan(text)), len(text))


def _scan(text: str) -> Iterator[Placed]:
    position = len(text) - len(text.lstrip())
    while position < len(text):
        token, end = _next(text, position)
        yield position, token
        position = len(text) - len(text[end:].lstrip())


def _next(text: str, position: int) -> tuple[Term | Word, int]:
    for lexeme, build in _LEXEMES:
        if found := lexeme.match(text, position):
            try:
                return build(found), found.end()
            except MessageError as error:
                raise CompoundError(position, error.message) from None
    hints = (hint for beginning, hint in _HINTS if beginning.match(text, position))
    raise CompoundError(position, next(hints, _WANTED[True]))


def _fact(found: re.Match[str]) -> Fact:
    operator, value = _compared(found, _FACT_SEARCHES)
    return Fact(found["name"], operator, f"/{value}/" if operator == "=~" else value)


def _function(found: re.Match[str]) -> Function:
    query = found["query"]
    return Function(
        found["name"], query[1:-1] if query else None, found["field"], *_compared(found, _FUNCTION_SEARCHES)
    )


def _compared(found: re.Match[str], searches: Mapping[str, str]) -> tuple[str, str]:
    """The operator and the value; an operator with a regular expression is another one."""
    operator, written = found["operator"], found["value"]
    if written[0] != "/" and not operator.endswith("~"):
        return _LONG.get(operator, operator), _unquoted(written)
    if operator not in searches:
        not_understood(f"{operator} compares with no regular expression")
    source = between_slashes(written)
    regexp(source)
    return searches[operator], source


def _unquoted(written: str) -> str:
    return re.sub(r"\\(.)", r"\1", written[1:-1]) if written[0] in "\"'" else written


_FACT_SEARCHES: Final = MappingProxyType({"=": "=~", "==": "=~", "=~": "=~"})
_FUNCTION_SEARCHES: Final = MappingProxyType({**_FACT_SEARCHES, "!=": "!=~", "!=~": "!=~"})

_NAME: Final = r"""[^\s()!=<>/"'~]+"""
_END: Final = r"(?![^\s)])"
_QUOTED: Final = r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
_VALUE: Final = rf"""\s*(?P<value>/(?:\\.|[^\\/\n])+/|{_QUOTED}|[^\s()"'/=<>!~][^\s()"']*){_END}"""
_LEXEMES: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Term | Word]], ...]] = (
    (re.compile(r"(?:and|or|not)(?=[\s(!]|$)|[()!]"), lambda found: "not" if found[0] == "!" else _WORDS[found[0]]),
    (
        re.compile(
            rf"(?P<name>\w+)\(\s*(?P<query>'[^']*'|\"[^\"]*\")?\s*\)\.(?P<field>\w+)"
            rf"\s*(?P<operator>!=~|=~|!=|==|<=|>=|=|<|>){_VALUE}",
            re.ASCII,
        ),
        _function,
    ),
    (re.compile(rf"(?P<name>{_NAME})\s*(?P<operator>=~|==|<=|>=|=|<|>){_VALUE}"), _fact),
    (re.compile(rf"(?:{_NAME}|/[^/\n]+/){_END}(?!\s*(?:!=|[=<>]))"), lambda found: Class(found[0])),
)
_HINTS: Final = tuple((re.compile(beginning), hint) for beginning, hint in (
    (rf"{_NAME}\s*!=", "!= is for data functions; for a fact write “not fact=value”"),
    (rf"{_NAME}\s*[=<>]", "a fact is compared by = < > <= >= with a word, a “text” or a /regular expression/"),
    (rf"{_NAME}\(", "a data function is written name('query').field=value"),
    ("/", "a regular expression ends with a / and no further one"),
))  # fmt: skip
