"""What the sets and tests of a clause mean: every name gets its owner, every amount its base unit and kind.

Rule: like is held against like. Whatever does not fit is a finding with the nearest thing that would, and the check
goes on behind it, so that one mistake does not hide the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from dsl.clauses import ARRIVALS, HOSTS, THING, VMS, Clause
from dsl.facts import READINGS, reading
from dsl.findings import Finding
from dsl.meanings.kinds import ANY, FLIPPED, UNCOMPARED, WRITE, Kinds, Typed, called, settled
from dsl.meanings.sums import Sums
from dsl.meanings.words import Words
from dsl.phrases import phrase
from dsl.syntax import (
    All,
    Amount,
    Both,
    Compare,
    Either,
    Kind,
    Member,
    Name,
    NamedSet,
    Not,
    Pick,
    Set,
    Sum,
    Test,
    Text,
    place,
    without_places,
)
from dsl.vocabulary import Vocabulary

_WITH_TAGS: Final = ("vm", "host", "source")
_EQUALITY: Final = ("==", "!=")


@dataclass(frozen=True, slots=True)
class Meanings:
    """The words, sums, sets and tests of one file; `numbers` are those of the sets so far."""

    words: Words
    sums: Sums
    numbers: dict[tuple[str, Any], int] = field(default_factory=dict)

    @classmethod
    def of(cls, vocabulary: Vocabulary, sets: Mapping[str, str | None], findings: list[Finding]) -> Self:
        """With nothing met yet; a set is one of `vm` or `host`, and what is wrong is added to `findings`."""
        words = Words(vocabulary, sets, findings)
        return cls(words, Sums(words))

    # -- sets

    def set(self, of: Set, thing: str, hosts: Clause = HOSTS) -> Set:
        """A set of this thing; `hosts` is the clause of a set of hosts."""
        self.words.expect(of, thing)
        if not isinstance(of, All) or of.test is None:
            return of
        test = self.test(of.test, VMS if of.thing == "vm" else hosts)
        number = self.numbers.setdefault((of.thing, without_places(test)), len(self.numbers))
        return replace(of, test=test, number=number)

    def arrivals(self, of: Set) -> Set:
        """A set of hosts that a VM shall not arrive on."""
        return self.set(of, "host", ARRIVALS)

    # -- tests

    def test(self, test: Test, clause: Clause) -> Test:
        """A test with all owners and units resolved."""
        match test:
            case Both() | Either():
                return replace(test, left=self.test(test.left, clause), right=self.test(test.right, clause))
            case Not():
                return replace(test, test=self.test(test.test, clause))
            case Compare():
                return self._compare(test, clause)
            case Pick() | Member():
                return self._fact(test, clause)
            case _:
                return self._claim(test, clause)

    def _claim(self, test: Name, clause: Clause) -> Test:
        """A name that stands alone; whatever else stands alone is no test either."""
        typed = self.sums.sum(test, clause)
        if typed.kinds == ANY:
            return test
        if Kind.BOOL in typed.kinds and isinstance(typed.of, Name):
            return typed.of
        hint = f"hold it against something: {phrase(test)} > …"
        self.words.complain("wrong-kind", f"{phrase(test)} is {called(typed.kinds)}, wanted is a test", test.span, hint)
        return test

    def _fact(self, fact: Pick | Member, clause: Clause) -> Test:
        owner = clause.owner(fact.owner)
        if owner is None or owner == "farm":
            words = f'{fact.how} "{fact.pattern}"' if isinstance(fact, Pick) else f"in {fact.set_name}"
            known = [f"{word} {words}" for word in clause.owners if word in _WITH_TAGS]
            ways = [words, *known] if clause.bare in _WITH_TAGS else known
            said = f"{fact.owner} {words}" if fact.owner else words
            hint = f"write {' or '.join(ways)}" if ways else ""
            self.words.complain("wrong-owner", f"{said} has no meaning in {clause.title}", fact.span, hint)
            return fact
        if isinstance(fact, Member):
            self.words.expect(NamedSet(fact.set_name, fact.span), THING[owner])
        return replace(fact, owner=owner)

    def _compare(self, test: Compare, clause: Clause) -> Test:
        left, right = self.sums.sum(test.left, clause), self.sums.sum(test.right, clause)
        common = left.kinds & right.kinds
        if common and READINGS in {left.kinds, right.kinds}:
            literal = next((side for side in (left.of, right.of) if isinstance(side, Amount)), None)
            common = frozenset({reading(common, literal)})
        if not common:
            self._mismatch(test, left, right)
        elif common == {Kind.TEXT} and test.operator not in _EQUALITY:
            self.words.complain("wrong-kind", "of texts one can only say == or !=", place(test, "operator"))
        elif common in ({Kind.BOOL}, {Kind.ROUNDS}):
            self.words.complain(
                "wrong-kind", f"{called(common)} cannot be compared", test.span, UNCOMPARED[min(common)]
            )
        sides = settled(left.of, common), settled(right.of, common)
        return Compare(test.operator, *sides, test.span, test.places)

    def _mismatch(self, test: Compare, left: Typed, right: Typed) -> None:
        named, literal = (right, left) if isinstance(test.left, Amount | Text) else (left, right)
        shown, other = (test.right, test.left) if named is right else (test.left, test.right)
        message = f"{phrase(shown)} is {called(named.kinds)}, {phrase(other)} {called(literal.kinds)}"
        code = "wrong-unit" if isinstance(other, Amount) else "wrong-kind"
        sign = test.operator if named is left else FLIPPED[test.operator]
        self.words.complain(code, message, other.span, self._advice(shown, named.kinds, other, sign))

    def _advice(self, shown: Sum, wanted: Kinds, other: Sum, sign: str) -> str:
        kind = min(wanted)
        if kind is Kind.NUMBER and isinstance(other, Amount) and other.unit == "%":
            return f"write {phrase(shown)} {sign} {other.value / 100:g}{self._ratio(shown, sign, other)}"
        return WRITE[kind](other) if isinstance(other, Amount | Text) else ""

    def _ratio(self, shown: Sum, sign: str, share: Amount) -> str:
        """How to say the share that was meant, where the vocabulary knows of what."""
        if not isinstance(shown, Name):
            return ""
        prefix = f"{shown.owner}." if shown.owner else ""
        wholes = [word.whole for word in self.words.vocabulary.words.values() if word.name == shown.name and word.whole]
        return "".join(f" or {prefix}{shown.name} / {prefix}{whole} {sign} {share.text}" for whole in wholes)
