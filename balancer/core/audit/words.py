"""All that the statements of a file speak of: its sets, its tests, its names.

Rule: in the order of the file, so that what is told once is told where it stands first.
"""

from collections.abc import Iterator

from dsl.ruleset import Ruleset
from dsl.syntax import (
    All,
    Amount,
    Arithmetic,
    Both,
    Compare,
    Either,
    Member,
    Name,
    Not,
    Over,
    Pack,
    Pick,
    Set,
    Sum,
    Test,
    Text,
)

Word = Pick | Member | Name
"""What a test or a sum is about in the end."""


def sets_of(rules: Ruleset) -> Iterator[Set]:
    """Every set that a statement describes, or names."""
    found: list[Set | None] = [let.set for let in rules.lets]
    found += [drain.hosts for drain in rules.drains]
    for keep in (*rules.keeps, *rules.prefers):
        found += [keep.vms, keep.relation.other]
    for never in (*rules.nevers, *rules.avoids):
        found += [never.vms, never.source, never.target]
    return iter(sorted((each for each in found if each is not None), key=_line))


def words_of(rules: Ruleset) -> Iterator[Word]:
    """Every pick, membership and name of a file."""
    tests = [each.test for each in sets_of(rules) if isinstance(each, All) and each.test is not None]
    tests += [freeze.test for freeze in rules.freezes]
    sums: list[Sum] = []
    for rule in rules.rules:
        tests += [test for test in (rule.when.held, rule.when.now, rule.until) if test is not None]
        for choice in (rule.move, rule.to):
            tests += [gate.test for gate in choice.where]
            sums += [key.of for key in choice.by]
    if isinstance(rules.goal, Pack):
        tests += [gate.test for gate in rules.goal.where]
    found = [word for each in (*tests, *sums) for word in words(each)]
    return iter(sorted(found, key=_line))


def words(of: Test | Sum) -> Iterator[Word]:
    """What a test or a sum is about."""
    match of:
        case Pick() | Member() | Name():
            yield of
        case Not(test=inner) | Over(of=inner):
            yield from words(inner)
        case Both(left=left, right=right) | Either(left=left, right=right):
            yield from (*words(left), *words(right))
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            yield from (*words(left), *words(right))
        case Amount() | Text():
            return


def _line(node: Set | Word) -> tuple[int, int]:
    return node.span.line, node.span.column
