"""The words of one file: those of the vocabulary and its own sets, looked up, or told with the nearest that there is.

Rule: what is unknown is told once and where it stands; the check goes on behind it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from dsl.clauses import THING, Clause
from dsl.findings import Finding, Speller, error
from dsl.phrases import phrase
from dsl.syntax import Name, NamedSet, Set, Span
from dsl.vocabulary import Vocabulary, Word

_TESTS: Final = ("named", "tagged")
_PLURAL: Final[Mapping[str, str]] = MappingProxyType({"vm": "VMs", "host": "hosts"})
_WHOSE: Final[Mapping[str, str]] = MappingProxyType({"vm": "a VM", "host": "a host", "farm": "the farm"})


@dataclass(frozen=True, slots=True)
class Words:
    """A set is one of `vm` or `host`, or None where it makes no sense; what is wrong is added to `findings`."""

    vocabulary: Vocabulary
    sets: Mapping[str, str | None]
    findings: list[Finding]
    speller: Speller = field(default_factory=Speller)

    def expect(self, of: Set, thing: str) -> None:
        """Tell a set that is not one of these things."""
        if isinstance(of, NamedSet) and of.name not in self.sets:
            self._unknown_set(of.name, of.span)
            return
        actual = self.sets[of.name] if isinstance(of, NamedSet) else of.thing
        if actual not in {thing, None}:
            message = f"these are {_PLURAL[actual or thing]}, wanted are {_PLURAL[thing]}"
            self.complain("wrong-set", message, of.span)

    def _unknown_set(self, name: str, span: Span) -> None:
        near = self.speller.did_you_mean(name, self.sets)
        hint = near or f'name it with a let, or put a name from the farm in quotes: "{name}"'
        self.complain("unknown-set", f"no let names a set “{name}”", span, hint)

    def word(self, name: Name, clause: Clause) -> Word | None:
        """The vocabulary's word for a name; where there is none, a finding."""
        owner = clause.owner(name.owner)
        word = self.vocabulary.find(THING[owner], name.name) if owner else None
        if word is None:
            self._no_word(name, clause, owner)
        return word

    def _no_word(self, name: Name, clause: Clause, owner: str | None) -> None:
        ways = clause.ways(name.name, self.vocabulary)
        if owner is None and ways:
            message = f"{phrase(name)} has no meaning in {clause.title}"
            self.complain("wrong-owner", message, name.span, f"write {' or '.join(ways)}")
        else:
            self._unknown_name(name, clause, ways)

    def _unknown_name(self, name: Name, clause: Clause, ways: tuple[str, ...]) -> None:
        owner = clause.owner(name.owner)
        whose = f"{_WHOSE[THING[owner]]} has" if owner else f"{clause.title} knows"
        hint = self._hint_for(name, clause, ways)
        self.complain("unknown-name", f"{whose} no “{phrase(name) if not owner else name.name}”", name.span, hint)

    def _hint_for(self, name: Name, clause: Clause, ways: tuple[str, ...]) -> str:
        if name.owner is None and name.name in self.sets:
            return f"{name.name} is a set: write in {name.name}"
        if ways:
            return f"write {' or '.join(ways)}"
        owner = clause.owner(name.owner)
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

    def complain(self, code: str, message: str, span: Span, hint: str = "") -> None:
        """Add a mistake."""
        self.findings.append(error(code, message, span, hint))
