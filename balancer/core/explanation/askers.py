"""What asks for a VM to leave its host: one row a kind of move, in the order of evaluation.

Rule: asked of the same walls, wishes, targets and scales as the planner's own; a new kind of move is one row here.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from balancer.core.cycle import Case, begun
from balancer.core.drafting.draft import ASKED, Draft, Step, Targets, lay_leaving, on_host
from balancer.core.drafting.groups import BONDS, Party, bound, kept, prices
from balancer.core.drafting.room import Fullest
from balancer.core.drafting.sieve import Ledger
from balancer.core.drafting.wishes import Preference
from balancer.core.explanation.troubles import drained_by, drains_of, trouble
from balancer.core.figures.scope import of_targets
from balancer.core.model import Move
from balancer.core.planning import waiting_kinds
from balancer.core.steps.goal.balance import Nearer, off_mean
from balancer.core.steps.goal.pack import Packed, in_order
from balancer.core.steps.goal.scales import Scales
from balancer.core.steps.preferences import Calm, step_of
from balancer.core.steps.relief import ByRule, lay_gates
from balancer.core.steps.repairs import broken_at, find_homes, mendable
from balancer.core.steps.repairs import step_of as step_mending
from balancer.core.walls.wall import Barred, Mendable
from balancer.core.wording import nth, spoken, standing
from dsl.syntax import Balance, Pack, Rule

Useless = Callable[[Draft, Step, Party], Iterator[Barred]]
"""To which hosts such a party would go in vain."""
Why = Callable[[Draft, int, int], str]
"""What speaks for a VM on a host; empty where nothing does."""


def _none(_draft: Draft, _step: Step, _lot: Party) -> Iterator[Barred]:
    return iter(())


def _silent(_draft: Draft, _vm: int, _host: int) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, how it chooses a target, what it says of the VM's host, and whether it wants the VM away now."""

    step: Step
    targets: Targets
    told: str
    wants: bool
    rule: Rule | None = None
    useless: Useless = _none
    why: Why = _silent
    takes_groups: bool = True


NOBODY: Final = Asker(ASKED, Fullest(), "", wants=False)
"""Who asks where nothing does: what could be, whatever is wanted."""


def prepared(case: Case) -> Draft:
    """A round before its first move, its groups that stand asunder with their homes where repairs are made at all."""
    draft = begun(case)
    if "repairs" not in waiting_kinds(case.rules, draft.projection.observation):
        find_homes(draft)
    return draft


def plan_on(draft: Draft, moves: Iterable[Move]) -> None:
    """Bring a draft to where these moves are planned."""
    places = {vm.uuid: place for place, vm in enumerate(draft.projection.observation.vms)}
    for move in moves:
        draft.moves.append(move)
        draft.projection.move(places[move.uuid], draft.projection.place[move.target])


def askers(draft: Draft, vm: int) -> list[Asker]:
    """All that may ask for this VM; where there is nothing, what the walls alone make of it."""
    return [each for ask in ASKERS.values() for each in ask(draft, vm)] or [NOBODY]


def stays(draft: Draft, asker: Asker, lot: Party, free: Collection[int]) -> Ledger:
    """The one VM, with all that keeps it where it is: what is against it, then what is against who goes along."""
    vm = np.array(lot.vms[:1])
    ledger = Ledger(np.ones(1, dtype=bool))
    lay_leaving(draft, asker.step, vm, ledger, BONDS)
    if asker.rule:
        lay_gates(draft, asker.rule, vm, ledger)
    if lot.bonds:
        others = replace(lot, vms=lot.vms[1:])
        ledger.bar(kept(draft.projection, others, free).refused)
    else:
        bonds = (wall for wall in draft.walls.of(lot.vms[0]) if isinstance(wall, BONDS))
        ledger.bar(barred for bond in bonds for barred in bond.leaving(draft.projection, vm, asker.step.kind))
    return ledger


def _repairs(draft: Draft, vm: int) -> Iterator[Asker]:
    """Each broken wall that the VM might mend, or who goes along with it."""
    for wall in mendable(draft):
        menders = wall.menders(draft.projection)
        vms = bound(draft, step_mending(wall), Fullest(), vm).vms if menders.any() else ()
        if menders[list(vms)].any():
            told = broken_at(draft, wall, vms)
            yield Asker(step_mending(wall), Fullest(), told, wants=True, useless=_in_vain(wall))


