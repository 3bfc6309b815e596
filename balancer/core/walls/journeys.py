"""The journeys of `never move` and `avoid moving`.

Rule: without `to` the VM stays where it is; with it, those hosts are closed to it. What nobody knows counts as barred.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from balancer.core.figures.projection import Places, Projection
from balancer.core.figures.scope import Sets, of_targets
from balancer.core.walls.wall import Barred, Wall
from dsl.evaluation import Flags, truth
from dsl.syntax import All, Both, Either, Member, Never, Not, Pick, Set, Test


@dataclass(frozen=True, slots=True)
class NeverMove(Wall):
    """`never move S from H to H2 except …`."""

    members: Flags
    sources: Flags | None
    target: Set | None
    closed: Flags | None
    sets: Sets
    excepted: tuple[str, ...]
    text: str
    line: int

    @property
    def concerns(self) -> Flags:
        """Those that do not make these journeys."""
        return self.members

    @property
    def is_fleeting(self) -> bool:
        """Whether which hosts are closed hangs on the journey, or on figures that moves change."""
        return self.target is not None and self.closed is None

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:
        """Without a target, the VM stays."""
        if self.target is None and kind not in self.excepted:
            yield Barred(self._concerned(projection, vms), self.text, self.line)

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """With a target, these hosts are closed to it."""
        if self.target is not None and kind not in self.excepted and self._concerned(projection, np.array([vm])).all():
            yield Barred(self._targets(projection, vm), self.text, self.line)

    def _concerned(self, projection: Projection, vms: Places) -> Flags:
        concerned = self.members[vms]
        return concerned if self.sources is None else concerned & self.sources[projection.where[vms]]

    def _targets(self, projection: Projection, vm: int) -> Flags:
        """A test that speaks of this very journey, or of what moves change, is asked anew for each VM."""
        if self.closed is not None:
            return self.closed
        assert isinstance(self.target, All), "any other set is the same for every journey"
        assert self.target.test is not None, "the same"
        possible = truth(self.target.test, of_targets(projection, self.sets, vm)).possible
        return np.broadcast_to(possible, projection.cores.shape)


def never_wall(never: Never, sets: Sets) -> NeverMove:
    """The wall that a `never move` statement builds, or what an `avoid moving` counts."""
    target = never.target
    return NeverMove(
        members=sets.members(never.vms).possible,
        sources=None if never.source is None else sets.members(never.source).possible,
        target=target,
        closed=None if target is None or _depends(target) else sets.members(target).possible,
        sets=sets,
        excepted=never.excepted,
        text=never.text,
        line=never.span.line,
    )


def _depends(target: Set) -> bool:
    """Whether who belongs to it depends on the journey, or on figures that moves change."""
    return isinstance(target, All) and target.test is not None and not is_settled(target.test)


def is_settled(test: Test) -> bool:
    """Whether a test speaks of nothing but the names, tags and sets of the hosts themselves."""
    match test:
        case Both(left=left, right=right) | Either(left=left, right=right):
            return is_settled(left) and is_settled(right)
        case Not(test=inner):
            return is_settled(inner)
        case Pick(owner=owner) | Member(owner=owner):
            return owner == "host"
        case _:
            return False
