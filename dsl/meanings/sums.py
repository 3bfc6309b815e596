"""What the sums of a clause mean: names, amounts, aggregates over time, and what is reckoned from them.

Rule: an aggregate that is said twice in a file is one.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from dsl.aggregates import misuse, window_of, without_past
from dsl.clauses import THING, Clause
from dsl.evaluation import leaves
from dsl.facts import PREFIX, READINGS
from dsl.meanings.kinds import ANY, MEASURES, ONE_KIND, RECKONED, RECKONING, Typed, called, literal, settled
from dsl.meanings.words import Words
from dsl.phrases import phrase
from dsl.syntax import Amount, Arithmetic, Kind, Name, Over, Sum, Text, without_places


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of one file; `aggregates` are those over time so far."""

    words: Words
    aggregates: dict[Any, Over] = field(default_factory=dict)

    def sum(self, of: Sum, clause: Clause) -> Typed:
        """A sum with all owners and units resolved, and what it may be read as."""
        match of:
            case Amount():
                return literal(of)
            case Text():
                return Typed(of, ONE_KIND[Kind.TEXT])
            case Name():
                return self._name(of, clause)
            case Over():
                return self._over(of, clause)
            case Arithmetic():
                return self._arithmetic(of, clause)
            case _:
                self.words.complain("wrong-kind", "a test stands where a value is wanted", of.span)
                return Typed(of, ANY)

    def figure(self, of: Sum, clause: Clause) -> Typed:
        """A sum that is held against nothing: a fact in it is a number."""
        typed = self.sum(of, clause)
        if typed.kinds != READINGS:
            return typed
        number = ONE_KIND[Kind.NUMBER]
        return Typed(settled(typed.of, number), number)

    def _over(self, over: Over, clause: Clause) -> Typed:
        before = len(self.words.findings)
        seconds, mistake = window_of(over.window)
        if mistake is None and (mistake := without_past(over)) is None:
            inner = self.sum(over.of, clause.without_after())
        if mistake is None and len(self.words.findings) == before:
            counted = self.is_counted(inner.of)
            mistake = misuse(over, phrase(over.of), inner.kinds & MEASURES, counted=counted)
        if mistake is not None:
            self.words.findings.append(mistake)
        if len(self.words.findings) > before:
            return Typed(over, ANY)
        window = replace(over.window, value=seconds, unit=None, kind=Kind.TIME)
        checked = replace(over, of=inner.of, window=window, number=len(self.aggregates))
        same = (over.function, without_places(inner.of), seconds)
        return Typed(replace(checked, number=self.aggregates.setdefault(same, checked).number), inner.kinds & MEASURES)

    def is_counted(self, of: Sum) -> bool:
        """Whether something in a checked sum is counted, and not measured."""
        names = [leaf for leaf in leaves(of) if isinstance(leaf, Name)]
        words = [self.words.vocabulary.find(THING[str(name.owner)], name.name) for name in names]
        return any(word is not None and word.counted for word in words)

    def _arithmetic(self, of: Arithmetic, clause: Clause) -> Typed:
        left, right = self.figure(of.left, clause), self.figure(of.right, clause)
        if ANY in {left.kinds, right.kinds}:
            return Typed(of, ANY)
        kinds = RECKONED[of.operator](left.kinds & MEASURES, right.kinds) & MEASURES
        if not kinds:
            message = f"{called(left.kinds)} {of.operator} {called(right.kinds)} makes no sense"
            self.words.complain("wrong-kind", message, of.span, RECKONING[of.operator])
        return Typed(replace(of, left=left.of, right=right.of), kinds or ANY)

    def _name(self, name: Name, clause: Clause) -> Typed:
        if name.name.startswith(PREFIX):
            return self._named_fact(name, clause)
        word = self.words.word(name, clause)
        if word is None:
            return Typed(name, ANY)
        owner = clause.owner(name.owner)
        return Typed(name if owner == name.owner else replace(name, owner=owner), ONE_KIND[word.kind])

    def _named_fact(self, name: Name, clause: Clause) -> Typed:
        """A fact of a host; nobody else has any."""
        owner = clause.owner(name.owner)
        if owner is not None and THING[owner] == "host":
            return Typed(replace(name, owner=owner), READINGS)
        ways = [name.name] if clause.bare == "host" else []
        ways += [f"{word}.{name.name}" for word, whose in clause.owners.items() if THING[whose] == "host"]
        hint = f"write {' or '.join(ways)}" if ways else "only hosts have facts"
        of_vms = "; what is said of a VM are its tags" if clause.bare == "vm" else ""
        self.words.complain("wrong-owner", f"{phrase(name)} has no meaning in {clause.title}", name.span, hint + of_vms)
        return Typed(name, ANY)
