"""The statement `drain`: leave these hosts.

Rule: a drain has no `to` of its own; its VMs go where the greater share of cpu and memory is least afterwards, and
never above 100 % of either.
"""

import numpy as np

from balancer.core.draft import Draft, Step, departures, find_target, note_vms, on_host, take
from balancer.core.scope import of_targets
from balancer.core.sieve import Sieve
from balancer.core.walls import Barred
from balancer.core.wording import spoken
from dsl.evaluation import Column
from dsl.syntax import Drain, Kind


def empty(draft: Draft) -> None:
    """Move what can be moved off the drained hosts, the largest first, so that the small fill the gaps."""
    for drain in draft.rules.drains:
        _empty(draft, drain)


def _empty(draft: Draft, drain: Drain) -> None:
    drained = draft.sets.members(drain.hosts).true
    step = Step("drains", "drain", drain.span.line)
    for host in np.flatnonzero(drained):
        vms = on_host(draft.projection, int(host))
        for vm in vms[np.lexsort([-draft.projection.memory[vms]])]:
            _drain_one(draft, step, int(vm))


def _drain_one(draft: Draft, step: Step, vm: int) -> None:
    sieve = departures(draft, step, np.array([vm]))
    note_vms(draft, step, np.array([vm]), sieve)
    if not sieve.open.all():
        return
    target = find_target(draft, step, vm, Fullest())
    if target is not None:
        projection = draft.projection
        host, where = projection.names["host"][target], projection.names["host"][projection.where[vm]]
        fullest = spoken(float(Fullest.of(draft, vm)[target]), Kind.SHARE)
        why = f"{where} is drained; {host} is least full afterwards ({fullest})"
        take(draft, step, vm, target, (why, {}))


class Fullest:
    """The targets of drains: the greater share of cpu and memory least afterwards, never above 100 % of either."""

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
