"""From text to the syntax tree, and from a syntax mistake to a sentence that helps.

Rule: every statement is parsed alone, so that all mistakes of a file are told at once; nothing here knows what the
words mean. This is the only file that knows Lark.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from lark import Lark, Token, Transformer_NonRecursive, v_args
from lark.exceptions import UnexpectedInput, UnexpectedToken
from lark.lexer import Pattern, PatternRE, PatternStr, TerminalDef
from lark.tree import Meta

from dsl.findings import SHOWN, Finding, did_you_mean, error
from dsl.reading import STATEMENTS, Passage, Scrap, overgrown, passages, scraps, single_spaced
from dsl.syntax import (
    All,
    Amount,
    Arithmetic,
    Balance,
    Both,
    Cap,
    Choice,
    Compare,
    Drain,
    Either,
    Every,
    Freeze,
    Gate,
    Hours,
    Keep,
    Key,
    Let,
    Limit,
    Member,
    Name,
    NamedSet,
    Never,
    Not,
    One,
    Over,
    Pack,
    Pick,
    Relation,
    Reserve,
    Rest,
    Rule,
    Set,
    Span,
    Statement,
    Sum,
    Test,
    Text,
    When,
    Window,
)
from dsl.units import MISTAKEN

_FOREIGN: Final[Mapping[str, str]] = MappingProxyType({"=": "==", "&": "and", "|": "or", "!": "not", "'": '"'})
"""What other languages write, and the word for it here."""

_OWNERS: Final = frozenset({"host", "vm", "source", "after", "farm"})
_Journey = tuple[Set, Set | None, Set | None, Hours | None]
_PERIODS: Final = ("round", "hour", "day")
_WORDS: Final = re.compile(r"\(\?:([A-Za-z0-9%|]+)\)")
_WORD_END: Final = r"(?!(?<=[A-Za-z0-9_])[A-Za-z0-9_.])"
_DESCRIBED: Final[Mapping[str, str]] = MappingProxyType({
    "$END": "the end of the statement", "UNIT": "a unit", "NUMBER": "a number", "NAME": "a name", "REF": "a name",
    "STRING": "text in quotes", "CMP": "a comparison", "SIGN": "+ or -", "TIMES": "* or /", "FUNCTION": "an aggregate",
    "ONCE": "at once", "DAYS": "days", "HOURS": "hours", "ZONE": "a time zone",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parsed:
    """The statements that could be read, in file order, and what is wrong with the others."""

    statements: tuple[Statement, ...]
    findings: tuple[Finding, ...]


def parse(text: str) -> Parsed:
    """Read all statements of a file; raises nothing, whatever the text."""
    statements: list[Statement] = []
    findings: list[Finding] = []
    for count, passage in enumerate(_spoken(text), 1):
        if count > STATEMENTS or len(findings) > SHOWN:
            findings.append(error("too-many", "nothing is read from here on", passage.span(0, 1), _limit(count)))
            break
        read = _read(passage)
        statements += read.statements
        findings += read.findings
    return Parsed(tuple(statements), tuple(findings))


@cache
def reserved_words() -> frozenset[str]:
    """Every word of the grammar: none of them can be a name that a `let` gives."""
    words = (word for terminal in _grammar().terminals for word in _words(terminal.pattern))
    return frozenset(word for word in words if word.isalnum())


def _spoken(text: str) -> Iterable[Passage]:
    """The passages that hold more than comments."""
    return (passage for passage in passages(text) if next(scraps(passage.text), None) is not None)


def _limit(count: int) -> str:
    return f"a file has at most {STATEMENTS} statements" if count > STATEMENTS else "mend the mistakes above first"


def _read(passage: Passage) -> Parsed:
    refused = _out_of_place(passage) or overgrown(passage)
    if refused is not None:
        return Parsed((), (refused,))
    try:
        tree = _grammar().parse(passage.text)
    except UnexpectedInput as mistake:
        return Parsed((), (_Mistake.of(passage, mistake).finding(),))
    builder = _Builder(passage)
    statement = builder.transform(tree)
    return Parsed((statement,), tuple(builder.findings))


def _out_of_place(passage: Passage) -> Finding | None:
    first = next(scraps(passage.text))
    place = passage.span(first.start, first.end)
    if place.column == 1:
        return None
    return error(
        "syntax", "an indented line goes on with a statement, and none stands above", place, "begin at the margin"
    )


# -- the grammar -------------------------------------------------------------------------------------------------------


@cache
def _grammar() -> Lark:
    return Lark.open_from_package(
        "dsl",
        "rules.lark",
        start="statement",
        parser="lalr",
        lexer="contextual",
        propagate_positions=True,
        edit_terminals=_end_with_the_word,
    )


def _end_with_the_word(terminal: TerminalDef) -> None:
    """Without this `whenever` would be read as `when` and `ever`, and `host.cpu` as `host` and a stray dot."""
    words = _words(terminal.pattern)
    if words:
        terminal.pattern = PatternRE(f"(?:{'|'.join(words)}){_WORD_END}")
        terminal.priority = 1


def _words(pattern: Pattern) -> tuple[str, ...]:
    """The words that a terminal stands for: one keyword, a choice of some, or none."""
    if isinstance(pattern, PatternStr):
        return (pattern.value,) if pattern.value.isalnum() else ()
    choice = _WORDS.match(pattern.value)
    return tuple(choice[1].split("|")) if choice else ()


# -- syntax mistakes ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Mistake:
    """Where the parser stopped: what stood before, what stands there (None: nothing more), what could stand there."""

    passage: Passage
    before: Scrap | None
    found: Scrap | None
    wanted: frozenset[str]

    @classmethod
    def of(cls, passage: Passage, mistake: UnexpectedInput) -> "_Mistake":
        """Told from the text itself, since Lark's own account knows no comments and wants more than it would take."""
        wanted = frozenset[str](mistake.interactive_parser.accepts())  # type: ignore[no-untyped-call]  # Lark leaves it untyped
        if isinstance(mistake, UnexpectedToken) and mistake.token.type == "$END":
            *_, last = scraps(passage.text)
            return cls(passage, last, None, wanted)
        return cls(passage, *_around(passage.text, mistake.pos_in_stream or 0), wanted)

    def finding(self) -> Finding:
        """The sentence, the place, the way out."""
        wanted = " · ".join(_descriptions(self.wanted))
        return error("syntax", f"{self._complaint()}; wanted: {wanted}", self._place(), self._hint())

    def _complaint(self) -> str:
        if self.found is None:
            return f"the statement cannot end after {_quoted(self.before)}"
        if self.before is None:
            return f"{_quoted(self.found)} cannot begin a statement"
        return f"{_quoted(self.found)} cannot stand after {_quoted(self.before)}"

    def _place(self) -> Span:
        """The words in question; behind the last good one where they stand on a later line or nowhere."""
        if self.found is None:
            return self._behind()
        place = self.passage.span(self.found.start, self.found.end)
        return place if self.before is None or place.line == self._behind().line else self._behind()

    def _behind(self) -> Span:
        last = self.passage.span(0, self.before.end if self.before else 0)
        return Span(last.end_line, last.end_column + 1, last.end_line, last.end_column + 2)

    def _hint(self) -> str:
        if self.found is None:
            return ""
        hints = (self._quotes, self._farm_name, self._too_long, self._unit, self._near)
        return next(filter(None, (hint(self.found) for hint in hints)), "")

    def _quotes(self, found: Scrap) -> str:
        if found.text.startswith('"') and "STRING" in self.wanted:
            return "quotes open and close on one line, with at most 200 plain characters between them"
        if found.text.startswith('"') and self.before is not None:
            return did_you_mean(self.before.text, ("tagged", "named"))
        bare = found.text[0].isdigit() or ("NAME" not in self.wanted and found.text[0].isalpha())
        if bare and "STRING" in self.wanted:
            return f'text goes in quotes: "{_run(self.passage.text, found)}"'
        return ""

    def _farm_name(self, found: Scrap) -> str:
        run = _run(self.passage.text, found)
        glued = self.before is not None and self.before.end == found.start and not run.isidentifier()
        behind_thing = re.search(r"\b(host|vm)\s+\S*\Z", self.passage.text[: found.start]) is not None
        return f'names from the farm go in quotes: "{run}"' if glued and behind_thing else ""

    def _unit(self, found: Scrap) -> str:
        meant = MISTAKEN.get(found.text) if "UNIT" in self.wanted else None
        return f"did you mean {meant}?" if meant else ""

    def _near(self, found: Scrap) -> str:
        if found.text in _FOREIGN:
            return f"did you mean {_FOREIGN[found.text]}?"
        words = {word for name in self.wanted for word in _vocabulary().get(name, ())}
        return did_you_mean(found.text, words) or self._owned(found)

    def _owned(self, found: Scrap) -> str:
        owner, name = self.before.text.lower() if self.before else "", found.text.lstrip(".")
        return f"did you mean {owner}.{name}?" if owner in _OWNERS and name.isidentifier() else ""

    def _too_long(self, found: Scrap) -> str:
        glued = self.before is not None and self.before.end == found.start and self.before.text.isalnum()
        return "a number has at most 15 digits, a name 64 letters" if glued and found.text.isalnum() else ""


