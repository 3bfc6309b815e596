"""Rules that come too late: where they hold, an earlier one has had the same VMs and hosts to choose from.

Rule: only what is certain. Both must go on until their mark: a rule without one moves a VM a round, and a second rule
may mean a second VM.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from dsl.doubts.formulas import ALWAYS, AllOf, Formula, subjects
from dsl.doubts.reading import PLANNED, REPORTED, Reader
from dsl.doubts.said import Said, against, is_of_all
from dsl.doubts.solving import implies
from dsl.findings import Finding, warning
from dsl.syntax import Amount, Gate, Never, Rule

LOOKED_AT: Final = 8
"""Of the earlier rules about the same figures, the first."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a rule asks, clause by clause."""

    rule: Rule
    held: Formula
    now: Formula
    moved: Formula
    target: Formula
    until: Formula | None

    @classmethod
    def of(cls, rule: Rule, reader: Reader) -> Self:
        return cls(
            rule=rule,
            held=reader.test(rule.when.held, REPORTED),
            now=ALWAYS if rule.when.now is None else reader.test(rule.when.now, PLANNED),
            moved=_gates(rule.move.where, reader),
            target=_gates(rule.to.where, reader),
            until=None if rule.until is None else reader.test(rule.until, PLANNED),
        )

    def leaves_nothing_to(self, later: "_Asked") -> bool:
        """Whether this rule, once it has had its turn, has left no move to a later one."""
        if self.until is None or later.until is None or not _is_sooner(self.rule.when.hold, later.rule.when.hold):
            return False
        return (
            implies(later.held, self.held)
            and implies(later.now, self.now)
            and implies(later.moved, self.moved)
            and implies(later.target, self.target)
            and implies(self.until, later.until)
        )


def shadows(said: Said) -> Iterator[Finding]:
    """The rules that never act."""
    frozen = next((each for each in said.all(Never) if _keeps_all(each)), None)
    if frozen is not None:
        yield from (_still(rule, frozen) for rule in said.all(Rule))
        return
    earlier: dict[frozenset[object], list[_Asked]] = {}
    for rule in said.all(Rule):
        asked = _Asked.of(rule, said.reader)
        alike = earlier.setdefault(frozenset(subjects(asked.held)), [])
        first = next((each for each in alike if each.leaves_nothing_to(asked)), None)
        if first is not None:
            yield _late(rule, first.rule)
        elif len(alike) < LOOKED_AT:
            alike.append(asked)


def _keeps_all(never: Never) -> bool:
    return never.hard and is_of_all(never) and never.during is None and "rules" not in never.excepted


def _gates(where: Sequence[Gate], reader: Reader) -> Formula:
    return AllOf(tuple(reader.test(gate.test, PLANNED) for gate in where))


def _is_sooner(hold: Amount | None, later: Amount | None) -> bool:
    """Whether a streak that is long enough for the later rule is so for this one."""
    if hold is None:
        return True
    return later is not None and hold.kind is later.kind and hold.value <= later.value


def _late(rule: Rule, first: Rule) -> Finding:
    message = f"rule {rule.name} never acts: where it holds, rule {first.name} has had the same VMs and hosts before it"
    return warning("shadowed", message, rule.when.span, f"{against([first])}; put the narrower one first")


def _still(rule: Rule, frozen: Never) -> Finding:
    message = f"rule {rule.name} never acts: no VM may move"
    return warning("shadowed", message, rule.span, against([frozen]))
