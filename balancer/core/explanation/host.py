"""Why a host is eased or left alone, what may not leave it, and what may not come.

Rule: it asks the planner's own walls and streaks without stopping at the first answer; there is no second planner. What
is explained is the round before its first move.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from balancer.core.cycle import Case, decided
from balancer.core.drafting.draft import ASKED, Draft, Step, departures, elsewhere, lay_arriving, on_host, rejected
from balancer.core.drafting.groups import BONDS, bound
from balancer.core.drafting.sieve import Ledger
from balancer.core.explanation.askers import NOBODY, Asker, askers, prepared, stays
from balancer.core.explanation.troubles import Trouble, against_all, drained_by, drains_of, figures_at, trouble
from balancer.core.model import Move, Rejection

OF_NEIGHBOURS: Final = ("repairs", "preferences", "goal")
"""The kinds of move of which `drained` and `troubles` do not tell."""
STRICTEST: Final = Step("rules", "", None)
"""Who asks whether a host takes VMs: every wall binds the moves of rules, rests too."""


@dataclass(frozen=True, slots=True)
class Closure:
    """Why a host takes VMs or does not: how many of those elsewhere are refused for a reason, and one of them."""

    vms: int
    of: int
    example: Rejection


@dataclass(frozen=True, slots=True)
class Wanted:
    """What asks for moves of the VMs of a host, by which line, and whether it wants any now."""

    kind: str
    rule: str
    line: int | None
    told: str
    wants: bool


@dataclass(frozen=True, slots=True)
class HostExplained:
    """A host in one round. `against` is what stands against every move, `stays` its VMs that may not leave it.

    `wanted` is what asks for moves of its VMs beside drains and rules: broken walls, preferences, the goal.
    """

    host: str
    round: int
    time: float
    rules: str
    told: str
    figures: Mapping[str, float]
    against: tuple[str, ...]
    drained: tuple[str, ...]
    troubles: tuple[Trouble, ...]
    wanted: tuple[Wanted, ...]
    stays: tuple[Rejection, ...]
    closed: tuple[Closure, ...]
    moves: tuple[Move, ...]


def explain_host(case: Case, host: str, paused: str | None = None) -> HostExplained:
    """A host that reported in that round."""
    draft, decision = prepared(case), decided(case)
    columns = draft.projection
    place = columns.place[host]
    figures = {"cpu": columns.share, "load": columns.load, "memory": columns.used / columns.total, "vms": columns.vms}
    troubles = tuple(trouble(draft, rule, place) for rule in case.rules.rules)
    drained = tuple(drained_by(draft, place))
    wanted = tuple(_wanted(draft, place))
    moves = tuple(move for move in decision.plan.moves if host in (move.source, move.target))
    against = tuple(against_all(draft, paused))
    return HostExplained(
        host, decision.plan.round, case.now, case.rules.file,
        told=_of_host(draft, place, troubles, wanted, moves),
        figures=figures_at(figures, place),
        against=against, drained=drained, troubles=troubles, wanted=wanted,
        stays=tuple(_staying(draft, place)),
        closed=tuple(_closures(draft, place)),
        moves=moves,
    )  # fmt: skip


def _wanted(draft: Draft, host: int) -> Iterator[Wanted]:
    """What its VMs are asked for, once for all that are asked alike, in the order of evaluation."""
    asking = (asker for vm in on_host(draft.projection, host) for asker in askers(draft, int(vm)))
    by_step: dict[Step, Asker] = {}
    for asker in asking:
        by_step.setdefault(asker.step, asker)
    for kind in OF_NEIGHBOURS:
        of_kind = (step for step in by_step if step.kind == kind)
        for step in sorted(of_kind, key=lambda step: step.line or 0):
            yield Wanted(kind, step.rule, step.line, by_step[step].told, by_step[step].wants)


def _of_host(
    draft: Draft, place: int, troubles: tuple[Trouble, ...], wanted: tuple[Wanted, ...], moves: tuple[Move, ...]
) -> str:
    """A host in one sentence."""
    name = draft.projection.names["host"][place]
    if moves:
        return f"{name}: {len(moves)} move{'s' if len(moves) > 1 else ''} planned: {moves[0].why}"
    if by := next(iter(drains_of(draft, place)), None):
        left = int(draft.projection.vms[place])
        whose = f"by {by.who}" if by.who else f"(line {by.line})"
        return f"{name} is drained {whose}, {'empty' if not left else f'{left} still there'}"
    if eased := next((each for each in troubles if each.eased), None):
        return f"{name} is {eased.told} ({eased.rule}, line {eased.line}), and no VM finds a host"
    if asks := next((each for each in wanted if each.wants), None):
        return f"{asks.told} ({asks.rule}, line {asks.line}), and no move of its VMs is planned for that"
    if waits := next((each for each in troubles if each.against or each.rounds), None):
        return f"{name}: {waits.told} ({waits.rule}, line {waits.line})"
    return f"{name} is in no trouble that a rule would ease"


def _staying(draft: Draft, host: int) -> Iterator[Rejection]:
    """The VMs of a host that may not leave it, alone or with those that hang together with them, with every reason."""
    vms, names = on_host(draft.projection, host), draft.projection.names["vm"]
    free = frozenset(vms[departures(draft, ASKED, vms, BONDS).open].tolist())
    for vm in vms.tolist():
        ledger = stays(draft, NOBODY, bound(draft, ASKED, NOBODY.targets, vm), free)
        yield from (rejected(names[vm], None, ASKED, barred, 0) for barred in ledger.reasons(0))


def _closures(draft: Draft, host: int) -> Iterator[Closure]:
    """What keeps VMs from elsewhere out of a host, the commonest first."""
    others = np.flatnonzero(draft.projection.where != host)
    counted: Counter[str] = Counter()
    examples: dict[str, Rejection] = {}
    names = draft.projection.names
    for vm in others:
        ledger = Ledger(elsewhere(draft, int(vm)))
        lay_arriving(draft, STRICTEST, int(vm), ledger)
        for barred in ledger.reasons(host):
            counted[barred.reason] += 1
            told = rejected(names["vm"][vm], names["host"][host], ASKED, barred, host)
            examples.setdefault(barred.reason, told)
    for reason, count in counted.most_common():
        yield Closure(count, len(others), examples[reason])
