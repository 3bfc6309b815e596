"""Where each VM could go just now, and what stands against every other host: for whoever asks before it matters.

Rule: the same walls as in a plan, and no rule's own wishes: no streak, no rest, no target's gates.
"""

from dataclasses import dataclass

import numpy as np

from balancer.core.drafting.draft import ASKED, Draft, departures, rejected
from balancer.core.drafting.sieve import Sieve
from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets
from balancer.core.model import Observation, Rejection, State
from balancer.core.planning import drafted
from dsl.ruleset import Ruleset


@dataclass(frozen=True, slots=True)
class Prospect:
    """A VM, the hosts that it could go to, and why not the others; a rejection without a host says why it stays."""

    vm: str
    uuid: str
    host: str
    targets: tuple[str, ...]
    rejections: tuple[Rejection, ...]


def prospects(observation: Observation, state: State, rules: Ruleset) -> tuple[Prospect, ...]:
    """Each VM with every other host, by name."""
    draft = drafted(Sets.of(rules.lets, Projection(observation, state)), state, state.streaks, rules)
    return tuple(_prospect(draft, place) for place in range(len(observation.vms)))


def _prospect(draft: Draft, place: int) -> Prospect:
    vm, hosts = draft.projection.observation.vms[place], draft.projection.observation.hosts
    stays = departures(draft, ASKED, np.array([place])).refused
    if stays:
        return Prospect(
            vm.name, vm.uuid, vm.host, (), tuple(rejected(vm.name, None, ASKED, barred, 0) for barred in stays)
        )
    elsewhere = Sieve(np.array([host.name != vm.host for host in hosts], dtype=bool))
    for wall in draft.walls.of(place):
        elsewhere.bar(wall.arriving(draft.projection, place, ASKED.kind))
    why_not = {int(each): barred for barred in elsewhere.refused for each in np.flatnonzero(barred.flags)}
    return Prospect(
        vm.name,
        vm.uuid,
        vm.host,
        tuple(hosts[int(each)].name for each in np.flatnonzero(elsewhere.open)),
        tuple(rejected(vm.name, hosts[each].name, ASKED, why_not[each], each) for each in sorted(why_not)),
    )
