"""From Lark's tree to ours: sets, tests and sums, which stand in every statement.

Rule: as in `building`, whose other half this is.
"""

from typing import Any

from lark import Token, Tree

from dsl.findings import Finding
from dsl.phrases import amount_text
from dsl.reading import Passage
from dsl.syntax import (
    All,
    Amount,
    Arithmetic,
    Both,
    Compare,
    Either,
    Member,
    Name,
    NamedSet,
    Not,
    One,
    Over,
    Pick,
    Places,
    Span,
    Sum,
    Test,
    Text,
)

Branch = Tree[Token]


class Terms:
    """One method for each rule of the grammar; it gets the tree, to tell where it stands, and its parts."""

    def __init__(self, passage: Passage) -> None:
        self._above = passage.line - 1
        self.findings: list[Finding] = []

    def built(self, tree: Branch) -> Any:
        """A tree, its branches first, as deep as `overgrown` lets it be; a token or nothing stays what it is."""
        parts = (self.built(part) if isinstance(part, Tree) else part for part in tree.children)
        return getattr(self, tree.data)(tree, *parts)

    # sets

    def named_set(self, tree: Branch, name: Token) -> NamedSet:
        return NamedSet(str(name), self._span(tree))

    def one(self, tree: Branch, thing: Token, name: Token) -> One:
        return One(str(thing), unquoted(name), self._span(tree))

    def all(self, tree: Branch, things: Token, *test: Any) -> All:
        return All(things.removesuffix("s"), test[-1], self._span(tree))

    # tests and sums

    def or_(self, tree: Branch, left: Test, _or: Token, right: Test) -> Either:
        return Either(left, right, self._span(tree))

    def and_(self, tree: Branch, left: Test, _and: Token, right: Test) -> Both:
        return Both(left, right, self._span(tree))

    def not_(self, tree: Branch, _not: Token, test: Test) -> Not:
        return Not(test, self._span(tree))

    def compare(self, tree: Branch, left: Sum, sign: Token, right: Sum) -> Compare:
        return Compare(str(sign), left, right, self._span(tree), self._places(operator=sign))

    def pick(self, tree: Branch, whose: Token | None, how: Token, pattern: Token) -> Pick:
        return Pick(written(whose), str(how), unquoted(pattern), self._span(tree))

    def member(self, tree: Branch, whose: Token | None, _in: Token, name: Token) -> Member:
        return Member(written(whose), str(name), self._span(tree))

    def add(self, tree: Branch, left: Sum, sign: Token, right: Sum) -> Arithmetic:
        return Arithmetic(str(sign), left, right, self._span(tree))

    multiply = add

    def atom(self, _tree: Branch, _open: Token, bracketed: Test | Sum, _close: Token) -> Test | Sum:
        return bracketed

    def name(self, tree: Branch, name: Token) -> Name:
        return Name(None, str(name), self._span(tree))

    def ref(self, tree: Branch, ref: Token) -> Name:
        owner, _, name = ref.partition(".")
        return Name(None, str(ref), self._span(tree)) if owner == "facts" else Name(owner, name, self._span(tree))

    def text(self, tree: Branch, text: Token) -> Text:
        return Text(unquoted(text), self._span(tree))

    def over(self, tree: Branch, function: Token, *words: Any) -> Over:
        _open, of, _comma, window, _close = words
        return Over(str(function), of, window, self._span(tree))

    def amount(self, tree: Branch, number: Token, unit: Token | None) -> Amount:
        return Amount(float(number), written(unit), amount_text(number, unit), self._span(tree))

    # places

    def _span(self, tree: Branch) -> Span:
        above, first, last = self._above, _first_token(tree), _last_token(tree)
        return Span(first.line + above, first.column, last.end_line + above, last.end_column)

    def _places(self, **words: Token | None) -> Places:
        return tuple((name, self._place(word)) for name, word in words.items() if word is not None)

    def _place(self, token: Token) -> Span:
        line, column = (token.line or 1) + self._above, token.column or 1
        return Span(line, column, line, column + len(token))


def _first_token(tree: Branch) -> Any:
    """The first of what is there."""
    part: Any = tree
    while isinstance(part, Tree):
        part = next(filter(None, part.children))
    return part


def _last_token(tree: Branch) -> Any:
    part: Any = tree
    while isinstance(part, Tree):
        part = next(filter(None, reversed(part.children)))
    return part


def written(token: Token | None) -> str | None:
    """A word that may be left out."""
    return None if token is None else str(token)


def unquoted(token: Token | None) -> str:
    """A text without its quotes; empty where there is none."""
    return "" if token is None else token.strip('"')
