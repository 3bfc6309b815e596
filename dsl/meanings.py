"""What the names, amounts and tests of a clause mean: every name gets its owner, every amount its base unit and kind.

Rule: like is held against like. Whatever does not fit is a finding with the nearest thing that would, and the check
goes on behind it, so that one mistake does not hide the next.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from dsl.aggregates import misuse, window_of, without_past
from dsl.clauses import ARRIVALS, HOSTS, THING, VMS, Clause
from dsl.evaluation import leaves
from dsl.facts import PREFIX, READINGS, reading
from dsl.findings import Finding, Speller, error
from dsl.phrases import phrase
from dsl.syntax import (
    All,
    Amount,
    Arithmetic,
    Both,
    Compare,
    Either,
    Kind,
    Member,
    Name,
    NamedSet,
    Not,
    Over,
    Pick,
    Set,
    Span,
    Sum,
    Test,
    Text,
    place,
    without_places,
)
from dsl.units import UNITS, based, version_number
from dsl.vocabulary import Vocabulary, Word

Kinds = frozenset[Kind]
"""The kinds that a sum may be read as: a plain number may be a version, a ratio is a number and a share."""

ANY: Final = frozenset(Kind)
"""What is wrong already fits everything, so that it is told once."""

MEASURES: Final = frozenset({Kind.NUMBER, Kind.SHARE, Kind.SIZE, Kind.TIME})
"""What one can reckon with."""

RATIO: Final = frozenset({Kind.NUMBER, Kind.SHARE})
ORDERED: Final = MEASURES | {Kind.VERSION}
_LITERAL: Final = frozenset({Kind.NUMBER, Kind.VERSION})
FLIPPED: Final[Mapping[str, str]] = MappingProxyType({
    "<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!=",
})  # fmt: skip
"""The comparison that says the same with its sides exchanged."""

_ONE_KIND: Final[Mapping[Kind, Kinds]] = MappingProxyType({kind: frozenset({kind}) for kind in Kind})
_TESTS: Final = ("named", "tagged")
_WITH_TAGS: Final = ("vm", "host", "source")
_EQUALITY: Final = ("==", "!=")
_PLURAL: Final[Mapping[str, str]] = MappingProxyType({"vm": "VMs", "host": "hosts"})
_WHOSE: Final[Mapping[str, str]] = MappingProxyType({"vm": "a VM", "host": "a host", "farm": "the farm"})
_CALLED: Final[Mapping[Kinds, str]] = MappingProxyType({
    RATIO: "a ratio", READINGS: "a fact", _LITERAL: "a number",
    frozenset({Kind.BOOL}): "a yes or no", frozenset({Kind.ROUNDS}): "rounds",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """A checked sum and the kinds it may be read as."""

    of: Sum
    kinds: Kinds


@dataclass(frozen=True, slots=True)
class Meanings:
    """The words of one file: those of the vocabulary, and its own sets.

    A set is one of `vm` or `host`, or None where it makes no sense. What is wrong is added to `findings`; `numbers` are
    those of the sets so far, `aggregates` those over time, `speller` finds what was meant.
    """

    vocabulary: Vocabulary
    sets: Mapping[str, str | None]
    findings: list[Finding]
    numbers: dict[tuple[str, Any], int] = field(default_factory=dict)
    aggregates: dict[Any, Over] = field(default_factory=dict)
    speller: Speller = field(default_factory=Speller)

    # -- sets

    def set(self, of: Set, thing: str, hosts: Clause = HOSTS) -> Set:
        """A set of this thing; `hosts` is the clause of a set of hosts."""
        self._right_thing(of, thing)
        if not isinstance(of, All) or of.test is None:
            return of
        test = self.test(of.test, VMS if of.thing == "vm" else hosts)
        number = self.numbers.setdefault((of.thing, without_places(test)), len(self.numbers))
        return replace(of, test=test, number=number)

    def arrivals(self, of: Set) -> Set:
        """A set of hosts that a VM shall not arrive on."""
        return self.set(of, "host", ARRIVALS)

    def _right_thing(self, of: Set, thing: str) -> None:
        if isinstance(of, NamedSet) and of.name not in self.sets:
            self._unknown_set(of.name, of.span)
            return
        actual = self.sets[of.name] if isinstance(of, NamedSet) else of.thing
        if actual not in {thing, None}:
            message = f"these are {_PLURAL[actual or thing]}, wanted are {_PLURAL[thing]}"
            self._complain("wrong-set", message, of.span)

    def _unknown_set(self, name: str, span: Span) -> None:
        near = self.speller.did_you_mean(name, self.sets)
        hint = near or f'name it with a let, or put a name from the farm in quotes: "{name}"'
        self._complain("unknown-set", f"no let names a set “{name}”", span, hint)

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
        typed = self.sum(test, clause)
        if typed.kinds == ANY:
            return test
        if Kind.BOOL in typed.kinds and isinstance(typed.of, Name):
            return typed.of
        hint = f"hold it against something: {phrase(test)} > …"
        self._complain("wrong-kind", f"{phrase(test)} is {_called(typed.kinds)}, wanted is a test", test.span, hint)
        return test

    def _fact(self, fact: Pick | Member, clause: Clause) -> Test:
        owner = self._owner(fact.owner, clause)
        if owner is None or owner == "farm":
            words = f'{fact.how} "{fact.pattern}"' if isinstance(fact, Pick) else f"in {fact.set_name}"
            known = [f"{word} {words}" for word in clause.owners if word in _WITH_TAGS]
            ways = [words, *known] if clause.bare in _WITH_TAGS else known
            said = f"{fact.owner} {words}" if fact.owner else words
            hint = f"write {' or '.join(ways)}" if ways else ""
            self._complain("wrong-owner", f"{said} has no meaning in {clause.title}", fact.span, hint)
            return fact
        if isinstance(fact, Member):
            self._right_thing(NamedSet(fact.set_name, fact.span), THING[owner])
        return replace(fact, owner=owner)

    def _compare(self, test: Compare, clause: Clause) -> Test:
        left, right = self.sum(test.left, clause), self.sum(test.right, clause)
        common = left.kinds & right.kinds
        if common and READINGS in {left.kinds, right.kinds}:
            literal = next((side for side in (left.of, right.of) if isinstance(side, Amount)), None)
            common = frozenset({reading(common, literal)})
        if not common:
            self._mismatch(test, left, right)
        elif common == {Kind.TEXT} and test.operator not in _EQUALITY:
            self._complain("wrong-kind", "of texts one can only say == or !=", place(test, "operator"))
        elif common in ({Kind.BOOL}, {Kind.ROUNDS}):
            self._complain("wrong-kind", f"{_called(common)} cannot be compared", test.span, _UNCOMPARED[min(common)])
        return replace(test, left=_settled(left.of, common), right=_settled(right.of, common))

    def _mismatch(self, test: Compare, left: Typed, right: Typed) -> None:
        named, literal = (right, left) if isinstance(test.left, Amount | Text) else (left, right)
        shown, other = (test.right, test.left) if named is right else (test.left, test.right)
        message = f"{phrase(shown)} is {_called(named.kinds)}, {phrase(other)} {_called(literal.kinds)}"
        code = "wrong-unit" if isinstance(other, Amount) else "wrong-kind"
        sign = test.operator if named is left else FLIPPED[test.operator]
        self._complain(code, message, other.span, self._advice(shown, named.kinds, other, sign))

    def _advice(self, shown: Sum, wanted: Kinds, other: Sum, sign: str) -> str:
        kind = min(wanted)
        if kind is Kind.NUMBER and isinstance(other, Amount) and other.unit == "%":
            return f"write {phrase(shown)} {sign} {other.value / 100:g}{self._ratio(shown, sign, other)}"
        return _WRITE[kind](other) if isinstance(other, Amount | Text) else ""

    def _ratio(self, shown: Sum, sign: str, share: Amount) -> str:
        """How to say the share that was meant, where the vocabulary knows of what."""
        if not isinstance(shown, Name):
            return ""
        prefix = f"{shown.owner}." if shown.owner else ""
        wholes = [word.whole for word in self.vocabulary.words.values() if word.name == shown.name and word.whole]
        return "".join(f" or {prefix}{shown.name} / {prefix}{whole} {sign} {share.text}" for whole in wholes)

    # -- sums

    def sum(self, of: Sum, clause: Clause) -> Typed:
        """A sum with all owners and units resolved, and what it may be read as."""
        match of:
            case Amount():
                return _amount(of)
            case Text():
                return Typed(of, frozenset({Kind.TEXT}))
            case Name():
                return self._name(of, clause)
            case Over():
                return self._over(of, clause)
            case Arithmetic():
                return self._arithmetic(of, clause)
            case _:
                self._complain("wrong-kind", "a test stands where a value is wanted", of.span)
                return Typed(of, ANY)

    def figure(self, of: Sum, clause: Clause) -> Typed:
        """A sum that is held against nothing: a fact in it is a number."""
        typed = self.sum(of, clause)
        if typed.kinds != READINGS:
            return typed
        number = frozenset({Kind.NUMBER})
        return Typed(_settled(typed.of, number), number)

    def _over(self, over: Over, clause: Clause) -> Typed:
        before = len(self.findings)
        seconds, mistake = window_of(over.window)
        if mistake is None and (mistake := without_past(over)) is None:
            inner = self.sum(over.of, clause.without_after())
        if mistake is None and len(self.findings) == before:
            counted = self.is_counted(inner.of)
            mistake = misuse(over, phrase(over.of), inner.kinds & MEASURES, counted=counted)
        if mistake is not None:
            self.findings.append(mistake)
        if len(self.findings) > before:
            return Typed(over, ANY)
        window = replace(over.window, value=seconds, unit=None, kind=Kind.TIME)
        checked = replace(over, of=inner.of, window=window, number=len(self.aggregates))
        same = (over.function, without_places(inner.of), seconds)
        return Typed(replace(checked, number=self.aggregates.setdefault(same, checked).number), inner.kinds & MEASURES)

    def is_counted(self, of: Sum) -> bool:
        """Whether something in a checked sum is counted, and not measured."""
        names = [leaf for leaf in leaves(of) if isinstance(leaf, Name)]
        words = [self.vocabulary.find(THING[str(name.owner)], name.name) for name in names]
        return any(word is not None and word.counted for word in words)

    def _arithmetic(self, of: Arithmetic, clause: Clause) -> Typed:
        left, right = self.figure(of.left, clause), self.figure(of.right, clause)
        if ANY in {left.kinds, right.kinds}:
            return Typed(of, ANY)
        kinds = _RECKONED[of.operator](left.kinds & MEASURES, right.kinds) & MEASURES
        if not kinds:
            message = f"{_called(left.kinds)} {of.operator} {_called(right.kinds)} makes no sense"
            self._complain("wrong-kind", message, of.span, _RECKONING[of.operator])
        return Typed(replace(of, left=left.of, right=right.of), kinds or ANY)

    def _name(self, name: Name, clause: Clause) -> Typed:
        if name.name.startswith(PREFIX):
            return self._named_fact(name, clause)
        word = self._word(name, clause)
        if word is None:
            return Typed(name, ANY)
        owner = self._owner(name.owner, clause)
        return Typed(name if owner == name.owner else replace(name, owner=owner), _ONE_KIND[word.kind])

    def _named_fact(self, name: Name, clause: Clause) -> Typed:
        """A fact of a host; nobody else has any."""
        owner = self._owner(name.owner, clause)
        if owner is not None and THING[owner] == "host":
            return Typed(replace(name, owner=owner), READINGS)
        ways = [name.name] if clause.bare == "host" else []
        ways += [f"{word}.{name.name}" for word, whose in clause.owners.items() if THING[whose] == "host"]
        hint = f"write {' or '.join(ways)}" if ways else "only hosts have facts"
        of_vms = "; what is said of a VM are its tags" if clause.bare == "vm" else ""
        self._complain("wrong-owner", f"{phrase(name)} has no meaning in {clause.title}", name.span, hint + of_vms)
        return Typed(name, ANY)

    def _word(self, name: Name, clause: Clause) -> Word | None:
        """The vocabulary's word for a name; where there is none, a finding."""
        owner = self._owner(name.owner, clause)
        word = self.vocabulary.find(THING[owner], name.name) if owner else None
        if word is None:
            self._no_word(name, clause, owner)
        return word

    def _no_word(self, name: Name, clause: Clause, owner: str | None) -> None:
        ways = clause.ways(name.name, self.vocabulary)
        if owner is None and ways:
            message = f"{phrase(name)} has no meaning in {clause.title}"
            self._complain("wrong-owner", message, name.span, f"write {' or '.join(ways)}")
        else:
            self._unknown_name(name, clause, ways)

    def _unknown_name(self, name: Name, clause: Clause, ways: tuple[str, ...]) -> None:
        owner = self._owner(name.owner, clause)
        whose = f"{_WHOSE[THING[owner]]} has" if owner else f"{clause.title} knows"
        hint = self._hint_for(name, clause, ways)
        self._complain("unknown-name", f"{whose} no “{phrase(name) if not owner else name.name}”", name.span, hint)

    def _hint_for(self, name: Name, clause: Clause, ways: tuple[str, ...]) -> str:
        if name.owner is None and name.name in self.sets:
            return f"{name.name} is a set: write in {name.name}"
        if ways:
            return f"write {' or '.join(ways)}"
        owner = self._owner(name.owner, clause)
        words = {word for whose in ([owner] if owner else clause.owners.values()) for word in self._names(whose)}
        tests = () if owner == "farm" else _TESTS
        near = self.speller.nearest(name.name, words.union(tests))
        if near is None:
            return f"known are {', '.join(sorted(words))}" if words else ""
        has_owner = name.owner in clause.owners
        if near in tests:
            return f'did you mean {f"{name.owner} " if has_owner else ""}{near} "…"?'
        meant = f"{name.owner}.{near}" if has_owner else clause.ways(near, self.vocabulary)[0]
        return f"did you mean {meant}?"

    def _names(self, owner: str) -> Iterator[str]:
        """What can be said of an owner today."""
        whose = THING[owner]
        return (word.name for word in self.vocabulary.words.values() if word.owner == whose)

    def _owner(self, written: str | None, clause: Clause) -> str | None:
        return clause.bare if written is None else clause.owners.get(written)

    def _complain(self, code: str, message: str, span: Span, hint: str = "") -> None:
        self.findings.append(error(code, message, span, hint))


