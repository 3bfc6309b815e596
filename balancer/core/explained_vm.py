"""Why a VM moves, or why it stays: what wants it away, what keeps it, where it could go, and what would have to change.

Rule: it asks the planner's own walls, gates and orders of preference, without stopping at the first answer; there is no
second planner. What is explained is the round before its first move.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from balancer.core.clauses import gate_clauses, needs
from balancer.core.cycle import Case, begun, decided
from balancer.core.draft import ASKED, Draft, Step, Targets, elsewhere, lay_arriving, lay_leaving, on_host, rejected
from balancer.core.model import Decision, Move, Order, Rejection
from balancer.core.relief import ByRule, lay_gates
from balancer.core.room import Fullest
from balancer.core.scope import of_targets, of_vms
from balancer.core.sieve import Ledger
from balancer.core.troubles import Trouble, against_all, drained_by, drains_of, figures_at, trouble
from balancer.core.wording import preference, refusal
from dsl.syntax import Rule


@dataclass(frozen=True, slots=True)
class Target:
    """A host as a target: its rank among those that would do, or all that is against it; what would have to change."""

    host: str
    rank: int | None
    why: str
    rejections: tuple[Rejection, ...]
    needs: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a drain or a rule makes of a VM: what keeps it where it is, its rank among its neighbours, its targets.

    `before` are those that would go first; `line` is None where no line asks.
    """

    rule: str
    line: int | None
    stays: tuple[Rejection, ...]
    needs: str
    rank: int | None
    of: int
    why: str
    before: tuple[str, ...]
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class VmExplained:
    """A VM in one round; `past` are its latest moves, the newest last."""

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
    moves: tuple[Move, ...]
    past: tuple[Order, ...]


def explain_vm(case: Case, place: int, past: tuple[Order, ...] = (), paused: str | None = None) -> VmExplained:
    """The VM at that place of the observation, which has moved so in the past."""
    draft, decision = begun(case), decided(case)
    projection, vm = draft.projection, draft.projection.observation.vms[place]
    host = int(projection.where[place])
    troubles = tuple(trouble(draft, rule, host) for rule in case.rules.rules)
    asked = tuple(_asked(draft, place))
    moves = tuple(move for move in decision.plan.moves if move.uuid == vm.uuid)
    against = tuple(against_all(draft, paused))
    return VmExplained(
        vm.name, vm.uuid, vm.host, decision.plan.round, case.now, case.rules.file,
        told=_of_vm(decision, moves, troubles, asked, vm.host),
        figures=figures_at({"cpu": projection.cpu, "memory": projection.memory, "vcpus": projection.vm_vcpus,
                           "age": projection.figures("vm", "age")}, place),
        against=against, drained=tuple(drained_by(draft, host)), troubles=troubles, asked=asked, moves=moves, past=past,
    )  # fmt: skip


def _asked(draft: Draft, vm: int) -> Iterator[Asked]:
    """What each drain of its host and each rule makes of a VM; where there is neither, what the walls alone do."""
    host = int(draft.projection.where[vm])
    for drain in drains_of(draft, host):
        yield _by_walls(draft, Step("drains", "drain", drain.line), vm)
    for rule in draft.rules.rules:
        yield _by_rule(draft, rule, vm)
    if not draft.rules.rules and not drains_of(draft, host):
        yield _by_walls(draft, ASKED, vm)


def _by_walls(draft: Draft, step: Step, vm: int) -> Asked:
    """A drain wants every VM, and no gate is in the way."""
    stays = _barred(draft, step, vm)
    count = int(draft.projection.vms[draft.projection.where[vm]])
    targets = tuple(_targets(draft, step, vm, Fullest(), None))
    return Asked(step.rule, step.line, stays, "", None if stays else 1, count, "", (), targets)


