"""From checked tests and sets to formulas.

Rule: what cannot be taken apart stays one claim of which nothing is known. A set is worked out on reports, so its
figures say nothing of what is planned; its names and tags do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from dsl.clauses import THING
from dsl.doubts.formulas import (
    ALWAYS,
    AllOf,
    AnyOf,
    Fixed,
    Formula,
    Holds,
    Matches,
    Negated,
    Reads,
    Within,
    joined,
    subjects,
)
from dsl.doubts.intervals import Interval
from dsl.doubts.sums import ANYTHING, POSITIVE, Figure, held_against, linear
from dsl.globs import is_literal
from dsl.meanings.kinds import MEASURES
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
    One,
    Pick,
    Set,
    Sum,
    Test,
    Text,
)
from dsl.vocabulary import Vocabulary

CLAIMS: Final = 100
DEPTH: Final = 16
"""Of a set: one that claims more, or is made of more in a row, stays whole."""

_SHARE: Final = Interval(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class View:
    """From where a test looks: `reported` figures or planned ones; inside a set, whose its names are out there.

    `past`: the set's figures are those of the reports, and the clause around it sees others. `depth`: so many sets are
    in each other.
    """

    reported: bool
    owners: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    past: bool = False
    depth: int = 0

    def within(self, thing: str, owner: str | None) -> "View":
        """The view of a set's own test."""
        return replace(self, owners=MappingProxyType({thing: owner} if owner else {}))

    def into_a_set(self) -> "View":
        """The view of a set that this clause speaks of."""
        return View(self.reported, past=self.past or not self.reported, depth=self.depth + 1)


REPORTED: Final = View(reported=True)
PLANNED: Final = View(reported=False)


class Reader:
    """Reads the tests of one file; `lets` are the sets that could be understood, `things` what each set is one of."""

    def __init__(self, vocabulary: Vocabulary, lets: Mapping[str, Set], things: Mapping[str, str | None]) -> None:
        self._vocabulary = vocabulary
        self._lets = lets
        self._things = things
        self._read: dict[tuple[int, int], Formula] = {}
        self._sets: dict[tuple[str, str, bool, bool], Formula] = {}

    def test(self, test: Test, view: View) -> Formula:
        """What a test claims; asked again from the same view, it is remembered."""
        key = id(test), id(view)
        if key not in self._read:
            self._read[key] = self._formula(test, view)
        return self._read[key]

    def _formula(self, test: Test, view: View) -> Formula:
        match test:
            case Both():
                return joined(AllOf, (self._formula(part, view) for part in links(test, Both)))
            case Either():
                return joined(AnyOf, (self._formula(part, view) for part in links(test, Either)))
            case Not(test=inner):
                return Negated(self._formula(inner, view))
            case _:
                return self._claim(test, view)

    def _claim(self, test: Compare | Pick | Member | Name, view: View) -> Formula:
        match test:
            case Compare():
                return self._compare(test, view)
            case Pick(owner=owner, how=how, pattern=pattern):
                return Matches((_owner(owner, view), how), pattern)
            case Member(owner=owner, set_name=name):
                return self._named(name, _owner(owner, view), view.into_a_set())
            case Name():
                return Holds(self._figure(test, view).key)

    def members(self, of: Set | None) -> Formula:
        """What is claimed of each member of a set, as reported; no set is all."""
        match of:
            case None | All(test=None):
                return ALWAYS
            case NamedSet(name=name):
                return self._named(name, None, REPORTED)
            case One(thing=thing, name=name):
                return Matches((thing, "named"), name) if is_literal(name) else Holds((thing, name))
            case All(test=test) if test is not None:
                return self.test(test, REPORTED)
        raise AssertionError(f"no such set: {of}")

    def arrivals(self, of: Set | None) -> Formula:
        """What is claimed of a host behind `to`, whose test may look at the journey itself."""
        if isinstance(of, All) and of.test is not None:
            return self.test(of.test, PLANNED)
        return self.members(of)

    def _thing(self, of: Set) -> str:
        """Whether these are VMs or hosts, empty where nobody knows."""
        return (self._things.get(of.name) or "") if isinstance(of, NamedSet) else of.thing

    def _named(self, name: str, owner: str | None, view: View) -> Formula:
        """The members of a `let`, seen from its owner's clause; one that claims too much stays whole."""
        key = name, owner or "", view.reported, view.past
        if key not in self._sets:
            self._sets[key] = whole = Holds(("in", owner or self._things.get(name) or "", name))
            if name in self._lets and view.depth <= DEPTH:
                formula = self._unfolded(self._lets[name], owner, view)
                self._sets[key] = formula if len(list(subjects(formula))) <= CLAIMS else whole
        return self._sets[key]

    def _unfolded(self, of: Set, owner: str | None, view: View) -> Formula:
        thing = self._thing(of)
        match of:
            case NamedSet(name=name):
                return self._named(name, owner, view.into_a_set())
            case One(name=name):
                whose = owner or thing
                return Matches((whose, "named"), name) if is_literal(name) else Holds((whose, name))
            case All(test=test):
                if test is None:
                    return ALWAYS
                return self._formula(test, view.within(thing, owner))

    def _compare(self, test: Compare, view: View) -> Formula:
        if test.operator == "!=":
            return Negated(self._held(test.left, "==", test.right, view))
        return self._held(test.left, test.operator, test.right, view)

    def _held(self, left: Sum, sign: str, right: Sum, view: View) -> Formula:
        if isinstance(left, Name) and isinstance(right, Amount):
            return Within(self._figure(left, view), Interval.beside(sign, right.value))
        texts = [each for each in (left, right) if isinstance(each, Text)]
        names = [each for each in (left, right) if isinstance(each, Name)]
        if len(texts) == len(names) == 1:
            return Reads(("reads", self._figure(names[0], view).key), texts[0].value)
        read = [linear(each, lambda name: self._figure(name, view)) for each in (left, right)]
        against = held_against(read[0].plus(read[1], -1.0), sign)
        if against is not None:
            return Within(*against)
        only = Interval(read[0].constant, read[0].constant)
        return Fixed(not (only & Interval.beside(sign, read[1].constant)).is_empty())

    def _figure(self, name: Name, view: View) -> Figure:
        """What is known of a name beforehand; a figure of the past is another than the one that is planned."""
        owner = _owner(name.owner, view)
        word = self._vocabulary.find(THING.get(owner, ""), name.name)
        if word is None or word.kind not in MEASURES:
            return Figure((owner, name.name), POSITIVE if word and word.kind is Kind.VERSION else ANYTHING)
        key = (owner, name.name, "as reported") if view.past else (owner, name.name)
        as_said = view.reported or view.past
        return Figure(key, _SHARE if as_said and word.kind is Kind.SHARE else POSITIVE, word.discrete)


def _owner(written: str | None, view: View) -> str:
    return view.owners.get(written or "", written or "")


def links(test: Test, kind: type[Both] | type[Either]) -> list[Test]:
    """The parts of a chain of `and`, or of `or`, as they stand."""
    found: list[Test] = []
    waiting = [test]
    while waiting:
        part = waiting.pop()
        if isinstance(part, kind):
            waiting += [part.right, part.left]
        else:
            found.append(part)
    return found