# -- kinds -------------------------------------------------------------------------------------------------------------


def _alike(left: Kinds, right: Kinds) -> Kinds:
    return left & right


def _times(left: Kinds, right: Kinds) -> Kinds:
    if Kind.NUMBER in left:
        return right
    return left if Kind.NUMBER in right else frozenset()


def _divided(left: Kinds, right: Kinds) -> Kinds:
    if right != _LITERAL and left & right:
        return RATIO
    return left if Kind.NUMBER in right else frozenset()


_RECKONED: Final[Mapping[str, Callable[[Kinds, Kinds], Kinds]]] = MappingProxyType({
    "+": _alike, "-": _alike, "*": _times, "/": _divided,
})  # fmt: skip
_RECKONING: Final[Mapping[str, str]] = MappingProxyType({
    "+": "add like to like", "-": "take like from like",
    "*": "multiply by a plain number", "/": "divide by a plain number, or like by like",
})  # fmt: skip
_UNCOMPARED: Final[Mapping[Kind, str]] = MappingProxyType({
    Kind.BOOL: "it stands alone: write the name, or not and the name",
    Kind.ROUNDS: "rounds stand behind for only",
})  # fmt: skip


def _percent(literal: Amount | Text) -> str:
    if isinstance(literal, Text) or literal.unit is not None:
        return "write a share, such as 85%"
    return f"write {literal.value * 100 if literal.value <= 1 else literal.value:g}%"


