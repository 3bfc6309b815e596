"""A plan in the making: what every step of it shares, and the only way a move gets into it.

Rule: a move is taken together with its projection, so that whoever comes next sees it; every refusal is noted once.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np

from balancer.core.drafting.sieve import Sieve
from balancer.core.drafting.wishes import Wish, in_spite_of, total_price
from balancer.core.figures.concerns import Concerns
from balancer.core.figures.projection import Floats, Places, Projection
from balancer.core.figures.scope import Sets
from balancer.core.figures.tags import named
from balancer.core.model import Engagement, Move, Rejection, State, Streak, Transit, Unmended
from balancer.core.walls.quiet import Quiet
from balancer.core.walls.wall import Barred, Wall
from dsl.evaluation import Column, Flags
from dsl.ruleset import Ruleset

LISTED: Final = 50
"""Refused hosts listed per VM, nearest first; the tally counts them all."""

REASONS: Final = {
    "repairs": "repair", "drains": "drain", "rules": "overload", "preferences": "preference", "goal": "goal",
}  # fmt: skip
"""What a move is for, by the step that wants it."""


@dataclass(frozen=True, slots=True)
class Step:
    """Who wants a move: the step of the order of evaluation, the rule's name as told, its line if any, which group."""

    kind: str
    rule: str
    line: int | None
    transit: Transit | None = None


ASKED: Final = Step("prospects", "", None)
"""Who asks where neither a rule nor a drain does: what could be, whatever is wanted."""


@dataclass(slots=True)
class Draft:
    """A plan in the making.

    `reported` are the columns of the reports alone, `streaks` include this round; `engagements` are the rules that stay
    engaged, `alone` the VMs whose moves are not to run beside others.
    """

    reported: Projection
    projection: Projection
    rules: Ruleset
    sets: Sets
    state: State
    streaks: Sequence[Streak]
    walls: Concerns[Wall]
    wishes: Concerns[Wish]
    quiet: Quiet
    moves: list[Move] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    noted: set[tuple[str, str]] = field(default_factory=set)
    engagements: list[Engagement] = field(default_factory=list)
    alone: set[str] = field(default_factory=set)
    unmended: list[Unmended] = field(default_factory=list)
    _by_rule: dict[tuple[str, str], dict[str, Streak]] = field(default_factory=dict, init=False)
    _begun: dict[tuple[str, str], set[str]] = field(default_factory=dict, init=False)

    def streaks_of(self, rule: str, condition: str) -> Mapping[str, Streak]:
        """By host, for how long a rule's condition has held there."""
        if not self._by_rule:
            for streak in self.streaks:
                self._by_rule.setdefault((streak.rule, streak.condition), {})[streak.host] = streak
        return self._by_rule.get((rule, condition), {})

    def engaged_by(self, rule: str, condition: str) -> frozenset[str]:
        """The hosts on which a rule with this condition stayed engaged."""
        if not self._begun:
            for each in self.state.engagements:
                self._begun.setdefault((each.rule, each.condition), set()).add(each.host)
        return frozenset(self._begun.get((rule, condition), ()))

    def price(self, step: Step, vm: int) -> Floats:
        """What moving this VM to each host costs, over all wishes."""
        return total_price(self.wishes, self.projection, vm, step.kind)

    def aside(self, projection: Projection) -> "Draft":
        """The same draft over another projection, to try what may come to nothing: nothing of it is noted here."""
        return replace(
            self, projection=projection, moves=[], rejections=[], tally=Counter(), noted=set(), engagements=[],
            alone=set(), unmended=[],
        )  # fmt: skip

    def notes_first(self, vm: str, step: Step) -> bool:
        """Whether this rule asks for this VM's refusals for the first time this round: once told is enough."""
        known = (vm, step.rule) in self.noted
        self.noted.add((vm, step.rule))
        return not known


class Targets(Protocol):
    """How a step chooses among hosts."""

    def choose(self, draft: Draft, sieve: Sieve, vm: int, /) -> Sequence[Column]:
        """Bar what does not do, and give the columns to rank the rest by: less is better."""
        ...


def on_host(projection: Projection, host: int) -> Places:
    """The VMs on a host, as planned so far."""
    return np.flatnonzero(projection.where == host)


def departures(draft: Draft, step: Step, vms: Places, but: tuple[type[Wall], ...] = ()) -> Sieve:
    """These VMs, with the walls that keep them where they are laid over them, `but` for those of some kinds."""
    sieve = Sieve(np.ones(len(vms), dtype=bool))
    lay_leaving(draft, step, vms, sieve, but)
    return sieve


def lay_leaving(draft: Draft, step: Step, vms: Places, sieve: Sieve, but: tuple[type[Wall], ...] = ()) -> None:
    """Lay over these VMs the walls that keep them where they are, `but` for those of some kinds."""
    for wall in draft.walls.of(vms[0]) if len(vms) == 1 else draft.walls.of_any(vms):
        if not isinstance(wall, but):
            sieve.bar(wall.leaving(draft.projection, vms, step.kind))


