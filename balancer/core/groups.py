"""VMs that leave a host as one: a group that is kept together, a VM and the company that it needs.

Rule: a VM goes alone where that breaks no wall. Else all go that hang together, to where all of them fit, or none. What
binds them is broken between their moves, and only there.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from balancer.core.draft import Draft, Step, Targets, departures, find_target, note_hosts, note_vms, take, weigh
from balancer.core.keeps import Beside, Together
from balancer.core.model import Transit
from balancer.core.projection import Places, Projection
from balancer.core.sieve import Sieve
from balancer.core.walls import Barred, Wall
from dsl.evaluation import Flags
from dsl.syntax import Kind

Bond = Together | Beside
Reasons = tuple[str, Mapping[str, float]]
"""Why a VM goes to a host, and the figures behind it."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What a step sends VMs away for: how it chooses among hosts, and why this VM goes to that host."""

    step: Step
    targets: Targets
    reasons: Callable[[int, int], Reasons]


@dataclass(frozen=True, slots=True)
class Party:
    """VMs of one host that hang together, and by which walls; the first is the one that was chosen."""

    vms: tuple[int, ...]
    bonds: tuple[Bond, ...]


def bonds(walls: Sequence[Wall]) -> tuple[Bond, ...]:
    """The walls that make VMs hang together."""
    return tuple(wall for wall in walls if isinstance(wall, Bond))


def party(draft: Draft, vm: int) -> Party | None:
    """All that leave a VM's host as one with it; None where nobody has to, or where they stand asunder already."""
    projection, vms = draft.projection, [vm]
    if projection.leaving[vm]:
        return None
    binding: dict[int, Bond] = {}
    size = 0
    while size < len(vms):
        size = len(vms)
        for bond in bonds(draft.walls):
            joining = _joining(projection, bond, vms)
            if joining is None:
                return None
            if joining.size:
                binding[id(bond)] = bond
                vms += joining.tolist()
    return Party(tuple(vms), tuple(binding.values())) if binding else None


def _joining(projection: Projection, bond: Bond, vms: Sequence[int]) -> Places | None:
    """Who else has to go where these go; None where the group is not on one host."""
    going, there = np.zeros(len(projection.where), dtype=bool), projection.where == projection.where[vms[0]]
    going[vms] = True
    if isinstance(bond, Together):
        if not (going & bond.members).any():
            return np.array([], dtype=np.intp)
        is_whole = bool((there & ~projection.leaving)[bond.members].all())
        return np.flatnonzero(bond.members & ~going) if is_whole else None
    return np.flatnonzero(_company(projection, bond, going, there) | _deserted(projection, bond, going, there))


def _company(projection: Projection, bond: Beside, going: Flags, there: Flags) -> Flags:
    """The smallest company of the host where members go that have none among those that go."""
    joins = np.zeros(len(going), dtype=bool)
    has_need = (going & bond.members).any() and not (going & bond.company).any()
    choice = np.flatnonzero(there & bond.company & ~projection.leaving) if has_need else np.array([], dtype=np.intp)
    if choice.size:
        joins[choice[np.argmin(projection.memory[choice])]] = True
    return joins


def _deserted(projection: Projection, bond: Beside, going: Flags, there: Flags) -> Flags:
    """Members that would stay behind without company."""
    takes_last = (going & bond.company).any() and not (there & bond.company & ~going & ~projection.leaving).any()
    return there & bond.members & ~going if takes_last else np.zeros(len(going), dtype=bool)


def unbound(draft: Draft) -> Draft:
    """The same draft without the walls that a group may pass as one."""
    return replace(draft, walls=without(draft.walls, bonds(draft.walls)))


def send(draft: Draft, errand: Errand, vm: int, free: Collection[int]) -> bool:
    """Plan the way of a VM, alone or with its party, all of whom have to be `free` to leave. Whether it was planned."""
    step = errand.step
    lot = hangs(draft, step, errand.targets, vm)
    if lot is not None:
        return _send_all(draft, errand, lot, free)
    stays = departures(replace(draft, walls=bonds(draft.walls)), step, np.array([vm]))
    note_vms(draft, step, np.array([vm]), stays)
    target = find_target(draft, step, vm, errand.targets) if stays.open.all() else None
    if target is not None:
        take(draft, step, vm, target, errand.reasons(vm, target))
    return target is not None


