"""Targets for moves that have no `to` of their own: where there is most room.

Rule: the host whose greater share of cpu and memory is least afterwards, and never above 100 % of either.
"""

import numpy as np

from balancer.core.draft import Draft
from balancer.core.scope import of_targets
from balancer.core.sieve import Sieve
from balancer.core.walls import Barred
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


def least_full(draft: Draft, vm: int, target: int) -> str:
    """Why a VM goes there, where nothing but room decides."""
    fullest = spoken(float(Fullest.of(draft, vm)[target]), Kind.SHARE)
    return f"{draft.projection.names['host'][target]} is least full afterwards ({fullest})"
