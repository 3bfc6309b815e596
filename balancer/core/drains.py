"""The statement `drain`, and the operators' word for the same: leave these hosts.

Rule: a drain has no `to` of its own; its VMs go where the greater share of cpu and memory is least afterwards, and
never above 100 % of either.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from balancer.core.draft import Draft, Step, departures, find_target, note_vms, on_host, take
from balancer.core.model import State
from balancer.core.scope import Sets, of_targets
from balancer.core.sieve import Sieve
from balancer.core.walls import Barred
from balancer.core.wording import spoken
from dsl.evaluation import Column, Flags
from dsl.ruleset import Ruleset
from dsl.syntax import Kind


@dataclass(frozen=True, slots=True)
class Drain:
    """Hosts to be left, and who wants that: a line of the rules, or an operator."""

    hosts: Flags
    line: int | None = None
    who: str | None = None


def drains(rules: Ruleset, sets: Sets, state: State) -> Iterator[Drain]:
    """What is to be emptied: by the rules, then by operators."""
    for statement in rules.drains:
        yield Drain(sets.members(statement.hosts).true, line=statement.span.line)
    for each in state.drained:
        yield Drain(sets.reported.names["host"] == each.host, who=each.who)


def empty(draft: Draft) -> None:
    """Move what can be moved off the drained hosts, the largest first, so that the small fill the gaps."""
    for drain in drains(draft.rules, draft.sets, draft.state):
        for host in np.flatnonzero(drain.hosts):
            vms = on_host(draft.projection, int(host))
            for vm in vms[np.lexsort([-draft.projection.memory[vms]])]:
                _drain_one(draft, drain, int(vm))


def _drain_one(draft: Draft, drain: Drain, vm: int) -> None:
    step = Step("drains", "drain", drain.line)
    sieve = departures(draft, step, np.array([vm]))
    note_vms(draft, step, np.array([vm]), sieve)
    if not sieve.open.all():
        return
    target = find_target(draft, step, vm, Fullest())
    if target is not None:
        projection = draft.projection
        host, where = projection.names["host"][target], projection.names["host"][projection.where[vm]]
        fullest = spoken(float(Fullest.of(draft, vm)[target]), Kind.SHARE)
        prices = draft.price(step, vm)
        is_cheaper = np.delete(prices, projection.where[vm]).max() > prices[target]
        among = " of the cheapest" if is_cheaper else ""
        by = f" by {drain.who}" if drain.who else ""
        why = f"{where} is drained{by}; {host} is least full afterwards{among} ({fullest})"
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
