"""VMs that leave a host as one: a group that is kept together, a VM and the company that it needs.

Rule: a VM goes alone where that breaks no wall. Else all go that hang together, to where all of them fit, or none. What
binds them is broken between their moves, and only there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from balancer.core.drafting.draft import Draft, Step, Targets, departures, note_hosts, note_vms, take, weigh
from balancer.core.drafting.sieve import Sieve
from balancer.core.figures.projection import Floats, Places, Projection
from balancer.core.model import Transit
from balancer.core.walls.keeps.beside import Beside, Together
from balancer.core.walls.wall import Barred
from dsl.evaluation import Flags
from dsl.syntax import Kind

BONDS: Final = (Together, Beside)
"""The walls that make VMs hang together."""


@dataclass(frozen=True, slots=True)
class Party:
    """VMs of one host that hang together, and by which walls; the first is the one that was chosen, or the only one."""

    vms: tuple[int, ...]
    bonds: tuple[Together | Beside, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """A party and the host that it may go to."""

    party: Party
    target: int

    @property
    def vms(self) -> tuple[int, ...]:
        """Who goes, the chosen one first."""
        return self.party.vms


# -- who hangs together ------------------------------------------------------------------------------------------------


def party(draft: Draft, vm: int) -> Party:
    """All that leave a VM's host as one with it; it alone where nobody has to, or where they stand asunder already."""
    projection, vms = draft.projection, [vm]
    binding: dict[int, Together | Beside] = {}
    size = 0
    while size < len(vms):
        size = len(vms)
        for bond in draft.walls.of_any(np.array(vms)):
            if not isinstance(bond, BONDS):
                continue
            joining = _joining(projection, bond, vms)
            if joining is None:
                return Party((vm,))
            if joining.size:
                binding[id(bond)] = bond
                vms += joining.tolist()
    return Party(tuple(vms), tuple(binding.values()))


def _joining(projection: Projection, bond: Together | Beside, vms: Sequence[int]) -> Places | None:
    """Who else has to go where these go; None where the group is not on one host."""
    going, there = np.zeros(len(projection.where), dtype=bool), projection.where == projection.where[vms[0]]
    going[vms] = True
    if isinstance(bond, Together):
        is_whole = bool((there & ~projection.leaving)[bond.members].all())
        return np.flatnonzero(bond.members & ~going) if is_whole else None
    return np.flatnonzero(_company(projection, bond, going, there) | _deserted(projection, bond, going, there))


def _company(projection: Projection, bond: Beside, going: Flags, there: Flags) -> Flags:
    """The smallest company of the host where members go that have none among those that go."""
    joins = np.zeros(len(going), dtype=bool)
    is_short = (going & bond.members).any() and not (going & bond.company).any()
    choice = np.flatnonzero(there & bond.company & ~projection.leaving) if is_short else np.array([], dtype=np.intp)
    if choice.size:
        joins[choice[np.argmin(projection.memory[choice])]] = True
    return joins


def _deserted(projection: Projection, bond: Beside, going: Flags, there: Flags) -> Flags:
    """Members that would stay behind without company."""
    takes_last = (going & bond.company).any() and not (there & bond.company & ~going & ~projection.leaving).any()
    return there & bond.members & ~going if takes_last else np.zeros(len(going), dtype=bool)


def bound(draft: Draft, step: Step, targets: Targets, vm: int) -> Party:
    """The party without which a VM finds no host: it alone where it does, or hangs together with nobody."""
    lot = party(draft, vm)
    alone = Party((vm,))
    if not lot.bonds:
        return alone
    may_leave = departures(draft, step, np.array([vm])).open.all()
    return alone if may_leave and weigh(draft, step, [vm], targets)[0].open.any() else lot


# -- where it goes -----------------------------------------------------------------------------------------------------


