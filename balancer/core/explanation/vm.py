"""Why a VM moves, or why it stays: what wants it away, what keeps it, where it could go, and what would have to change.

Rule: it asks the planner's own walls, gates and orders of preference, without stopping at the first answer; there is no
second planner. A VM that moves is explained as the plan stood when it came to it, any other as the round began.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np

from balancer.core.cycle import Case, decided
from balancer.core.drafting.draft import Draft, elsewhere, lay_leaving, lay_targets, on_host, rejected
from balancer.core.drafting.groups import BONDS, Party, Way, beyond, bound, obstacle, prices
from balancer.core.drafting.sieve import Ledger
from balancer.core.drafting.wishes import in_spite_of
from balancer.core.explanation.askers import Asker, askers, plan_on, prepared, stays
from balancer.core.explanation.clauses import gate_clauses, needs
from balancer.core.explanation.troubles import Trouble, against_all, drained_by, figures_at, trouble
from balancer.core.figures.projection import Places
from balancer.core.figures.scope import of_targets, of_vms
from balancer.core.model import Decision, Move, Order, Rejection, Vm
from balancer.core.planning import waiting_kinds, windows_shut
from balancer.core.steps.relief import lay_gates, least_price
from balancer.core.wording import refusal_at, standing, why_stays


@dataclass(frozen=True, slots=True)
class Target:
    """A host as a target: its rank among those that would do, or all that is against it; what would have to change.

    `cost` is what it costs, over all wishes, that the VM goes there (less than nothing: it brings nearer what is
    preferred), and `despite` are the wishes against that, in words.
    """

    host: str
    rank: int | None
    why: str
    cost: float
    despite: tuple[str, ...]
    rejections: tuple[Rejection, ...]
    needs: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What one kind of move makes of a VM: what keeps it where it is, its rank among its neighbours, its targets.

    `told` is what is wanted of its host, `wants` whether it is wanted now; `line` is None where no line asks. `before`
    are those that would go first, `cheaper` those of them that cost less. `along` are those that have to go with it,
    and `bonds` the walls that want that.
    """

    kind: str
    rule: str
    line: int | None
    told: str
    wants: bool
    stays: tuple[Rejection, ...]
    needs: str
    rank: int | None
    of: int
    why: str
    before: tuple[str, ...]
    cheaper: tuple[str, ...]
    along: tuple[str, ...]
    bonds: tuple[str, ...]
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class VmExplained:
    """A VM in one round; `past` are its latest moves, the newest last.

    Of one that moves all is told as it stood after the `earlier` moves of the plan.
    """

    vm: str
    uuid: str
    host: str
    round: int
    time: float
    rules: str
    told: str
    figures: Mapping[str, float]
    against: tuple[str, ...]
    drained: tuple[str, ...]
    troubles: tuple[Trouble, ...]
    asked: tuple[Asked, ...]
    earlier: tuple[Move, ...]
    moves: tuple[Move, ...]
    past: tuple[Order, ...]


def explain_vm(case: Case, place: int, past: tuple[Order, ...] = (), paused: str | None = None) -> VmExplained:
    """The VM at that place of the observation, which has moved so in the past."""
    draft, decision = prepared(case), decided(case)
    projection, vm = draft.projection, draft.projection.observation.vms[place]
    host, earlier = int(projection.where[place]), _earlier(decision.plan.moves, vm.uuid)
    plan_on(draft, earlier)
    asked = tuple(_asked(draft, asker, place) for asker in askers(draft, place))
    moves = tuple(move for move in decision.plan.moves if move.uuid == vm.uuid)
    return VmExplained(
        vm.name, vm.uuid, vm.host, decision.plan.round, case.now, case.rules.file,
        told=_of_vm(draft, decision, moves, asked, vm),
        figures=figures_at({"cpu": projection.cpu, "memory": projection.memory, "vcpus": projection.vm_vcpus,
                           "age": projection.figures("vm", "age")}, place),
        against=tuple(against_all(draft, paused)), drained=tuple(drained_by(draft, host)),
        troubles=tuple(trouble(draft, rule, host) for rule in case.rules.rules), asked=asked, earlier=earlier,
        moves=moves, past=past,
    )  # fmt: skip


def _earlier(moves: Sequence[Move], uuid: str) -> tuple[Move, ...]:
    """What a plan had when it came to this VM, or to the group that it belongs to; nothing where it has no move."""
    own = next((move for move in moves if move.uuid == uuid), None)
    if own is None:
        return ()
    group = own.transit.vms if own.transit is not None else (uuid,)
    return tuple(takewhile(lambda move: move.uuid not in group, moves))


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """The VMs of a host, those that may leave it as far as nobody else is concerned, and in which order they would."""

    vms: Places
    free: Collection[int]
    ranked: tuple[int, ...]
    floors: Mapping[int, float]


def _asked(draft: Draft, asker: Asker, vm: int) -> Asked:
    """What one that asks makes of a VM."""
    projection, step, rule = draft.projection, asker.step, asker.rule
    names, its = projection.names["vm"], _neighbours(draft, asker, vm)
    lot = bound(draft, step, asker.targets, vm) if asker.takes_groups else Party((vm,))
    barred = stays(draft, asker, lot, its.free).reasons(0)
    rank = None if barred else its.ranked.index(vm)
    before = its.ranked[:rank] if rank is not None and rule is not None else ()
    scope, place = of_vms(projection, draft.sets, its.vms), int(np.searchsorted(its.vms, vm))
    return Asked(
        step.kind, step.rule, step.line, asker.told, asker.wants,
        stays=tuple(rejected(names[vm], None, step, each, 0) for each in barred),
        needs=needs(gate_clauses(rule.move.where, scope, place, "vm")) if rule else "",
        rank=None if rank is None else len(before) + 1, of=len(its.ranked),
        why=standing(rule.move.by[0], scope, place, "vm") if rule else "",
        before=tuple(names[each] for each in before),
        cheaper=tuple(names[each] for each in before if its.floors[each] < its.floors[vm]),
        along=tuple(names[each] for each in lot.vms[1:]),
        bonds=tuple(f"{bond.text} (line {bond.line})" for bond in lot.bonds),
        targets=tuple(_targets(draft, asker, lot)),
    )  # fmt: skip


