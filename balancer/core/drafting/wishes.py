"""What is wished and no wall: `prefer` and `avoid moving`, each at its cost.

Rule: the least total cost comes first, the order of a rule after it. A cost alone bars no move that a rule or a drain
asks for; moves for the sake of preferences and of the goal never raise it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from balancer.core.drafting.sieve import even
from balancer.core.figures.concerns import Concerns
from balancer.core.figures.projection import Floats, Projection
from balancer.core.figures.scope import Sets
from balancer.core.walls.journeys import NeverMove, never_wall
from balancer.core.walls.keeps import keep_wall
from balancer.core.walls.keeps.keep import KeepWall
from balancer.core.walls.wall import Barred, Wall
from balancer.core.walls.windows import in_force
from dsl.evaluation import Flags
from dsl.hours import WallTime
from dsl.ruleset import Ruleset

SOFT: Final = frozenset({"preferences", "goal"})
"""The kinds of move that never raise the total cost."""


class Wish(ABC):
    """One thing that is wished."""

    __slots__ = ()

    text: str
    line: int

    @property
    @abstractmethod
    def concerns(self) -> Flags:
        """The VMs that it speaks of."""

    @property
    def is_fleeting(self) -> bool:
        """Whether what it costs hangs on more than where those are of whom it speaks."""
        return False

    @abstractmethod
    def price(self, projection: Projection, vm: int, kind: str) -> Floats:
        """What moving this VM to each host costs by it; less than nothing where it comes nearer to what is wished."""


@dataclass(frozen=True, slots=True)
class Avoid(Wish):
    """`avoid moving S from H to H2 … cost N`: that much for each such journey."""

    journey: NeverMove
    cost: float
    text: str
    line: int

    @property
    def concerns(self) -> Flags:
        """Those that had better stay."""
        return self.journey.concerns

    @property
    def is_fleeting(self) -> bool:
        """What hosts are avoided may hang on what they have."""
        return self.journey.is_fleeting

    def price(self, projection: Projection, vm: int, kind: str) -> Floats:
        """The cost, to every host or to those behind `to`."""
        price = np.zeros(len(projection.cores))
        for barred in self.journey.leaving(projection, np.array([vm]), kind):
            price[:] = self.cost * barred.flags
        for barred in self.journey.arriving(projection, vm, kind):
            price[barred.flags] = self.cost
        return price


@dataclass(frozen=True, slots=True)
class Preference(Wish):
    """`prefer … cost N`: that much for each stray."""

    keep: KeepWall
    cost: float
    text: str
    line: int

    @property
    def concerns(self) -> Flags:
        """Those whose neighbours it speaks of."""
        return self.keep.concerns

    def price(self, projection: Projection, vm: int, kind: str) -> Floats:
        """The cost of the strays that come, less that of those that go."""
        return np.asarray(self.cost * self.keep.swing(projection, vm))


@dataclass(frozen=True, slots=True)
class Costly(Wall):
    """No move of the last two steps raises the total cost."""

    wishes: Concerns[Wish]

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """Hosts to which it would, by the first wish that is against it."""
        if kind in SOFT:
            prices = [(wish, wish.price(projection, vm, kind)) for wish in self.wishes.of(vm)]
            total = even(sum((price for _, price in prices), start=np.zeros(len(projection.cores))))
            for wish, price in prices:
                yield Barred((total > 0) & (price > 0), wish.text, wish.line, value=total, limit=np.asarray(0.0))


def total_price(wishes: Concerns[Wish], projection: Projection, vm: int, kind: str) -> Floats:
    """What moving this VM to each host costs in all."""
    if not wishes.any_of(vm):
        return np.zeros(len(projection.cores))
    prices = (wish.price(projection, vm, kind) for wish in wishes.of(vm))
    return even(sum(prices, start=np.zeros(len(projection.cores))))


def in_spite_of(wishes: Concerns[Wish], projection: Projection, vm: int, target: int, kind: str) -> Iterator[str]:
    """The wishes against such a move, each with its price, in words."""
    for wish in wishes.of(vm):
        price = float(even(wish.price(projection, vm, kind))[target])
        if price > 0:
            told = "" if wish.text.endswith(f" cost {price:g}") else f" (costs {price:g})"
            yield f"despite {wish.text}{told}"


def wishes(rules: Ruleset, sets: Sets, wall: Mapping[str, WallTime]) -> Concerns[Wish]:
    """All wishes of a file that are in force at this hour."""
    preferences = (
        Preference(keep_wall(each, sets), _cost(each.cost), each.text, each.span.line) for each in rules.prefers
    )
    avoided = (
        Avoid(never_wall(each, sets), _cost(each.cost), each.text, each.span.line)
        for each in rules.avoids
        if in_force(each.during, wall)
    )
    return Concerns[Wish]((*preferences, *avoided), len(sets.reported.cpu))


def _cost(cost: float | None) -> float:
    """Who names none means one."""
    return 1.0 if cost is None else cost
