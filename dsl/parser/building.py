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
        return Gate(test, _unquoted(label) or phrase(test), self._span(meta))

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
        keep = Keep(word == "keep", vms, relation, cost, "", self._span(meta))
        return replace(keep, text=phrase(keep))

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
        return self._journeys(meta, journey, excepted, None, hard=True)

    def avoid(self, meta: Meta, journey: _Journey, excepted: tuple[str, ...] | None, cost: float | None) -> Never:
        return self._journeys(meta, journey, excepted, cost, hard=False)

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
        return Freeze(test, phrase(test), self._span(meta))

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
        return Amount(float(number), _text(unit), amount_text(number, unit), self._span(meta))

    def _journeys(
        self, meta: Meta, journey: _Journey, excepted: tuple[str, ...] | None, cost: float | None, *, hard: bool
    ) -> Never:
        never = Never(hard, *journey, excepted or (), cost, "", self._span(meta))
        return replace(never, text=phrase(never))

    # places

    def _span(self, meta: Meta) -> Span:
        above = self._passage.line - 1
        return Span(meta.line + above, meta.column, meta.end_line + above, meta.end_column)

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