def _neighbours(draft: Draft, asker: Asker, vm: int) -> _Neighbours:
    """A rule takes the cheapest first, then by its own order; whoever else asks wants all alike."""
    vms = on_host(draft.projection, int(draft.projection.where[vm]))
    ledger = Ledger(np.ones(len(vms), dtype=bool))
    lay_leaving(draft, asker.step, vms, ledger, BONDS)
    ranking = lay_gates(draft, asker.rule, vms, ledger) if asker.rule else []
    by_order = vms[ledger.order(ranking)].tolist()
    floors = {each: least_price(draft, asker.step, each) for each in by_order}
    return _Neighbours(vms, frozenset(by_order), tuple(sorted(by_order, key=floors.__getitem__)), floors)


def _targets(draft: Draft, asker: Asker, lot: Party) -> Iterator[Target]:
    """Every other host: those that would do by rank, then the refused, the most wanted first."""
    step, vm, rule = asker.step, lot.vms[0], asker.rule
    ledger = Ledger(elsewhere(draft, vm))
    ranking = [prices(draft, step, lot), *lay_targets(beyond(draft, lot), step, lot.vms, asker.targets, ledger)]
    met = (obstacle(draft, step, asker.targets, Way(lot, int(host))) for host in np.flatnonzero(ledger.open))
    ledger.bar([barred for barred in met if barred is not None])
    in_vain = list(asker.useless(draft, step, lot))
    ledger.bar([replace(each, flags=each.flags & ledger.open) for each in in_vain])
    as_one = replace(draft, projection=draft.projection.as_one(lot.vms))
    names, scope = draft.projection.names, of_targets(as_one.projection, draft.sets, vm)
    ranked = [int(each) for each in ledger.order(ranking)]
    every = Ledger(elsewhere(draft, vm)).order(ranking)
    for host in (*ranked, *(int(each) for each in every if int(each) not in set(ranked))):
        yield Target(
            names["host"][host],
            ranked.index(host) + 1 if host in ranked else None,
            asker.why(as_one, vm, host),
            float(ranking[0][host]),
            tuple(
                dict.fromkeys(
                    told for each in lot.vms
                    for told in in_spite_of(draft.wishes, draft.projection, each, host, step.kind)
                )
            ),
            tuple(rejected(names["vm"][vm], names["host"][host], step, each, host) for each in ledger.reasons(host)),
            needs(gate_clauses(rule.to.where, scope, host, "host")) if rule else "",
        )  # fmt: skip


def _of_vm(draft: Draft, decision: Decision, moves: tuple[Move, ...], asked: tuple[Asked, ...], vm: Vm) -> str:
    """A VM in one sentence."""
    if moves:
        move = moves[0]
        when = "" if move.wave == 1 else f" in wave {move.wave}, once earlier moves have ended"
        return f"moves to {move.target}{when}: {move.why}"
    if decision.plan.frozen:
        return f"stays: nothing is decided: {decision.plan.frozen}"
    wanted = [each for each in asked if each.wants]
    if not wanted:
        why = "; ".join(f"{each.rule}: {each.told}" for each in asked if each.told) or "no rule is there"
        return f"stays: nothing wants it away from {vm.host}: {why}"
    waiting = waiting_kinds(draft.rules, draft.projection.observation)
    first = next((each for each in wanted if each.kind not in waiting), wanted[0])
    if first.kind in waiting:
        return f"stays: {first.told}, and {windows_shut(waiting, draft.rules)}"
    said = [each for each in decision.plan.rejections if (each.vm, each.rule) == (vm.name, first.rule)]
    return f"stays: {_why_not(first, _movers(first, decision.plan.moves, vm.host), said)}"


def _movers(asked: Asked, moves: Collection[Move], host: str) -> list[str]:
    """Who is moved for the same, those of this host first: what mends a wall or serves the goal may come from any."""
    mine = [each for each in moves if (each.rule, each.line) == (asked.rule, asked.line)]
    here = [each.vm for each in mine if each.source == host]
    return here if here or asked.kind in {"drains", "rules"} else [each.vm for each in mine]


def _why_not(asked: Asked, movers: Collection[str], said: Sequence[Rejection]) -> str:
    """Why a VM that is wanted away is not moved, and `movers` are; `said` is what the plan has against it."""
    if asked.stays:
        return refusal_at(asked.stays[0])
    if not any(each.rank for each in asked.targets):
        refused = Counter(each.rejections[0].reason for each in asked.targets if each.rejections)
        return f"it finds no host: {', '.join(f'{reason} {count}' for reason, count in refused.most_common(3))}"
    if said:
        when = (
            "after earlier moves of this round"
            if movers or asked.rule != "pack"
            else "once others of its host have moved"
        )
        return f"{when} {why_stays(said)}"
    if first := next((each for each in movers if each in asked.before), None):
        return f"{first} goes first"
    if movers:
        return f"{asked.told}, and {next(iter(movers))} moves for that"
    return "earlier moves of this round leave no room for it"