def _in_vain(wall: Mendable) -> Useless:
    def useless(draft: Draft, _step: Step, lot: Party) -> Iterator[Barred]:
        strays = wall.strays(draft.projection)
        flags = [_strays_after(draft, wall, lot, host) >= strays for host in range(len(draft.projection.cores))]
        yield Barred(np.array(flags, dtype=bool), "mends nothing by itself", wall.line)

    return useless


def _strays_after(draft: Draft, wall: Mendable, lot: Party, host: int) -> float:
    after = draft.projection.copy()
    for vm in lot.vms:
        after.move(vm, host)
    return wall.strays(after)


def _drains(draft: Draft, vm: int) -> Iterator[Asker]:
    """Each line, and each operator, that wants its host empty."""
    host = int(draft.projection.where[vm])
    for drain, by in zip(drains_of(draft, host), drained_by(draft, host), strict=True):
        told = f"{draft.projection.names['host'][host]} is drained by {by}"
        yield Asker(Step("drains", "drain", drain.line), Fullest(), told, wants=True)


def _rules(draft: Draft, vm: int) -> Iterator[Asker]:
    """Every rule, whether it has reached the host or not."""
    host = int(draft.projection.where[vm])
    for rule in draft.rules.rules:
        its = trouble(draft, rule, host)
        step = Step("rules", rule.name, rule.span.line)
        yield Asker(step, ByRule(rule), its.told, wants=its.eased, rule=rule, why=_by_rule(rule))


def _by_rule(rule: Rule) -> Why:
    return lambda draft, vm, host: standing(rule.to.by[0], of_targets(draft.projection, draft.sets, vm), host, "host")


def _preferences(draft: Draft, vm: int) -> Iterator[Asker]:
    """Each wish that is not so and that the VM might bring nearer."""
    for wish in draft.wishes.of(vm):
        if isinstance(wish, Preference) and wish.keep.menders(draft.projection)[vm]:
            told = f"{wish.text} is not so"
            yield Asker(step_of(wish), Calm(), told, wants=True, useless=_for_nothing)


def _for_nothing(draft: Draft, step: Step, lot: Party) -> Iterator[Barred]:
    total = prices(draft, step, lot)
    yield Barred(total >= 0, "lowers no cost", step.line, value=total, limit=np.asarray(0.0))


def _goal(draft: Draft, vm: int) -> Iterator[Asker]:
    """The goal, of a host that has a part in it."""
    match draft.rules.goal:
        case Balance() as goal:
            yield from _balance(draft, goal, vm)
        case Pack() as goal:
            yield from _pack(draft, goal, vm)


def _balance(draft: Draft, goal: Balance, vm: int) -> Iterator[Asker]:
    scales, host = Scales.of(draft, goal), int(draft.projection.where[vm])
    if not scales.partakes[host]:
        return
    levels, kind = scales.levels(draft.projection), goal.within.kind
    wants = bool(scales.outside(levels)[host] and levels[host] > scales.mean)

    def gains(draft: Draft, vm: int, host: int) -> str:
        effects = scales.effects(draft.projection, np.array([vm]), np.array([host]))
        nearer = -float(effects.change[0, 0])
        return f"comes {spoken(nearer, kind)} nearer" if nearer > 0 else ""

    told = off_mean(draft.projection, scales, host)
    yield Asker(scales.step, Nearer(scales), told, wants, why=gains, takes_groups=False)


def _pack(draft: Draft, goal: Pack, vm: int) -> Iterator[Asker]:
    host, order = int(draft.projection.where[vm]), in_order(draft)
    if host in order:
        left = len(on_host(draft.projection, host))
        told = (
            f"{draft.projection.names['host'][host]} has {left} VM{'s' if left > 1 else ''} left, "
            f"{nth(order.index(host) + 1)} of {len(order)} to be emptied"
        )
        emptied = np.arange(len(draft.projection.cores)) == host
        step = Step("goal", "pack", goal.span.line)
        yield Asker(step, Packed(goal, emptied), told, wants=True, takes_groups=False)


ASKERS: Final[Mapping[str, Callable[[Draft, int], Iterator[Asker]]]] = MappingProxyType({
    "repairs": _repairs, "drains": _drains, "rules": _rules, "preferences": _preferences, "goal": _goal,
})  # fmt: skip
"""Each kind of move, and what asks for it."""