def _with_unit(kind: Kind) -> Callable[[Amount | Text], str]:
    units = ", ".join(unit for unit, (of, _) in UNITS.items() if of is kind)
    return lambda _literal: f"a {kind} has one of the units {units}"


def _in_quotes(literal: Amount | Text) -> str:
    return f'text goes in quotes: "{phrase(literal)}"'


_WRITE: Final[Mapping[Kind, Callable[[Amount | Text], str]]] = MappingProxyType({
    Kind.NUMBER: lambda _literal: "write a plain number",
    Kind.SHARE: _percent,
    Kind.SIZE: _with_unit(Kind.SIZE),
    Kind.TIME: _with_unit(Kind.TIME),
    Kind.ROUNDS: _with_unit(Kind.ROUNDS),
    Kind.TEXT: _in_quotes,
    Kind.BOOL: lambda _literal: _UNCOMPARED[Kind.BOOL],
    Kind.VERSION: lambda _literal: "a version is written without quotes, such as 4.17",
})  # fmt: skip


def _amount(amount: Amount) -> Typed:
    if amount.unit is None:
        return Typed(amount, _LITERAL)
    kind, value = based(amount.value, amount.unit)
    return Typed(Amount(value, None, amount.text, amount.span, kind), _ONE_KIND[kind])


def _settled(of: Sum, common: Kinds) -> Sum:
    """A literal held against a version is one, a fact is what it is held against."""
    if common and isinstance(of, Name) and of.name.startswith(PREFIX):
        return replace(of, kind=min(common))
    if common != {Kind.VERSION} or not isinstance(of, Amount):
        return of
    return replace(of, value=version_number(of.text), kind=Kind.VERSION)


def _called(kinds: Kinds) -> str:
    return _CALLED.get(kinds) or f"a {min(kinds)}"
