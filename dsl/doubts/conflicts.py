"""Statements that cannot hold together whatever the farm is like.

Rule: only what is certain from the sets' own words, once the smaller set has members at all. Walls of one rank are an
error; a drain yields to a wall, so that it is only never finished. What needs a farm to tell, such as three VMs apart
on two hosts, is told where there is one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice, product
from typing import Final, Self, TypeVar

from dsl.doubts.formulas import Formula
from dsl.doubts.reading import Reader
from dsl.doubts.said import Said, against, is_of_all
from dsl.doubts.solving import can_hold, implies
from dsl.findings import Finding, error, warning
from dsl.phrases import set_phrase
from dsl.syntax import Drain, Keep, NamedSet, Never, One, Set

ALIKE: Final = 5000
PAIRS: Final = 2000
"""Of each kind of conflict, as many pairs of statements are looked at: those about the same sets, and any others."""

Left = TypeVar("Left")
Right = TypeVar("Right")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A `keep` and whom it is about."""

    keep: Keep
    vms: Formula
    other: Formula

    @classmethod
    def of(cls, keep: Keep, reader: Reader) -> Self:
        return cls(keep, reader.members(keep.vms), reader.members(keep.relation.other))


@dataclass(frozen=True, slots=True)
class _Walls:
    """The keeps of a file by relation, each once, and what is known of their sets."""

    kept: Mapping[str, list[_Kept]]
    within: dict[tuple[Formula, Formula], bool] = field(default_factory=dict)

    @classmethod
    def of(cls, said: Said) -> Self:
        kept: dict[str, dict[tuple[Formula, Formula], _Kept]] = {}
        for keep in (each for each in said.all(Keep) if each.hard):
            one = _Kept.of(keep, said.reader)
            if can_hold(one.vms) and can_hold(one.other):
                kept.setdefault(_how(keep), {}).setdefault((one.vms, one.other), one)
        return cls({how: list(each.values()) for how, each in kept.items()})

    def of_relation(self, how: str) -> Sequence[_Kept]:
        """The keeps of one relation."""
        return self.kept.get(how, ())

    def pairs(self, first: str, second: str) -> Iterator[tuple[_Kept, _Kept]]:
        """Two keeps of these relations, as many as are looked at."""
        return _pairs(self.of_relation(first), self.of_relation(second), lambda each: each.vms, lambda each: each.vms)

    def are_within(self, narrow: Formula, wide: Formula) -> bool:
        """Whether all members of one set are certainly in another."""
        key = narrow, wide
        if key not in self.within:
            self.within[key] = implies(narrow, wide)
        return self.within[key]

    def smaller(self, one: _Kept, other: _Kept) -> _Kept | None:
        """The one whose VMs are certainly all among the other's: of them both speak; None where nobody knows."""
        if self.are_within(one.vms, other.vms):
            return one
        return other if self.are_within(other.vms, one.vms) else None


def _pairs(
    ones: Sequence[Left],
    others: Sequence[Right],
    of_one: Callable[[Left], Formula],
    of_other: Callable[[Right], Formula],
) -> Iterator[tuple[Left, Right]]:
    """Pairs about the same set first, however far they stand apart, then any, as many as are looked at."""
    by_set: dict[Formula, list[Right]] = {}
    for other in others:
        by_set.setdefault(of_other(other), []).append(other)
    alike = ((one, other) for one in ones for other in by_set.get(of_one(one), ()))
    return chain(islice(alike, ALIKE), islice(product(ones, others), PAIRS))


def conflicts(said: Said) -> Iterator[Finding]:
    """Each two or three statements that cannot hold together, told once, at the latest of them."""
    walls = _Walls.of(said)
    told: set[tuple[int, ...]] = set()
    for message, statements in chain.from_iterable(kind(walls) for kind in _KINDS):
        *earlier, latest = sorted(statements, key=lambda each: each.span.line)
        lines = tuple(each.span.line for each in statements)
        if lines not in told:
            told.add(lines)
            yield error("conflict", message, latest.span, against(earlier))
    yield from _never_empty(said, walls)


def _how(keep: Keep) -> str:
    """The relation; at most one of them per host is apart."""
    relation = keep.relation
    return "apart" if (relation.how, relation.count, relation.per) == ("at_most", 1, "host") else relation.how


Conflict = tuple[str, tuple[Keep, ...]]


def _together_and_apart(walls: _Walls) -> Iterator[Conflict]:
    for one, other in walls.pairs("together", "apart"):
        smaller = walls.smaller(one, other)
        if smaller is not None and not _is_single(smaller.keep.vms):
            yield f"{_called(smaller.keep.vms)} cannot be both together and apart", (one.keep, other.keep)


