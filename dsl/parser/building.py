"""From Lark's tree to ours.

Rule: one method for each rule of the grammar, under its name, with a parameter for each of its words, None for one
that is left out; nothing here knows what the words mean. Where a part stands is told by its first and last token.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from lark import Token, Tree

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

_Tree = Tree[Token]
_Pause = tuple[str, Amount, Span]
_Journey = tuple[Set, Set | None, Set | None, Hours | None]
_Kept = TypeVar("_Kept")
_PERIODS: Final = ("round", "hour", "day")


class Builder:
    """One method for each rule of the grammar; it gets the tree, to tell where it stands, and its parts."""

    def __init__(self, passage: Passage) -> None:
        self._above = passage.line - 1
        self.findings: list[Finding] = []

    def statement(self, tree: _Tree) -> Statement:
        """The statement of a tree; what cannot be meant is a finding beside it."""
        built: Statement = self._built(tree)
        return built

    def _built(self, tree: _Tree) -> Any:
        """A tree, its branches first, as deep as `overgrown` lets it be; a token or nothing stays what it is."""
        parts = (self._built(part) if isinstance(part, Tree) else part for part in tree.children)
        return getattr(self, tree.data)(tree, *parts)

    # what to do

    def every(self, tree: _Tree, _every: Token, amount: Amount) -> Every:
        return Every(amount, self._span(tree))

    def let(self, tree: _Tree, _let: Token, name: Token, _is: Token, named: Set) -> Let:
        return Let(str(name), named, self._span(tree), self._places(name=name))

    def rule(self, tree: _Tree, _rule: Token, name: Token, *clauses: Any) -> Rule:
        when, move, to, until = clauses
        return Rule(str(name), when, move, to, until, self._span(tree), self._places(name=name))

    def when(self, tree: _Tree, _when: Token, held: Test, _for: Token, hold: Amount | None, *now: Any) -> When:
        return When(held, hold, now[-1], self._span(tree))

    def move(self, tree: _Tree, _move: Token, _vm: Token, by: tuple[Key, ...], *where: Gate) -> Choice:
        return Choice(by, where, self._span(tree))

    to = move

    def until(self, _tree: _Tree, _until: Token, test: Test) -> Test:
        return test

    def by(self, _tree: _Tree, *keys: Key | Token) -> tuple[Key, ...]:
        return _all(Key, keys)

    def key(self, tree: _Tree, direction: Token, of: Sum) -> Key:
        return Key(str(direction), of, self._span(tree))

    def where(self, tree: _Tree, _where: Token, test: Test, _as: Token | None, label: Token | None) -> Gate:
        return Gate(test, _unquoted(label) or phrase(test), self._span(tree))

    def drain(self, tree: _Tree, _drain: Token, hosts: Set) -> Drain:
        return Drain(hosts, self._span(tree))

    def balance(self, tree: _Tree, _balance: Token, signal: Token, _within: Token, *parts: Any) -> Balance:
        within, (count, gaining) = parts
        places = self._places(signal=signal, at_most=count)
        return Balance(str(signal), within, self._count(count), gaining, self._span(tree), places)

    def pack(self, tree: _Tree, *parts: Any) -> Pack:
        *_pack_onto_fewest_hosts, (count, gaining) = parts
        return Pack(_all(Gate, parts), self._count(count), gaining, self._span(tree), self._places(at_most=count))

    def at_most(self, _tree: _Tree, *words: Any) -> tuple[Token, Amount | None]:
        _by, _at, _most, count, _moves, *_each_gaining, gaining = words
        return count, gaining

    # walls and wishes

    def keep(self, tree: _Tree, word: Token, *parts: Any) -> Keep:
        *kept, cost = parts
        vms, relation, *places = kept[0] if len(kept) == 1 else kept
        keep = Keep(
            word == "keep", vms, relation, _number(cost), "", self._span(tree), (*places, *self._places(cost=cost))
        )
        return replace(keep, text=phrase(keep))

    def spread(self, _tree: _Tree, _at: Token, _most: Token, *words: Any) -> tuple[Any, ...]:
        count, _of, vms, _per, per = words
        relation = Relation("at_most", count=self._count(count), per=str(per))
        return vms, relation, *self._places(count=count, per=per)

    def apart(self, _tree: _Tree, _apart: Token, _from: Token | None, other: Set | None) -> Relation:
        return Relation("apart_from" if other else "apart", other)

    def together(self, _tree: _Tree, _together: Token) -> Relation:
        return Relation("together")

    def beside(self, _tree: _Tree, _with: Token, other: Set) -> Relation:
        return Relation("with", other)

    def on(self, _tree: _Tree, _on: Token, hosts: Set) -> Relation:
        return Relation("on", hosts)

    def never(self, tree: _Tree, _never: Token, _move: Token, *parts: Any) -> Never:
        journey, excepted = parts
        return self._journeys(tree, journey, excepted, None, hard=True)

    def avoid(self, tree: _Tree, _avoid: Token, _moving: Token, *parts: Any) -> Never:
        journey, excepted, cost = parts
        return self._journeys(tree, journey, excepted, cost, hard=False)

    def journey(self, _tree: _Tree, vms: Set, *words: Any) -> _Journey:
        _from, source, _to, target, _during, during = words
        return vms, source, target, during

    def cost(self, _tree: _Tree, _cost: Token, number: Token) -> Token:
        return number

    # how much, how often, when

    def reserve(self, tree: _Tree, *words: Token) -> Reserve:
        _reserve, _memory, _for, lost, _lost, _hosts = words
        return Reserve(self._count(lost), self._span(tree), self._places(lost=lost))

    def limit(self, tree: _Tree, *caps: Cap | Token) -> Limit:
        return Limit(_all(Cap, caps), self._span(tree))

    def cap(self, tree: _Tree, count: Token, *words: Any) -> Cap:
        _migrations, _at, once, *per = words
        periods = [word for word in per if word in _PERIODS]
        scopes = [word for word in per if word not in _PERIODS]
        for surplus in (*[once for _ in periods[:1] if once], *periods[1:], *scopes[1:]):
            self._complain("twice", f"“{surplus}” says again, or otherwise, what this budget counts", surplus)
        places = self._places(count=count, per=next(iter(scopes), None))
        return Cap(self._count(count), _first(periods), _first(scopes), self._span(tree), places)

    def per(self, _tree: _Tree, _per: Token, name: Token) -> Token:
        return name

    def rest(self, tree: _Tree, *pauses: _Pause | Token) -> Rest:
        named: dict[str, Amount] = {}
        for name, amount, span in _all(tuple, pauses):
            if name in named:
                self.findings.append(
                    error("twice", "this pause is named twice in one statement", span, "keep one of them")
                )
            named[name] = amount
        return Rest(named.get("vm"), named.get("host"), named.get("no_return"), self._span(tree))

    def pause(self, tree: _Tree, thing: Token, amount: Amount) -> _Pause:
        return str(thing), amount, self._span(tree)

    def no_return(self, tree: _Tree, _no: Token, _return: Token, _within: Token, amount: Amount) -> _Pause:
        return "no_return", amount, self._span(tree)

    def window(self, tree: _Tree, _window: Token, hours: Hours, excepted: tuple[Token, ...] | None) -> Window:
        return Window(hours, _texts(excepted), self._span(tree), self._excepted(excepted))

    def freeze(self, tree: _Tree, _freeze: Token, _when: Token, test: Test) -> Freeze:
        return Freeze(test, phrase(test), self._span(tree))

    def excepted(self, _tree: _Tree, _except: Token, *kinds: Token) -> tuple[Token, ...]:
        return kinds[::2]

    def hours(self, tree: _Tree, days: Token, hours: Token, zone: Token) -> Hours:
        return Hours(str(days), str(hours), str(zone), self._span(tree), self._places(hours=hours, zone=zone))

    # sets

    def named_set(self, tree: _Tree, name: Token) -> NamedSet:
        return NamedSet(str(name), self._span(tree))

    def one(self, tree: _Tree, thing: Token, name: Token) -> One:
        return One(str(thing), _unquoted(name), self._span(tree))

    def all(self, tree: _Tree, things: Token, *test: Any) -> All:
        return All(things.removesuffix("s"), test[-1], self._span(tree))

    # tests and sums

    def or_(self, tree: _Tree, left: Test, _or: Token, right: Test) -> Either:
        return Either(left, right, self._span(tree))

    def and_(self, tree: _Tree, left: Test, _and: Token, right: Test) -> Both:
        return Both(left, right, self._span(tree))

    def not_(self, tree: _Tree, _not: Token, test: Test) -> Not:
        return Not(test, self._span(tree))

    def compare(self, tree: _Tree, left: Sum, sign: Token, right: Sum) -> Compare:
        return Compare(str(sign), left, right, self._span(tree), self._places(operator=sign))

    def pick(self, tree: _Tree, whose: Token | None, how: Token, pattern: Token) -> Pick:
        return Pick(_text(whose), str(how), _unquoted(pattern), self._span(tree))

    def member(self, tree: _Tree, whose: Token | None, _in: Token, name: Token) -> Member:
        return Member(_text(whose), str(name), self._span(tree))

    def add(self, tree: _Tree, left: Sum, sign: Token, right: Sum) -> Arithmetic:
        return Arithmetic(str(sign), left, right, self._span(tree))

    multiply = add

    def atom(self, _tree: _Tree, _open: Token, bracketed: Test | Sum, _close: Token) -> Test | Sum:
        return bracketed

    def name(self, tree: _Tree, name: Token) -> Name:
        return Name(None, str(name), self._span(tree))

    def ref(self, tree: _Tree, ref: Token) -> Name:
        owner, _, name = ref.partition(".")
        return Name(None, str(ref), self._span(tree)) if owner == "facts" else Name(owner, name, self._span(tree))

    def text(self, tree: _Tree, text: Token) -> Text:
        return Text(_unquoted(text), self._span(tree))

    def over(self, tree: _Tree, function: Token, *words: Any) -> Over:
        _open, of, _comma, window, _close = words
        return Over(str(function), of, window, self._span(tree))

    def amount(self, tree: _Tree, number: Token, unit: Token | None) -> Amount:
        return Amount(float(number), _text(unit), amount_text(number, unit), self._span(tree))

    def _journeys(
        self, tree: _Tree, journey: _Journey, excepted: tuple[Token, ...] | None, cost: Token | None, *, hard: bool
    ) -> Never:
        places = (*self._excepted(excepted), *self._places(cost=cost))
        never = Never(hard, *journey, _texts(excepted), _number(cost), "", self._span(tree), places)
        return replace(never, text=phrase(never))

    # places

    def _span(self, tree: _Tree) -> Span:
        above, first, last = self._above, _first_token(tree), _last_token(tree)
        return Span(first.line + above, first.column, last.end_line + above, last.end_column)

    def _places(self, **words: Token | None) -> Places:
        return tuple((name, self._place(word)) for name, word in words.items() if word is not None)

    def _excepted(self, kinds: tuple[Token, ...] | None) -> Places:
        return tuple((f"except {kind}", self._place(kind)) for kind in kinds or ())

    def _place(self, token: Token) -> Span:
        line, column = (token.line or 1) + self._above, token.column or 1
        return Span(line, column, line, column + len(token))

    def _count(self, number: Token) -> int:
        if "." in number:
            self._complain("wrong-unit", f"{number} is not a whole number", number)
        return int(float(number))

    def _complain(self, code: str, message: str, token: Token) -> None:
        self.findings.append(error(code, message, self._place(token)))


def _first_token(tree: _Tree) -> Any:
    """The first of what is there."""
    part: Any = tree
    while isinstance(part, Tree):
        part = next(filter(None, part.children))
    return part


def _last_token(tree: _Tree) -> Any:
    part: Any = tree
    while isinstance(part, Tree):
        part = next(filter(None, reversed(part.children)))
    return part


def _all(kind: type[_Kept], parts: Sequence[Any]) -> tuple[_Kept, ...]:
    """The parts of one kind, without the words and commas between them."""
    return tuple(part for part in parts if isinstance(part, kind))


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