def _around(text: str, position: int) -> tuple[Scrap | None, Scrap | None]:
    """The scraps before and at a position, cut there where the position is in the midst of one."""
    before = None
    for scrap in scraps(text):
        if scrap.end > position:
            cut = max(0, position - scrap.start)
            return Scrap(scrap.text[:cut], scrap.start) if cut else before, Scrap(scrap.text[cut:], scrap.start + cut)
        before = scrap
    return before, None


def _run(text: str, found: Scrap) -> str:
    """All that is written in one go round a scrap: a farm's own names hold dots and dashes."""
    head = re.search(r"[\w.-]*\Z", text[: found.start])
    tail = re.match(r"[\w.-]*", text[found.start :])
    return (head[0] if head else "") + (tail[0] if tail else "")


def _quoted(scrap: Scrap | None) -> str:
    text = scrap.text if scrap else ""
    shown = "".join(character if character.isprintable() else f"U+{ord(character):04X}" for character in text[:40])
    return f"“{shown}…”" if len(text) > 40 else f"“{shown}”"


def _descriptions(wanted: Iterable[str]) -> list[str]:
    """Keywords first, then what stands for many."""
    described = {_DESCRIBED[name] for name in wanted if name in _DESCRIBED}
    words = {word for name in wanted if name not in _DESCRIBED for word in _vocabulary()[name]}
    return sorted(words) + sorted(described)


