"""Statements that say no more than another one does: the same again, or something that follows.

Rule: the one that can be taken out is told. What is the same word for word is always found; what follows from another
statement of its kind is looked for among a bounded number of pairs, the first of the file.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice, permutations
from typing import Final

from dsl.doubts.formulas import Formula
from dsl.doubts.reading import REPORTED, Reader
from dsl.doubts.said import Said, against
from dsl.doubts.solving import implies
from dsl.findings import Finding, warning
from dsl.hours import ALL_WEEK, week
from dsl.syntax import Cap, Drain, Freeze, Keep, Limit, Never, Relation, Statement, Window

PAIRS: Final = 2000
"""Statements held against each other, beyond those that are the same."""


@dataclass(frozen=True, slots=True)
class _Demand:
    """What a statement demands, so that it can be held against others of its `kind`.

    It demands no more than another where its `narrower` formulas imply the other's, the other's `wider` ones its own,
    and its `count`, hours and `excepted` steps ask no more. A wish has a `price`, and is held against its like alone.
    """

    kind: Hashable
    narrower: tuple[Formula, ...] = ()
    wider: tuple[Formula, ...] = ()
    count: float = 0
    minutes: int = ALL_WEEK
    zone: str | None = None
    excepted: frozenset[str] = frozenset()
    price: float | None = None

    def follows_from(self, other: "_Demand") -> bool:
        """Whether whoever meets the other demand meets this one."""
        return (
            self.count >= other.count
            and self.excepted >= other.excepted
            and other.zone in {None, self.zone}
            and not self.minutes & ~other.minutes
            and all(map(implies, self.narrower, other.narrower))
            and all(map(implies, other.wider, self.wider))
        )


def repeats(said: Said) -> Iterator[Finding]:
    """Statements, and budgets of a limit, that can be taken out."""
    first: dict[_Demand, Statement] = {}
    for statement in said.statements:
        demand = _demand(statement, said.reader)
        if demand is None:
            continue
        earlier = first.setdefault(demand, statement)
        if earlier is not statement:
            yield _told(statement, earlier)
    yield from _following(first)
    yield from chain.from_iterable(_budgets(limit) for limit in said.all(Limit))


def _following(first: Mapping[_Demand, Statement]) -> Iterator[Finding]:
    """What follows from another statement, each once."""
    alike: dict[Hashable, list[_Demand]] = {}
    for demand in (each for each in first if each.price is None):
        alike.setdefault(demand.kind, []).append(demand)
    pairs = chain.from_iterable(permutations(each, 2) for each in alike.values())
    told: set[_Demand] = set()
    for demand, other in islice(pairs, PAIRS):
        if demand not in told and other not in told and demand.follows_from(other):
            told.add(demand)
            yield _told(first[demand], first[other])


def _demand(statement: Statement, reader: Reader) -> _Demand | None:
    match statement:
        case Keep():
            return _kept(statement, reader)
        case Never():
            return _never(statement, reader)
        case Drain(hosts=hosts):
            return _Demand("drain", narrower=(reader.members(hosts),))
        case Freeze(test=test):
            return _Demand("freeze", narrower=(reader.test(test, REPORTED),))
        case Window(hours=hours, excepted=excepted):
            return _Demand(("window", frozenset(excepted)), minutes=week(hours), zone=hours.zone)
        case _:
            return None


def _kept(keep: Keep, reader: Reader) -> _Demand:
    vms, other = reader.members(keep.vms), reader.members(keep.relation.other)
    price = None if keep.hard else keep.cost or 1.0
    match keep.relation:
        case Relation(how="at_most", count=int(count), per=per):
            return _Demand(("at most", per), narrower=(vms,), count=count, price=price)
        case Relation(how="apart"):
            return _Demand(("at most", "host"), narrower=(vms,), count=1, price=price)
        case Relation(how="together"):
            return _Demand("together", narrower=(vms,), price=price)
        case Relation(how="apart_from"):
            return _Demand("apart from", narrower=tuple(sorted((vms, other), key=repr)), price=price)
        case Relation(how=how):
            return _Demand(how, narrower=(vms,), wider=(other,), price=price)


def _never(never: Never, reader: Reader) -> _Demand:
    hours, target = never.during, never.target
    arrivals = reader.arrivals(target)
    return _Demand(
        "never",
        narrower=(reader.members(never.vms), reader.members(never.source), arrivals),
        minutes=ALL_WEEK if hours is None else week(hours),
        zone=None if hours is None else hours.zone,
        excepted=frozenset(never.excepted),
        price=None if never.hard else never.cost or 1.0,
    )


def _budgets(limit: Limit) -> Iterator[Finding]:
    """Of two budgets for the same, the larger says nothing."""
    least: dict[tuple[str | None, str | None], Cap] = {}
    for cap in sorted(limit.caps, key=lambda each: each.count):
        lower = least.setdefault((cap.period, cap.per), cap)
        if lower is not cap:
            message = f"{lower.count} is the budget already"
            yield warning("redundant", message, cap.span, "take the larger one out")


def _told(statement: Statement, other: Statement) -> Finding:
    return warning("redundant", "this says no more than another statement", statement.span, against([other]))