def find(draft: Draft, step: Step, targets: Targets, vm: int, free: Collection[int]) -> Way | None:
    """The cheapest and best way for a VM, alone or with its party, all of whom have to be `free` to leave.

    Whatever is refused on the way is noted.
    """
    lot = bound(draft, step, targets, vm)
    stays = departures(draft, step, np.array([vm])) if not lot.bonds else kept(draft.projection, lot, free)
    note_vms(draft, step, np.array([vm]), stays)
    target = haven(draft, step, targets, lot) if stays.open.all() else None
    return None if target is None else Way(lot, target)


def kept(projection: Projection, lot: Party, free: Collection[int]) -> Sieve:
    """What is said of a VM that cannot leave, because another one cannot."""
    sieve = Sieve(np.ones(1, dtype=bool))
    for vm in lot.vms:
        who = np.asarray(projection.names["vm"][vm], dtype=object)
        is_kept = np.array([vm not in free])
        sieve.bar([Barred(is_kept, lot.bonds[0].text, lot.bonds[0].line, value=who, kind=Kind.TEXT)])
    return sieve


def haven(draft: Draft, step: Step, targets: Targets, lot: Party) -> int | None:
    """The cheapest and best host for all of a party; every host refused on the way is noted as its first VM's."""
    sieve, ranking = weigh(beyond(draft, lot), step, lot.vms, targets)
    best = None
    for host in sieve.order([prices(draft, step, lot), *ranking]).tolist():
        met = obstacle(draft, step, targets, Way(lot, host))
        if met is None:
            best = host
            break
        sieve.bar([met])
    note_hosts(draft, step, lot.vms[0], sieve, ranking)
    return best


def beyond(draft: Draft, lot: Party) -> Draft:
    """The draft without the walls that bind a party."""
    return replace(draft, walls=draft.walls.without(lot.bonds)) if lot.bonds else draft


def obstacle(draft: Draft, step: Step, targets: Targets, way: Way) -> Barred | None:
    """What bars one of a party from this host, once those before it have arrived; of a VM alone there is nothing."""
    if not way.party.bonds:
        return None
    trial = beyond(draft, way.party).aside(draft.projection.copy())
    for vm in way.vms:
        sieve, _ = weigh(trial, step, [vm], targets)
        met = next((barred for barred in sieve.refused if barred.flags[way.target]), None)
        if met is not None:
            return replace(met, flags=np.arange(len(sieve.open)) == way.target)
        trial.projection.move(vm, way.target)
    return None


def prices(draft: Draft, step: Step, lot: Party) -> Floats:
    """What the moves of a party to each host cost in all."""
    return sum((draft.price(step, vm) for vm in lot.vms), start=np.zeros(len(draft.projection.cores)))


def price(draft: Draft, step: Step, way: Way) -> float:
    """What it costs, over all wishes."""
    return float(prices(draft, step, way.party)[way.target])


def take_way(draft: Draft, step: Step, way: Way, reasons: tuple[str, Mapping[str, float]]) -> None:
    """Take the moves of a party into the plan, the chosen VM first."""
    if not way.party.bonds:
        take(draft, step, way.vms[0], way.target, reasons)
        return
    names, observation = draft.projection.names, draft.projection.observation
    first, *others = (str(names["vm"][vm]) for vm in way.vms)
    bonds = way.party.bonds
    told = " and ".join(f"{bond.text} (line {bond.line})" for bond in bonds)
    uuids = tuple(observation.vms[vm].uuid for vm in way.vms)
    joined = replace(step, transit=Transit(uuids, tuple(bond.text for bond in bonds), observation.round))
    why, figures = reasons
    go = "goes" if len(others) == 1 else "go"
    take(draft, joined, way.vms[0], way.target, (f"{why}; {', '.join(others)} {go} along: {told}", figures))
    for vm in way.vms[1:]:
        take(draft, joined, vm, way.target, (f"goes along with {first} to {names['host'][way.target]}: {told}", {}))
