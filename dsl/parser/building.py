"""From Lark's tree to ours: statements.

Rule: one method for each rule of the grammar, under its name, with a parameter for each of its words, None for one
that is left out; nothing here knows what the words mean. Where a part stands is told by its first and last token.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from lark import Token

from dsl.findings import error
from dsl.parser.terms import Branch, Terms, unquoted
from dsl.phrases import phrase
from dsl.syntax import (
    Amount,
    Balance,
    Cap,
    Choice,
    Drain,
    Every,
    Freeze,
    Gate,
    Hours,
    Keep,
    Key,
    Let,
    Limit,
    Never,
    Pack,
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
    When,
    Window,
)

_Pause = tuple[str, Amount, Span]
_Journey = tuple[Set, Set | None, Set | None, Hours | None]
_Kept = TypeVar("_Kept")
_PERIODS: Final = ("round", "hour", "day")


class Builder(Terms):
    """The rules of the grammar that make statements, and parts of them."""

    def statement(self, tree: Branch) -> Statement:
        """The statement of a tree; what cannot be meant is a finding beside it."""
        built: Statement = self.built(tree)
        return built

    # what to do

    def every(self, tree: Branch, _every: Token, amount: Amount) -> Every:
        return Every(amount, self._span(tree))

    def let(self, tree: Branch, _let: Token, name: Token, _is: Token, named: Set) -> Let:
        return Let(str(name), named, self._span(tree), self._places(name=name))

    def rule(self, tree: Branch, _rule: Token, name: Token, *clauses: Any) -> Rule:
        when, move, to, until = clauses
        return Rule(str(name), when, move, to, until, self._span(tree), self._places(name=name))

    def when(self, tree: Branch, _when: Token, held: Test, _for: Token, hold: Amount | None, *now: Any) -> When:
        return When(held, hold, now[-1], self._span(tree))

    def move(self, tree: Branch, _move: Token, _vm: Token, by: tuple[Key, ...], *where: Gate) -> Choice:
        return Choice(by, where, self._span(tree))

    to = move

    def until(self, _tree: Branch, _until: Token, test: Test) -> Test:
        return test

    def by(self, _tree: Branch, *keys: Key | Token) -> tuple[Key, ...]:
        return _all(Key, keys)

    def key(self, tree: Branch, direction: Token, of: Sum) -> Key:
        return Key(str(direction), of, self._span(tree))

    def where(self, tree: Branch, _where: Token, test: Test, _as: Token | None, label: Token | None) -> Gate:
        return Gate(test, unquoted(label) or phrase(test), self._span(tree))

    def drain(self, tree: Branch, _drain: Token, hosts: Set) -> Drain:
        return Drain(hosts, self._span(tree))

    def balance(self, tree: Branch, _balance: Token, signal: Token, _within: Token, *parts: Any) -> Balance:
        within, (count, gaining) = parts
        places = self._places(signal=signal, at_most=count)
        return Balance(str(signal), within, self._count(count), gaining, self._span(tree), places)

    def pack(self, tree: Branch, *parts: Any) -> Pack:
        *_pack_onto_fewest_hosts, (count, gaining) = parts
        return Pack(_all(Gate, parts), self._count(count), gaining, self._span(tree), self._places(at_most=count))

    def at_most(self, _tree: Branch, *words: Any) -> tuple[Token, Amount | None]:
        _by, _at, _most, count, _moves, *_each_gaining, gaining = words
        return count, gaining

    # walls and wishes

    def keep(self, tree: Branch, word: Token, *parts: Any) -> Keep:
        *kept, cost = parts
        vms, relation, *places = kept[0] if len(kept) == 1 else kept
        keep = Keep(
            word == "keep", vms, relation, _number(cost), "", self._span(tree), (*places, *self._places(cost=cost))
        )
        return replace(keep, text=phrase(keep))

    def spread(self, _tree: Branch, _at: Token, _most: Token, *words: Any) -> tuple[Any, ...]:
        count, _of, vms, _per, per = words
        relation = Relation("at_most", count=self._count(count), per=str(per))
        return vms, relation, *self._places(count=count, per=per)

    def apart(self, _tree: Branch, _apart: Token, _from: Token | None, other: Set | None) -> Relation:
        return Relation("apart_from" if other else "apart", other)

    def together(self, _tree: Branch, _together: Token) -> Relation:
        return Relation("together")

    def beside(self, _tree: Branch, _with: Token, other: Set) -> Relation:
        return Relation("with", other)

    def on(self, _tree: Branch, _on: Token, hosts: Set) -> Relation:
        return Relation("on", hosts)

    def never(self, tree: Branch, _never: Token, _move: Token, *parts: Any) -> Never:
        journey, excepted = parts
        return self._journeys(tree, journey, excepted, None, hard=True)

    def avoid(self, tree: Branch, _avoid: Token, _moving: Token, *parts: Any) -> Never:
        journey, excepted, cost = parts
        return self._journeys(tree, journey, excepted, cost, hard=False)

    def journey(self, _tree: Branch, vms: Set, *words: Any) -> _Journey:
        _from, source, _to, target, _during, during = words
        return vms, source, target, during

    def cost(self, _tree: Branch, _cost: Token, number: Token) -> Token:
        return number

    # how much, how often, when

    def reserve(self, tree: Branch, *words: Token) -> Reserve:
        _reserve, _memory, _for, lost, _lost, _hosts = words
        return Reserve(self._count(lost), self._span(tree), self._places(lost=lost))

    def limit(self, tree: Branch, *caps: Cap | Token) -> Limit:
        return Limit(_all(Cap, caps), self._span(tree))

    def cap(self, tree: Branch, count: Token, *words: Any) -> Cap:
        _migrations, _at, once, *per = words
        periods = [word for word in per if word in _PERIODS]
        scopes = [word for word in per if word not in _PERIODS]
        for surplus in (*[once for _ in periods[:1] if once], *periods[1:], *scopes[1:]):
            self._complain("twice", f"“{surplus}” says again, or otherwise, what this budget counts", surplus)
        places = self._places(count=count, per=next(iter(scopes), None))
        return Cap(self._count(count), _first(periods), _first(scopes), self._span(tree), places)

    def per(self, _tree: Branch, _per: Token, name: Token) -> Token:
        return name

    def rest(self, tree: Branch, *pauses: _Pause | Token) -> Rest:
        named: dict[str, Amount] = {}
        for name, amount, span in _all(tuple, pauses):
            if name in named:
                self.findings.append(
                    error("twice", "this pause is named twice in one statement", span, "keep one of them")
                )
            named[name] = amount
        return Rest(named.get("vm"), named.get("host"), named.get("no_return"), self._span(tree))

    def pause(self, tree: Branch, thing: Token, amount: Amount) -> _Pause:
        return str(thing), amount, self._span(tree)

    def no_return(self, tree: Branch, _no: Token, _return: Token, _within: Token, amount: Amount) -> _Pause:
        return "no_return", amount, self._span(tree)

    def window(self, tree: Branch, _window: Token, hours: Hours, excepted: tuple[Token, ...] | None) -> Window:
        return Window(hours, _texts(excepted), self._span(tree), self._excepted(excepted))

    def freeze(self, tree: Branch, _freeze: Token, _when: Token, test: Test) -> Freeze:
        return Freeze(test, phrase(test), self._span(tree))

    def excepted(self, _tree: Branch, _except: Token, *kinds: Token) -> tuple[Token, ...]:
        return kinds[::2]

    def hours(self, tree: Branch, days: Token, hours: Token, zone: Token) -> Hours:
        return Hours(str(days), str(hours), str(zone), self._span(tree), self._places(hours=hours, zone=zone))

    # parts of several statements

    def _journeys(
        self, tree: Branch, journey: _Journey, excepted: tuple[Token, ...] | None, cost: Token | None, *, hard: bool
    ) -> Never:
        places = (*self._excepted(excepted), *self._places(cost=cost))
        never = Never(hard, *journey, _texts(excepted), _number(cost), "", self._span(tree), places)
        return replace(never, text=phrase(never))

    def _excepted(self, kinds: tuple[Token, ...] | None) -> Places:
        return tuple((f"except {kind}", self._place(kind)) for kind in kinds or ())

    def _count(self, number: Token) -> int:
        if "." in number:
            self._complain("wrong-unit", f"{number} is not a whole number", number)
        return int(float(number))

    def _complain(self, code: str, message: str, token: Token) -> None:
        self.findings.append(error(code, message, self._place(token)))


def _all(kind: type[_Kept], parts: Sequence[Any]) -> tuple[_Kept, ...]:
    """The parts of one kind, without the words and commas between them."""
    return tuple(part for part in parts if isinstance(part, kind))


def _first(words: list[Token]) -> str | None:
    return str(words[0]) if words else None


def _texts(tokens: tuple[Token, ...] | None) -> tuple[str, ...]:
    return tuple(str(token) for token in tokens or ())


def _number(token: Token | None) -> float | None:
    return None if token is None else float(token)