def _together_and_apart_from(walls: _Walls) -> Iterator[Conflict]:
    for one, other in walls.pairs("together", "apart_from"):
        if walls.are_within(other.vms, one.vms) and walls.are_within(other.other, one.vms) and _are_two(other):
            yield f"{_called(one.keep.vms)} cannot be together: some are to be apart", (one.keep, other.keep)


def _beside_and_apart(walls: _Walls) -> Iterator[Conflict]:
    """Nobody is apart from himself, so that company of one's own set is none here."""
    for one, other in walls.pairs("with", "apart"):
        both = walls.are_within(one.vms, other.vms) and walls.are_within(one.other, other.vms)
        if both and not can_hold(one.vms, one.other):
            yield _beside(one.keep), (one.keep, other.keep)
    for one, other in walls.pairs("with", "apart_from"):
        ways = ((other.vms, other.other), (other.other, other.vms))
        both = any(walls.are_within(one.vms, left) and walls.are_within(one.other, right) for left, right in ways)
        if both and not can_hold(one.vms, one.other):
            yield _beside(one.keep), (one.keep, other.keep)


def _are_two(kept: _Kept) -> bool:
    """Whether there are two VMs to be apart, once both sets have members."""
    return kept.vms != kept.other or not _is_single(kept.keep.vms)


def _on_other_hosts(walls: _Walls) -> Iterator[Conflict]:
    """What must be in two places: for the same VMs, for some that are together, for some and their company."""
    elsewhere = list(_elsewhere(walls))
    for one, other in elsewhere:
        smaller = walls.smaller(one, other)
        if smaller is not None:
            yield f"no host is in both sets for {_called(smaller.keep.vms)}", (one.keep, other.keep)
    for (one, other), group in islice(product(elsewhere, walls.of_relation("together")), PAIRS):
        if walls.are_within(one.vms, group.vms) and walls.are_within(other.vms, group.vms):
            message = f"{_called(group.keep.vms)} cannot be together: no host is in both sets"
            yield message, (one.keep, other.keep, group.keep)
    for (one, other), beside in islice(product(elsewhere, walls.of_relation("with")), PAIRS):
        for left, right in ((one, other), (other, one)):
            if walls.are_within(beside.vms, left.vms) and walls.are_within(beside.other, right.vms):
                message = f"no host is in both sets for {_called(beside.keep.vms)} and company"
                yield message, (left.keep, right.keep, beside.keep)


def _elsewhere(walls: _Walls) -> Iterator[tuple[_Kept, _Kept]]:
    """Two sets of VMs, each on hosts of its own."""
    pairs = ((one, other) for one, other in walls.pairs("on", "on") if one.keep.span.line < other.keep.span.line)
    return ((one, other) for one, other in pairs if not can_hold(one.other, other.other))


_KINDS: Final[tuple[Callable[[_Walls], Iterator[Conflict]], ...]] = (
    _together_and_apart, _together_and_apart_from, _beside_and_apart, _on_other_hosts,
)  # fmt: skip


# -- drains ------------------------------------------------------------------------------------------------------------


def _never_empty(said: Said, walls: _Walls) -> Iterator[Finding]:
    """Drains of hosts that some VMs may not leave."""
    drains = [(drain, said.reader.members(drain.hosts)) for drain in said.all(Drain)]
    told: set[tuple[int, int]] = set()
    for (drain, hosts), on in _pairs(drains, walls.of_relation("on"), lambda each: each[1], lambda each: each.other):
        lines = drain.span.line, on.keep.span.line
        if lines not in told and walls.are_within(on.other, hosts):
            told.add(lines)
            message = f"{set_phrase(drain.hosts)} can never be empty: {_called(on.keep.vms)} may be nowhere else"
            yield _kept_back(drain, on.keep, message)
    nevers = [each for each in said.all(Never) if _binds_drains(each)]
    for (drain, hosts), never in islice(product(drains, nevers), PAIRS):
        if implies(hosts, said.reader.members(never.source)):
            message = f"{set_phrase(drain.hosts)} can never be empty: no VM may leave"
            yield _kept_back(drain, never, message)


def _binds_drains(never: Never) -> bool:
    return (
        never.hard and is_of_all(replace(never, source=None)) and never.during is None
        and "drains" not in never.excepted
    )  # fmt: skip


def _kept_back(drain: Drain, wall: Keep | Never, message: str) -> Finding:
    earlier, latest = sorted((drain, wall), key=lambda each: each.span.line)
    return warning("never-empty", message, latest.span, against([earlier]))


# -- words -------------------------------------------------------------------------------------------------------------


def _beside(keep: Keep) -> str:
    company = keep.relation.other
    whom = _called(company) if company else "company"
    return f"{_called(keep.vms)} cannot be both beside {whom} and apart from {'it' if _is_single(company) else 'them'}"


def _is_single(of: Set | None) -> bool:
    return isinstance(of, One)


def _called(of: Set) -> str:
    return of.name if isinstance(of, One | NamedSet) else set_phrase(of)