@cache
def _vocabulary() -> Mapping[str, tuple[str, ...]]:
    """What each terminal may look like, where that can be listed."""
    listed = {terminal.name: terminal.pattern for terminal in _grammar().terminals}
    return {name: _words(pattern) or (pattern.value.replace("\\", ""),) for name, pattern in listed.items()}


# -- the syntax tree ---------------------------------------------------------------------------------------------------


@v_args(inline=True, meta=True)
class _Builder(Transformer_NonRecursive[Token, Statement]):
    """One method for each rule of the grammar, under its name; it gets the parts built, keywords left out."""

    def __init__(self, passage: Passage) -> None:
        super().__init__(visit_tokens=False)
        self._passage = passage
        self._lines = passage.text.split("\n")
        self.findings: list[Finding] = []

    # what to do

    def every(self, meta: Meta, amount: Amount) -> Every:
        return Every(amount, self._span(meta))

    def let(self, meta: Meta, name: Token, named: Set) -> Let:
        return Let(str(name), named, self._span(meta))

    def rule(self, meta: Meta, name: Token, *clauses: Any) -> Rule:
        when, move, to, until = clauses
        return Rule(str(name), when, move, to, until, self._span(meta))

    def when(self, meta: Meta, held: Test, hold: Amount | None, now: Test | None) -> When:
        return When(held, hold, now, self._span(meta))

    def move(self, meta: Meta, by: tuple[Key, ...], *where: Gate) -> Choice:
        return Choice(by, where, self._span(meta))

    to = move

    def until(self, _meta: Meta, test: Test) -> Test:
        return test

    def by(self, _meta: Meta, *keys: Key) -> tuple[Key, ...]:
        return keys

    def key(self, meta: Meta, direction: Token, of: Sum) -> Key:
        return Key(str(direction), of, self._span(meta))

    def where(self, meta: Meta, test: Test, label: Token | None) -> Gate:
        return Gate(test, _unquoted(label) or self._source(test.span), self._span(meta))

    def drain(self, meta: Meta, hosts: Set) -> Drain:
        return Drain(hosts, self._span(meta))

    def balance(self, meta: Meta, signal: Token, within: Amount, most: tuple[int, Amount | None]) -> Balance:
        return Balance(str(signal), within, *most, self._span(meta))

    def pack(self, meta: Meta, *parts: Any) -> Pack:
        *where, (count, gaining) = parts
        return Pack(tuple(where), count, gaining, self._span(meta))

    def at_most(self, _meta: Meta, count: Token, gaining: Amount | None) -> tuple[int, Amount | None]:
        return self._count(count), gaining

    # walls and wishes

    def keep(self, meta: Meta, word: Token, *parts: Any) -> Keep:
        *kept, cost = parts
        vms, relation = kept[0] if len(kept) == 1 else kept
        return Keep(word == "keep", vms, relation, cost, single_spaced(self._passage.text), self._span(meta))

    def spread(self, _meta: Meta, count: Token, vms: Set, per: Token) -> tuple[Set, Relation]:
        return vms, Relation("at_most", count=self._count(count), per=str(per))

    def apart(self, _meta: Meta, other: Set | None) -> Relation:
        return Relation("apart_from" if other else "apart", other)

    def together(self, _meta: Meta) -> Relation:
        return Relation("together")

    def beside(self, _meta: Meta, other: Set) -> Relation:
        return Relation("with", other)

    def on(self, _meta: Meta, hosts: Set) -> Relation:
        return Relation("on", hosts)

    def never(self, meta: Meta, journey: _Journey, excepted: tuple[str, ...] | None) -> Never:
        return replace(self.avoid(meta, journey, excepted, None), hard=True)

    def avoid(self, meta: Meta, journey: _Journey, excepted: tuple[str, ...] | None, cost: float | None) -> Never:
        text = single_spaced(self._passage.text)
        vms, source, target, during = journey
        return Never(
            hard=False, vms=vms, source=source, target=target, during=during,
            excepted=excepted or (), cost=cost, text=text, span=self._span(meta),
        )  # fmt: skip

    def journey(self, _meta: Meta, vms: Set, source: Set | None, target: Set | None, during: Hours | None) -> _Journey:
        return vms, source, target, during

    def cost(self, _meta: Meta, number: Token) -> float:
        return float(number)

    # how much, how often, when

    def reserve(self, meta: Meta, lost: Token, _hosts: Token) -> Reserve:
        return Reserve(self._count(lost), self._span(meta))

    def limit(self, meta: Meta, *caps: Cap) -> Limit:
        return Limit(caps, self._span(meta))

    def cap(self, meta: Meta, count: Token, once: Token | None, *per: Token) -> Cap:
        periods = [word for word in per if word in _PERIODS]
        scopes = [word for word in per if word not in _PERIODS]
        for surplus in (*[once for _ in periods[:1] if once], *periods[1:], *scopes[1:]):
            self._complain("twice", f"“{surplus}” says again, or otherwise, what this budget counts", surplus)
        return Cap(self._count(count), _first(periods), _first(scopes), self._span(meta))

    def per(self, _meta: Meta, name: Token) -> Token:
        return name

    def rest(self, meta: Meta, *pauses: tuple[str, Amount]) -> Rest:
        named: dict[str, Amount] = {}
        for name, amount in pauses:
            if name in named:
                self.findings.append(error("twice", "this pause is named twice in one statement", amount.span))
            named[name] = amount
        return Rest(named.get("vm"), named.get("host"), named.get("no_return"), self._span(meta))

    def pause(self, _meta: Meta, thing: Token, amount: Amount) -> tuple[str, Amount]:
        return str(thing), amount

    def no_return(self, _meta: Meta, amount: Amount) -> tuple[str, Amount]:
        return "no_return", amount

    def window(self, meta: Meta, hours: Hours, excepted: tuple[str, ...] | None) -> Window:
        return Window(hours, excepted or (), self._span(meta))

    def freeze(self, meta: Meta, test: Test) -> Freeze:
        return Freeze(test, self._source(test.span), self._span(meta))

    def excepted(self, _meta: Meta, *kinds: Token) -> tuple[str, ...]:
        return tuple(str(kind) for kind in kinds)

    def hours(self, meta: Meta, days: Token, hours: Token, zone: Token) -> Hours:
        return Hours(str(days), str(hours), str(zone), self._span(meta))

    # sets

    def named_set(self, meta: Meta, name: Token) -> NamedSet:
        return NamedSet(str(name), self._span(meta))

    def one(self, meta: Meta, thing: Token, name: Token) -> One:
        return One(str(thing), _unquoted(name), self._span(meta))

    def all(self, meta: Meta, things: Token, *test: Any) -> All:
        return All(things.removesuffix("s"), test[-1], self._span(meta))

    # tests and sums

    def or_(self, meta: Meta, left: Test, right: Test) -> Either:
        return Either(left, right, self._span(meta))

    def and_(self, meta: Meta, left: Test, right: Test) -> Both:
        return Both(left, right, self._span(meta))

    def not_(self, meta: Meta, test: Test) -> Not:
        return Not(test, self._span(meta))

    def compare(self, meta: Meta, left: Sum, sign: Token, right: Sum) -> Compare:
        return Compare(str(sign), left, right, self._span(meta))

    def pick(self, meta: Meta, whose: Token | None, how: Token, pattern: Token) -> Pick:
        return Pick(_text(whose), str(how), _unquoted(pattern), self._span(meta))

    def member(self, meta: Meta, whose: Token | None, name: Token) -> Member:
        return Member(_text(whose), str(name), self._span(meta))

    def add(self, meta: Meta, left: Sum, sign: Token, right: Sum) -> Arithmetic:
        return Arithmetic(str(sign), left, right, self._span(meta))

    multiply = add

    def name(self, meta: Meta, name: Token) -> Name:
        return Name(None, str(name), self._span(meta))

    def ref(self, meta: Meta, ref: Token) -> Name:
        owner, _, name = ref.partition(".")
        return Name(None, str(ref), self._span(meta)) if owner == "facts" else Name(owner, name, self._span(meta))

    def text(self, meta: Meta, text: Token) -> Text:
        return Text(_unquoted(text), self._span(meta))

    def over(self, meta: Meta, function: Token, of: Sum, window: Amount) -> Over:
        return Over(str(function), of, window, self._span(meta))

    def amount(self, meta: Meta, number: Token, unit: Token | None) -> Amount:
        span = self._span(meta)
        return Amount(float(number), _text(unit), self._source(span), span)

    # places

    def _span(self, meta: Meta) -> Span:
        above = self._passage.line - 1
        return Span(meta.line + above, meta.column, meta.end_line + above, meta.end_column)

    def _source(self, span: Span) -> str:
        """What the author wrote there, on one line and without comments."""
        first = span.line - self._passage.line
        lines = self._lines[first : span.end_line - self._passage.line + 1]
        lines[-1] = lines[-1][: span.end_column - 1]
        lines[0] = lines[0][span.column - 1 :]
        return single_spaced("\n".join(lines))

    def _count(self, number: Token) -> int:
        if "." in number:
            self._complain("wrong-unit", f"{number} is not a whole number", number)
        return int(float(number))

    def _complain(self, code: str, message: str, token: Token) -> None:
        start = token.start_pos or 0
        self.findings.append(error(code, message, self._passage.span(start, start + len(token))))


def _first(words: list[Token]) -> str | None:
    return str(words[0]) if words else None


def _text(token: Token | None) -> str | None:
    return None if token is None else str(token)


def _unquoted(token: Token | None) -> str:
    return "" if token is None else token.strip('"')