def hangs(draft: Draft, step: Step, targets: Targets, vm: int) -> Party | None:
    """The party of a VM that finds no host without it."""
    lot = party(draft, vm)
    if lot is None:
        return None
    stays = departures(replace(draft, walls=bonds(draft.walls)), step, np.array([vm]))
    may_go_alone = stays.open.all() and weigh(draft, step, [vm], targets)[0].open.any()
    return None if may_go_alone else lot


def _send_all(draft: Draft, errand: Errand, lot: Party, free: Collection[int]) -> bool:
    vm = lot.vms[0]
    bound = next((each for each in lot.vms if each not in free), None)
    if bound is not None:
        note_vms(draft, errand.step, np.array([vm]), _stays(draft.projection, lot, bound))
        return False
    target = haven(draft, errand.step, errand.targets, lot)
    if target is not None:
        take_all(draft, errand.step, lot, target, errand.reasons(vm, target))
    return target is not None


def _stays(projection: Projection, lot: Party, bound: int) -> Sieve:
    """What is said of a VM that cannot leave, because another one cannot."""
    sieve, bond = Sieve(np.ones(1, dtype=bool)), lot.bonds[0]
    who = np.asarray(projection.names["vm"][bound], dtype=object)
    sieve.bar([Barred(np.ones(1, dtype=bool), bond.text, bond.line, value=who, kind=Kind.TEXT)])
    return sieve


def haven(draft: Draft, step: Step, targets: Targets, lot: Party) -> int | None:
    """The best host for all of a party; every host refused on the way is noted as its first VM's."""
    beyond = replace(draft, walls=without(draft.walls, lot.bonds))
    sieve, ranking = weigh(beyond, step, lot.vms, targets)
    best = None
    for host in sieve.order(ranking):
        obstacle = _obstacle(beyond, step, targets, lot, int(host))
        if obstacle is None:
            best = int(host)
            break
        sieve.bar([replace(obstacle, flags=np.arange(len(sieve.open)) == host)])
    note_hosts(draft, step, lot.vms[0], sieve, ranking)
    return best


def _obstacle(beyond: Draft, step: Step, targets: Targets, lot: Party, host: int) -> Barred | None:
    """What bars one of the party from this host, once those before it have arrived."""
    trial = beyond.aside(beyond.projection.fork())
    for vm in lot.vms:
        sieve, _ = weigh(trial, step, [vm], targets)
        met = next((barred for barred in sieve.refused if barred.flags[host]), None)
        if met is not None:
            return met
        trial.projection.move(vm, host)
    return None


def take_all(draft: Draft, step: Step, lot: Party, target: int, reasons: Reasons) -> None:
    """Take the moves of a party into the plan, the chosen VM first."""
    names, observation = draft.projection.names, draft.projection.observation
    first, *others = (str(names["vm"][vm]) for vm in lot.vms)
    told = " and ".join(f"{bond.text} (line {bond.line})" for bond in lot.bonds)
    transit = Transit(
        tuple(observation.vms[vm].uuid for vm in lot.vms), tuple(bond.text for bond in lot.bonds), observation.round
    )
    step, (why, figures) = replace(step, transit=transit), reasons
    go = "goes" if len(others) == 1 else "go"
    take(draft, step, lot.vms[0], target, (f"{why}; {', '.join(others)} {go} along: {told}", figures))
    for vm in lot.vms[1:]:
        take(draft, step, vm, target, (f"goes along with {first} to {names['host'][target]}: {told}", {}))


def without(walls: Sequence[Wall], others: Sequence[Wall]) -> tuple[Wall, ...]:
    """These walls but for the others, told by what they are: their columns do not compare."""
    left_out = {id(wall) for wall in others}
    return tuple(wall for wall in walls if id(wall) not in left_out)
