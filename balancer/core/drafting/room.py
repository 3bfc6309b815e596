"""Targets for moves that have no `to` of their own: where there is most room.

Rule: the host whose greater share of cpu and memory is least afterwards, and never above 100 % of either.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from balancer.core.drafting.draft import Draft, Step
from balancer.core.drafting.sieve import Sieve
from balancer.core.figures.scope import of_targets
from balancer.core.walls.wall import Barred
from balancer.core.wording import spoken
from dsl.evaluation import Column
from dsl.syntax import Kind


class Fullest:
    """The greater share of cpu and memory least afterwards, never above 100 % of either."""

    @staticmethod
    def of(draft: Draft, vm: int) -> Column:
        """The greater share of each host once the VM is there."""
        scope = of_targets(draft.projection, draft.sets, vm)
        return np.maximum(scope.value("after", "cpu"), scope.value("after", "memory"))

    def choose(self, draft: Draft, sieve: Sieve, vm: int) -> list[Column]:
        """Bar what would be over-full, and rank the rest."""
        fullest = self.of(draft, vm)
        sieve.bar([
            Barred(fullest > 1.0, "full", value=fullest, limit=np.ones_like(fullest), kind=Kind.SHARE),
            Barred(np.isnan(fullest), "unknown"),
        ])  # fmt: skip
        return [fullest]


def least_full(draft: Draft, step: Step, vms: Sequence[int], target: int) -> str:
    """Why these VMs of one host go there, where nothing but costs and room decides."""
    lot = replace(draft, projection=draft.projection.as_one(vms))
    fullest = spoken(float(Fullest.of(lot, vms[0])[target]), Kind.SHARE)
    prices = sum((draft.price(step, vm) for vm in vms), start=np.zeros(len(draft.projection.cores)))
    is_cheaper = np.delete(prices, draft.projection.where[vms[0]]).max() > prices[target]
    among = " of the cheapest" if is_cheaper else ""
    return f"{draft.projection.names['host'][target]} is least full afterwards{among} ({fullest})"
