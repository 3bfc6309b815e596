"""What `balance` weighs: how far each host is from the farm's mean, and how far it may be.

Rule: what counts is by how much hosts are outside, all together (`excess`).
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from balancer.core.drafting.draft import Draft, Step
from balancer.core.figures.projection import Floats, Places, Projection
from balancer.core.observation import DIGITS
from balancer.core.walls.wall import Closed
from dsl.evaluation import Flags
from dsl.syntax import Balance

EVENNESS: Final = 1e-4
"""How much the distance itself weighs beside the excess: of two placements with the same, the evener is better."""


@dataclass(frozen=True, slots=True)
class Effects:
    """What moves would do, a row a VM and a column a target.

    `change` is that of the excess, less is better; `gain` is how much less the busier of the two hosts has.
    """

    change: Floats
    gain: Floats


@dataclass(frozen=True, slots=True)
class Scales:
    """A balance and its step, which hosts take part, how much of the signal each can have, and the farm's mean."""

    goal: Balance
    step: Step
    partakes: Flags
    sizes: Floats
    mean: float

    @classmethod
    def of(cls, draft: Draft, goal: Balance) -> Self:
        """The farm as projected. Hosts that take nothing have no part, nor have those of which nothing is known."""
        projection = draft.projection
        sizes, amounts = _sizes(goal, projection), _amounts(goal, projection)
        partakes = ~np.isnan(amounts) & (sizes > 0)
        for wall in draft.walls:
            if isinstance(wall, Closed):
                partakes &= ~wall.hosts
        whole = float(sizes[partakes].sum())
        mean = float(amounts[partakes].sum()) / whole if whole else 0.0
        return cls(goal, Step("goal", "balance", goal.span.line), partakes, sizes, mean)

    def levels(self, projection: Projection) -> Floats:
        """The signal of each host; the mean for those that have no part."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.partakes, _amounts(self.goal, projection) / self.sizes, self.mean)

    def weights(self, projection: Projection) -> Floats:
        """How much of the signal each VM makes."""
        return projection.memory if self.goal.signal == "memory" else projection.cpu

    def excess(self, levels: Floats) -> Floats:
        """How far each host is outside."""
        distance = np.abs(levels - self.mean)
        return np.maximum(0.0, distance - self.goal.within.value) + EVENNESS * distance**2

    def effects(self, projection: Projection, vms: Places, targets: Places) -> Effects:
        """What the move of each of these VMs to each of these targets would do."""
        levels, weight = self.levels(projection), self.weights(projection)[vms][:, np.newaxis]
        where = projection.where[vms]
        now, there = levels[where][:, np.newaxis], levels[targets]
        left, arrived = now - weight / self.sizes[where][:, np.newaxis], there + weight / self.sizes[targets]
        change = self.excess(left) - self.excess(now) + self.excess(arrived) - self.excess(there)
        return Effects(change, np.maximum(now, there) - np.maximum(left, arrived))

    def outside(self, levels: Floats) -> Flags:
        """Hosts that are not where the goal wants them."""
        return np.asarray(np.round(np.abs(levels - self.mean) - self.goal.within.value, DIGITS) > 0)


def _amounts(goal: Balance, projection: Projection) -> Floats:
    """How much of the signal each host has."""
    return {"cpu": projection.busy, "memory": projection.used, "load": projection.load}[goal.signal]


def _sizes(goal: Balance, projection: Projection) -> Floats:
    """How much of the signal each host can have; of a load there is no most."""
    sizes = {"cpu": projection.cores, "memory": projection.total, "load": np.ones(len(projection.cores))}
    return sizes[goal.signal]