def _by_rule(draft: Draft, rule: Rule, vm: int) -> Asked:
    step = Step("rules", rule.name, rule.span.line)
    there = on_host(draft.projection, int(draft.projection.where[vm]))
    place = int(np.searchsorted(there, vm))
    ledger = Ledger(np.ones(len(there), dtype=bool))
    lay_leaving(draft, step, there, ledger)
    ranked = list(ledger.order(lay_gates(draft, rule, there, ledger)))
    names, scope = draft.projection.names["vm"], of_vms(draft.projection, draft.sets, there)
    rank = ranked.index(place) + 1 if place in ranked else None
    return Asked(
        rule.name, rule.span.line,
        stays=tuple(rejected(names[vm], None, step, barred, place) for barred in ledger.reasons(place)),
        needs=needs(gate_clauses(rule.move.where, scope, place, "vm")),
        rank=rank, of=len(ranked), why=preference(rule.move.by[0], scope, place, "vm"),
        before=tuple(names[there[each]] for each in ranked[: (rank or 1) - 1]),
        targets=tuple(_targets(draft, step, vm, ByRule(rule), rule)),
    )  # fmt: skip


def _barred(draft: Draft, step: Step, vm: int) -> tuple[Rejection, ...]:
    ledger = Ledger(np.ones(1, dtype=bool))
    lay_leaving(draft, step, np.array([vm]), ledger)
    return tuple(rejected(draft.projection.names["vm"][vm], None, step, each, 0) for each in ledger.reasons(0))


def _targets(draft: Draft, step: Step, vm: int, targets: Targets, rule: Rule | None) -> Iterator[Target]:
    """Every other host: those that would do by rank, then the refused, the most wanted first."""
    ledger = Ledger(elsewhere(draft, vm))
    lay_arriving(draft, step, vm, ledger)
    ranking = targets.choose(draft, ledger, vm)
    names, scope = draft.projection.names, of_targets(draft.projection, draft.sets, vm)
    ranked = [int(each) for each in ledger.order(ranking)]
    every = Ledger(elsewhere(draft, vm)).order(ranking)
    for host in (*ranked, *(int(each) for each in every if int(each) not in set(ranked))):
        rejections = tuple(
            rejected(names["vm"][vm], names["host"][host], step, barred, host) for barred in ledger.reasons(host)
        )
        yield Target(
            names["host"][host],
            ranked.index(host) + 1 if host in ranked else None,
            preference(rule.to.by[0], scope, host, "host") if rule else "",
            rejections,
            needs(gate_clauses(rule.to.where, scope, host, "host")) if rule else "",
        )


def _of_vm(
    decision: Decision, moves: tuple[Move, ...], troubles: tuple[Trouble, ...], asked: tuple[Asked, ...], host: str
) -> str:
    """A VM in one sentence."""
    if moves:
        first = moves[0]
        when = "" if first.wave == 1 else f" in wave {first.wave}, once earlier moves have ended"
        return f"moves to {first.target}{when}: {first.why}"
    if decision.plan.frozen:
        return f"stays: nothing is decided: {decision.plan.frozen}"
    eased = {(each.rule, each.line): each for each in troubles if each.eased}
    wanted = [each for each in asked if each.rule == "drain" or (each.rule, each.line) in eased]
    if not wanted:
        why = "; ".join(f"{each.rule}: {each.told}" for each in troubles) or "no rule is there"
        return f"stays: nothing wants it away from {host}: {why}"
    return f"stays: {_why_not(wanted[0])}"


def _why_not(asked: Asked) -> str:
    """Why a VM that is wanted away is not moved."""
    if asked.stays:
        return refusal(asked.stays[0])
    if asked.before:
        return f"{asked.before[0]} goes first"
    refused = Counter(each.rejections[0].reason for each in asked.targets if each.rejections)
    if refused and not any(each.rank for each in asked.targets):
        return f"it finds no host: {', '.join(f'{reason} {count}' for reason, count in refused.most_common(3))}"
    return "earlier moves of this round leave no room for it"