def arrivals(draft: Draft, step: Step, vm: int) -> Sieve:
    """All other hosts, with the walls that keep this VM away laid over them."""
    sieve = Sieve(elsewhere(draft, vm))
    lay_arriving(draft, step, vm, sieve)
    return sieve


def find_target(draft: Draft, step: Step, vm: int, targets: Targets) -> int | None:
    """The cheapest and best host for a VM, or None; every host refused on the way is noted."""
    sieve, ranking = weigh(draft, step, [vm], targets)
    note_hosts(draft, step, vm, sieve, ranking)
    best = sieve.order([draft.price(step, vm), *ranking])
    return int(best[0]) if best.size else None


def weigh(draft: Draft, step: Step, vms: Sequence[int], targets: Targets) -> tuple[Sieve, Sequence[Column]]:
    """Every other host for these VMs of one host, all at once: what bars it, and the columns to rank the rest by.

    Each of them must be let in for itself, and there must be room for the sum of them.
    """
    sieve = Sieve(elsewhere(draft, vms[0]))
    return sieve, lay_targets(draft, step, vms, targets, sieve)


def lay_targets(draft: Draft, step: Step, vms: Sequence[int], targets: Targets, sieve: Sieve) -> Sequence[Column]:
    """Lay over the hosts all that keeps these VMs of one host away; the columns to rank the rest by."""
    lot = replace(draft, projection=draft.projection.as_one(vms)) if len(vms) > 1 else draft
    for vm in vms:
        lay_arriving(lot, step, vm, sieve)
    return targets.choose(lot, sieve, vms[0])


def elsewhere(draft: Draft, vm: int) -> Flags:
    """All hosts but the one that a VM is on."""
    hosts = np.ones(len(draft.projection.cores), dtype=bool)
    hosts[draft.projection.where[vm]] = False
    return hosts


def lay_arriving(draft: Draft, step: Step, vm: int, sieve: Sieve) -> None:
    """Lay over the hosts the walls that keep this VM away."""
    for wall in draft.walls.of(vm):
        sieve.bar(wall.arriving(draft.projection, vm, step.kind))


def take(draft: Draft, step: Step, vm: int, target: int, reasons: tuple[str, Mapping[str, float]]) -> None:
    """Take a move into the plan and into the projection."""
    why, figures = reasons
    projection = draft.projection
    why = "; ".join([why, *in_spite_of(draft.wishes, projection, vm, target, step.kind)])
    seen, hosts = projection.observation.vms[vm], projection.observation.hosts
    source = hosts[projection.where[vm]]
    draft.moves.append(
        Move(
            vm=seen.name, uuid=seen.uuid, source=source.name, target=hosts[target].name, rule=step.rule,
            line=step.line, reason=REASONS[step.kind], why=why, numbers=dict(figures), memory=seen.memory,
            domain_id=seen.domain_id, leaves=named(source.tags), enters=named(hosts[target].tags),
            transit=step.transit,
        )
    )  # fmt: skip
    memory = sum(move.memory for move in draft.moves)
    if any(wall.is_tight(projection, memory) for wall in draft.walls.of(vm)):
        draft.alone.add(seen.uuid)
    projection.move(vm, target)


def note_vms(draft: Draft, step: Step, vms: Places, sieve: Sieve) -> None:
    """VMs that may not leave."""
    for barred in sieve.refused:
        for place in np.flatnonzero(barred.flags):
            name = draft.projection.names["vm"][vms[place]]
            if draft.notes_first(name, step):
                draft.tally[barred.reason] += 1
                draft.rejections.append(rejected(name, None, step, barred, int(place)))


def note_hosts(draft: Draft, step: Step, vm: int, sieve: Sieve, ranking: Sequence[Column]) -> None:
    """Hosts that may not receive this VM, the most wanted first."""
    name = draft.projection.names["vm"][vm]
    if not sieve.refused or not draft.notes_first(name, step):
        return
    draft.tally += sieve.tally()
    reason = np.full(sieve.open.shape, -1)
    for number, barred in enumerate(sieve.refused):
        reason[barred.flags] = number
    for place in Sieve(reason >= 0).order(ranking)[:LISTED]:
        host, barred = draft.projection.names["host"][place], sieve.refused[reason[place]]
        draft.rejections.append(rejected(name, host, step, barred, int(place)))


def rejected(vm: str, host: str | None, step: Step, barred: Barred, place: int) -> Rejection:
    """The candidate at that place, who wanted it, and what barred it, by which line if any."""
    value, limit = _figure(barred.value, place), _figure(barred.limit, place)
    return Rejection(vm, host, step.rule, barred.line, barred.reason, value, limit, barred.kind)


def _figure(column: Column | None, place: int) -> float | str | None:
    if column is None:
        return None
    figure = column[place] if column.ndim else column[()]
    return figure if isinstance(figure, str) else None if figure is None or np.isnan(figure) else float(figure)
