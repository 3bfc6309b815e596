"""The statement `never move`: which journeys are never made.

Rule: without `to` the VM stays where it is; with it, those hosts are closed to it. What nobody knows counts as barred.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from balancer.core.projection import Places, Projection
from balancer.core.scope import Sets, of_targets
from balancer.core.walls import Barred, Wall
from dsl.evaluation import Flags, truth
from dsl.syntax import All, Never, Set


@dataclass(frozen=True, slots=True)
class NeverMove(Wall):
    """`never move S from H to H2 except …`."""

    members: Flags
    sources: Flags | None
    target: Set | None
    sets: Sets
    excepted: tuple[str, ...]
    text: str
    line: int

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
        """The target's test may speak of this very journey, so it is asked anew for each VM."""
        if isinstance(self.target, All) and self.target.test is not None:
            possible = truth(self.target.test, of_targets(projection, self.sets, vm)).possible
            return np.broadcast_to(possible, projection.cores.shape)
        assert self.target is not None, "asked only where there is a target"
        return self.sets.members(self.target, projection).possible


def never_wall(never: Never, sets: Sets, projection: Projection) -> Wall:
    """The wall that a `never move` statement builds."""
    return NeverMove(
        members=sets.members(never.vms, projection).possible,
        sources=None if never.source is None else sets.members(never.source, projection).possible,
        target=never.target,
        sets=sets,
        excepted=never.excepted,
        text=never.text,
        line=never.span.line,
    )
