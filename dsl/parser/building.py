"""From Lark's tree to ours.

Rule: one method for each rule of the grammar, under its name; nothing here knows what the words mean.
"""

from dataclasses import replace
from typing import Any, Final

from lark import Token, Tree
from lark.tree import Meta

from dsl.findings import Finding, error
from dsl.phrases import amount_text, phrase
from dsl.reading import Passage
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
    Places,
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

_Pause = tuple[str, Amount, Span]
_Journey = tuple[Set, Set | None, Set | None, Hours | None]
_PERIODS: Final = ("round", "hour", "day")


class Builder:
    """One method for each rule of the grammar, under its name; it gets the parts built, keywords left out."""

    def __init__(self, passage: Passage) -> None:
        self._passage = passage
        self.findings: list[Finding] = []

    def statement(self, tree: Tree[Token]) -> Statement:
        """The statement of a tree; what cannot be meant is a finding beside it."""
        built: Statement = self._built(tree)
        return built

    def _built(self, part: Any) -> Any:
        """A tree, its branches first, as deep as `overgrown` lets it be; a token or nothing stays what it is."""
        if not isinstance(part, Tree):
            return part
        return getattr(self, part.data)(part.meta, *map(self._built, part.children))

    # what to do

    def every(self, meta: Meta, amount: Amount) -> Every:
        return Every(amount, self._span(meta))

    def let(self, meta: Meta, name: Token, named: Set) -> Let:
        return Let(str(name), named, self._span(meta), self._places(name=name))

    def rule(self, meta: Meta, name: Token, *clauses: Any) -> Rule:
        when, move, to, until = clauses
        return Rule(str(name), when, move, to, until, self._span(meta), self._places(name=name))

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
        return Gate(test, _unquoted(label) or phrase(test), self._span(meta))

    def drain(self, meta: Meta, hosts: Set) -> Drain:
        return Drain(hosts, self._span(meta))

    def balance(self, meta: Meta, signal: Token, within: Amount, most: tuple[Token, Amount | None]) -> Balance:
        count, gaining = most
        places = self._places(signal=signal, at_most=count)
        return Balance(str(signal), within, self._count(count), gaining, self._span(meta), places)

    def pack(self, meta: Meta, *parts: Any) -> Pack:
        *where, (count, gaining) = parts
        return Pack(tuple(where), self._count(count), gaining, self._span(meta), self._places(at_most=count))

    def at_most(self, _meta: Meta, count: Token, gaining: Amount | None) -> tuple[Token, Amount | None]:
        return count, gaining

    # walls and wishes

    def keep(self, meta: Meta, word: Token, *parts: Any) -> Keep:
        *kept, cost = parts
        vms, relation, *places = kept[0] if len(kept) == 1 else kept
        keep = Keep(
            word == "keep", vms, relation, _number(cost), "", self._span(meta), (*places, *self._places(cost=cost))
        )
        return replace(keep, text=phrase(keep))

    def spread(self, _meta: Meta, count: Token, vms: Set, per: Token) -> tuple[Any, ...]:
        relation = Relation("at_most", count=self._count(count), per=str(per))
        return vms, relation, *self._places(count=count, per=per)

    def apart(self, _meta: Meta, other: Set | None) -> Relation:
        return Relation("apart_from" if other else "apart", other)

    def together(self, _meta: Meta) -> Relation:
        return Relation("together")

    def beside(self, _meta: Meta, other: Set) -> Relation:
        return Relation("with", other)

    def on(self, _meta: Meta, hosts: Set) -> Relation:
        return Relation("on", hosts)

    def never(self, meta: Meta, journey: _Journey, excepted: tuple[Token, ...] | None) -> Never:
        return self._journeys(meta, journey, excepted, None, hard=True)

    def avoid(self, meta: Meta, journey: _Journey, excepted: tuple[Token, ...] | None, cost: Token | None) -> Never:
        return self._journeys(meta, journey, excepted, cost, hard=False)

    def journey(self, _meta: Meta, vms: Set, source: Set | None, target: Set | None, during: Hours | None) -> _Journey:
        return vms, source, target, during

    def cost(self, _meta: Meta, number: Token) -> Token:
        return number

    # how much, how often, when

    def reserve(self, meta: Meta, lost: Token, _hosts: Token) -> Reserve:
        return Reserve(self._count(lost), self._span(meta), self._places(lost=lost))

    def limit(self, meta: Meta, *caps: Cap) -> Limit:
        return Limit(caps, self._span(meta))

    def cap(self, meta: Meta, count: Token, once: Token | None, *per: Token) -> Cap:
        periods = [word for word in per if word in _PERIODS]
        scopes = [word for word in per if word not in _PERIODS]
        for surplus in (*[once for _ in periods[:1] if once], *periods[1:], *scopes[1:]):
            self._complain("twice", f"“{surplus}” says again, or otherwise, what this budget counts", surplus)
        places = self._places(count=count, per=next(iter(scopes), None))
        return Cap(self._count(count), _first(periods), _first(scopes), self._span(meta), places)

    def per(self, _meta: Meta, name: Token) -> Token:
        return name

    def rest(self, meta: Meta, *pauses: _Pause) -> Rest:
        named: dict[str, Amount] = {}
        for name, amount, span in pauses:
            if name in named:
                self.findings.append(
                    error("twice", "this pause is named twice in one statement", span, "keep one of them")
                )
            named[name] = amount
        return Rest(named.get("vm"), named.get("host"), named.get("no_return"), self._span(meta))

    def pause(self, meta: Meta, thing: Token, amount: Amount) -> _Pause:
        return str(thing), amount, self._span(meta)

    def no_return(self, meta: Meta, amount: Amount) -> _Pause:
        return "no_return", amount, self._span(meta)

    def window(self, meta: Meta, hours: Hours, excepted: tuple[Token, ...] | None) -> Window:
        return Window(hours, _texts(excepted), self._span(meta), self._excepted(excepted))

    def freeze(self, meta: Meta, test: Test) -> Freeze:
        return Freeze(test, phrase(test), self._span(meta))

    def excepted(self, _meta: Meta, *kinds: Token) -> tuple[Token, ...]:
        return kinds

    def hours(self, meta: Meta, days: Token, hours: Token, zone: Token) -> Hours:
        return Hours(str(days), str(hours), str(zone), self._span(meta), self._places(hours=hours, zone=zone))

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
        return Compare(str(sign), left, right, self._span(meta), self._places(operator=sign))

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
        return Amount(float(number), _text(unit), amount_text(number, unit), self._span(meta))

    def _journeys(
        self, meta: Meta, journey: _Journey, excepted: tuple[Token, ...] | None, cost: Token | None, *, hard: bool
    ) -> Never:
        places = (*self._excepted(excepted), *self._places(cost=cost))
        never = Never(hard, *journey, _texts(excepted), _number(cost), "", self._span(meta), places)
        return replace(never, text=phrase(never))

    # places

    def _span(self, meta: Meta) -> Span:
        above = self._passage.line - 1
        return Span(meta.line + above, meta.column, meta.end_line + above, meta.end_column)

    def _places(self, **words: Token | None) -> Places:
        return tuple((name, self._place(word)) for name, word in words.items() if word is not None)

    def _excepted(self, kinds: tuple[Token, ...] | None) -> Places:
        return tuple((f"except {kind}", self._place(kind)) for kind in kinds or ())

    def _place(self, token: Token) -> Span:
        above = self._passage.line - 1
        line, column = token.line or 1, token.column or 1
        return Span(line + above, column, line + above, column + len(token))

    def _count(self, number: Token) -> int:
        if "." in number:
            self._complain("wrong-unit", f"{number} is not a whole number", number)
        return int(float(number))

    def _complain(self, code: str, message: str, token: Token) -> None:
        self.findings.append(error(code, message, self._place(token)))


def _first(words: list[Token]) -> str | None:
    return str(words[0]) if words else None


def _texts(tokens: tuple[Token, ...] | None) -> tuple[str, ...]:
    return tuple(str(token) for token in tokens or ())


def _number(token: Token | None) -> float | None:
    return None if token is None else float(token)


def _text(token: Token | None) -> str | None:
    return None if token is None else str(token)


def _unquoted(token: Token | None) -> str:
    return "" if token is None else token.strip('"')
