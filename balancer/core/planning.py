"""Which VM goes where: freeze, then drains, then the rules in file order, each move seeing those before it.

Rule: a move may break no wall at any step; every refusal names its reason. When in doubt nothing moves, and the plan
says so.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from balancer.core.assessment import condition_of, is_reached
from balancer.core.model import Engagement, Move, Observation, Plan, Rejection, State, Streak
from balancer.core.projection import Places, Projection
from balancer.core.scope import ClauseScope, Sets, of_farm, of_hosts, of_source, of_targets, of_vms
from balancer.core.sieve import Sieve, keys
from balancer.core.walls import Barred, Quiet, Wall, broken, walls
from balancer.core.waves import in_waves
from balancer.core.wording import compared, condition, numbers, preference, spoken
from dsl.evaluation import Column, truth
from dsl.ruleset import Ruleset
from dsl.syntax import Drain, Kind, Rule, Test

LISTED: Final = 50
"""Refused hosts listed per VM, nearest first; the tally counts them all."""

OWNERS: Final = {"host": "target", "source": "source", "vm": "vm", "after": "after", "farm": "farm"}


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and which rules stay engaged after it."""

    plan: Plan
    engagements: tuple[Engagement, ...]


@dataclass(slots=True)
class _Draft:
    """A plan in the making."""

    reported: Projection
    projection: Projection
    sets: Sets
    walls: tuple[Wall, ...]
    moves: list[Move] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    noted: set[tuple[str, str]] = field(default_factory=set)

    def notes_first(self, vm: str, step: "_Step") -> bool:
        """Whether this rule asks for this VM's refusals for the first time this round: once told is enough."""
        known = (vm, step.rule) in self.noted
        self.noted.add((vm, step.rule))
        return not known


def plan(
    observation: Observation, state: State, streaks: Sequence[Streak], rules: Ruleset, reported: Projection
) -> Planned:
    """Decide one round. `reported` are the columns of the reports alone, `streaks` include this round."""
    projection = Projection.with_orders(observation, state)
    sets = Sets.of(rules.lets, reported)
    draft = _Draft(reported, projection, sets, walls(rules, sets, observation, state, projection))
    before = projection.spread()
    frozen = _frozen(rules, projection, sets)
    engagements: list[Engagement] = []
    if frozen is None:
        for drain in rules.drains:
            _empty(draft, drain)
        for rule in rules.rules:
            engagements += _relieve(draft, rule, state, streaks)
    moves = in_waves(draft.moves, rules.caps, state.orders)
    result = Plan(
        round=observation.round,
        complete=observation.complete,
        frozen=frozen,
        moves=moves,
        rejections=tuple(draft.rejections),
        tally=dict(sorted(draft.tally.items())),
        before=before,
        after=projection.spread(),
        sentence=_sentence(draft, frozen, streaks, rules),
        broken=broken(rules, sets, reported),
    )
    return Planned(result, tuple(engagements) if frozen is None else state.engagements)


def _frozen(rules: Ruleset, projection: Projection, sets: Sets) -> str | None:
    """Why nothing is decided, or None. What nobody knows freezes as well."""
    if not projection.observation.hosts:
        return "no host reported"
    scope = of_farm(projection, sets)
    for freeze in rules.freezes:
        if truth(freeze.test, scope).possible.all():
            return f"{condition(freeze.test, scope, 0) or freeze.text}{_who_is_missing(projection.observation)}"
    return None


def _who_is_missing(observation: Observation) -> str:
    shown = ", ".join(observation.silent[:5])
    more = f" and {len(observation.silent) - 5} more" if len(observation.silent) > 5 else ""
    return f" (silent: {shown}{more})" if shown else ""


# -- drains ---------------------------------------------------------------------------------------------------


def _empty(draft: _Draft, drain: Drain) -> None:
    """Move what can be moved off the drained hosts, the largest first, so that the small fill the gaps."""
    drained = draft.sets.members(drain.hosts, draft.projection).true
    step = _Step("drains", "drain", drain.span.line)
    for host in np.flatnonzero(drained):
        vms = _on(draft.projection, int(host))
        for vm in vms[np.lexsort([-draft.projection.memory[vms]])]:
            _drain_one(draft, step, int(vm))


def _drain_one(draft: _Draft, step: "_Step", vm: int) -> None:
    if not _may_leave(draft, step, np.array([vm])).size:
        return
    target = _target(draft, step, vm, _Fullest())
    if target is not None:
        projection = draft.projection
        host, where = projection.names["host"][target], projection.names["host"][projection.where[vm]]
        fullest = spoken(float(_Fullest.of(draft, vm)[target]), Kind.SHARE)
        why = f"{where} is drained; {host} is least full afterwards ({fullest})"
        _order(draft, step, vm, target, (why, {}))


@dataclass(frozen=True, slots=True)
class _Step:
    """Who wants a move: the step of the order of evaluation, the rule's name as told, and its line."""

    kind: str
    rule: str
    line: int


class _Fullest:
    """The targets of drains: the greater share of cpu and memory least afterwards, never above 100 % of either."""

    @staticmethod
    def of(draft: _Draft, vm: int) -> Column:
        """The greater share of each host once the VM is there."""
        scope = of_targets(draft.projection, draft.sets, vm)
        return np.maximum(scope.value("after", "cpu"), scope.value("after", "memory"))

    def choose(self, draft: _Draft, sieve: Sieve, vm: int) -> list[Column]:
        """Bar what would be over-full, and rank the rest."""
        fullest = self.of(draft, vm)
        sieve.bar([
            Barred(fullest > 1.0, "full", value=fullest, limit=np.ones_like(fullest), kind=Kind.SHARE),
            Barred(np.isnan(fullest), "unknown"),
        ])  # fmt: skip
        return [fullest]


# -- rules ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _ByRule:
    """The targets of a rule: its gates, then its order."""

    rule: Rule

    def choose(self, draft: _Draft, sieve: Sieve, vm: int) -> list[Column]:
        """Lay the gates of `to host` and rank what is left."""
        scope = of_targets(draft.projection, draft.sets, vm)
        sieve.gates(self.rule.to.where, scope)
        return keys(self.rule.to.by, scope)


def _relieve(draft: _Draft, rule: Rule, state: State, streaks: Iterable[Streak]) -> list[Engagement]:
    """Ease every host this rule has reached, and say on which it stays engaged."""
    identity = condition_of(rule)
    mine = {each.host: each for each in streaks if (each.rule, each.condition) == (rule.name, identity)}
    engaged = {each.host for each in state.engagements if (each.rule, each.condition) == (rule.name, identity)}
    still = []
    for host in _in_trouble(draft, rule, mine, engaged, state):
        moved = _ease(draft, rule, host, mine.get(draft.projection.names["host"][host]))
        busy = moved or any(order.is_open and _is_from(order.move, draft, host) for order in state.orders)
        if rule.until is not None and busy and not _is_met(rule.until, of_source(draft.reported, draft.sets, host)):
            still.append(Engagement(rule.name, identity, draft.projection.names["host"][host]))
    silent = [
        Engagement(rule.name, identity, host) for host in sorted(engaged & set(draft.reported.observation.silent))
    ]
    return still + silent


def _is_from(move: Move, draft: _Draft, host: int) -> bool:
    return move.source == draft.projection.observation.hosts[host].name


def _in_trouble(draft: _Draft, rule: Rule, mine: Mapping[str, Streak], engaged: set[str], state: State) -> list[int]:
    """Hosts to be relieved: longest streak first, then busiest, then by name."""
    projection = draft.projection
    now = np.ones(len(projection.cores), dtype=bool)
    if rule.when.now is not None:
        now = np.broadcast_to(truth(rule.when.now, of_hosts(projection, draft.sets)).true, now.shape)
    leaving = {order.move.source for order in state.orders if order.is_open}
    quiet = [wall for wall in draft.walls if isinstance(wall, Quiet)]
    ranked = []
    for host in projection.observation.hosts:
        place, streak = projection.place[host.name], mine.get(host.name)
        reached = is_reached(streak, rule.when.hold) and bool(now[place])
        waits = any(wall.resting(host.name) for wall in quiet) or (rule.until is None and host.name in leaving)
        if host.name in engaged or (reached and not waits):
            busy = 0.0 if host.busy is None else host.busy / host.cores
            ranked.append((-(streak.rounds if streak else 0), -busy, place))
    return [place for _, _, place in sorted(ranked)]


def _ease(draft: _Draft, rule: Rule, host: int, streak: Streak | None) -> bool:
    """Move VMs off one host: one, or with `until` as many as it takes. Whether any was planned."""
    moved = False
    while rule.until is None or not _is_met(rule.until, of_source(draft.projection, draft.sets, host)):
        if not _move_one(draft, rule, host, streak):
            break
        moved = True
        if rule.until is None:
            break
    return moved


def _is_met(until: Test, scope: ClauseScope) -> bool:
    """What nobody knows ends an `until`."""
    return bool(truth(until, scope).possible.all())


def _move_one(draft: _Draft, rule: Rule, host: int, streak: Streak | None) -> bool:
    """Plan one move off this host: the first VM by the rule's order that finds a target."""
    step = _Step("rules", rule.name, rule.span.line)
    vms = _on(draft.projection, host)
    scope = of_vms(draft.projection, draft.sets, vms)
    sieve = _vm_sieve(draft, step, vms)
    sieve.gates(rule.move.where, scope)
    _note_vms(draft, step, vms, sieve)
    for place in sieve.order(keys(rule.move.by, scope)):
        vm = int(vms[place])
        target = _target(draft, step, vm, _ByRule(rule))
        if target is not None:
            _order(draft, step, vm, target, _reasons(draft, rule, vm, target, streak))
            return True
    return False


def _reasons(draft: _Draft, rule: Rule, vm: int, target: int, streak: Streak | None) -> tuple[str, dict[str, float]]:
    """Why this host (as reported), this VM and this target (as projected), and the figures behind it."""
    projection = draft.projection
    source = int(projection.where[vm])
    hosts, vms = of_hosts(draft.reported, draft.sets), of_vms(projection, draft.sets, np.array([vm]))
    targets = of_targets(projection, draft.sets, vm)
    parts = [
        f"{projection.names['host'][source]} {_trouble(rule, hosts, source, streak)}",
        f"{projection.names['vm'][vm]} {preference(rule.move.by[0], vms, 0)} there",
        f"{projection.names['host'][target]} {preference(rule.to.by[0], targets, target)}",
    ]
    figures = numbers(compared(rule.when.held), hosts, source, {})
    figures |= numbers([key.of for key in rule.move.by], vms, 0, {})
    wanted = [key.of for key in rule.to.by] + [side for gate in rule.to.where for side in compared(gate.test)]
    return "; ".join(parts), figures | numbers(wanted, targets, target, OWNERS)


def _trouble(rule: Rule, hosts: ClauseScope, source: int, streak: Streak | None) -> str:
    held = condition(rule.when.held, hosts, source)
    if streak is None or not is_reached(streak, rule.when.hold):
        return f"{held}, relief begun earlier goes on" if streak else "was in trouble, its relief goes on"
    return f"{held} for {streak.rounds} round{'s' if streak.rounds != 1 else ''}"


# -- what all steps share -------------------------------------------------------------------------------------


def _on(projection: Projection, host: int) -> Places:
    return np.flatnonzero(projection.where == host)


def _vm_sieve(draft: _Draft, step: _Step, vms: Places) -> Sieve:
    sieve = Sieve(np.ones(len(vms), dtype=bool))
    for wall in draft.walls:
        sieve.bar(wall.leaving(draft.projection, vms, step.kind))
    return sieve


def _may_leave(draft: _Draft, step: _Step, vms: Places) -> Places:
    sieve = _vm_sieve(draft, step, vms)
    _note_vms(draft, step, vms, sieve)
    return vms[sieve.open]


def _target(draft: _Draft, step: _Step, vm: int, targets: "_Fullest | _ByRule") -> int | None:
    """The best host for a VM, or None; every host refused on the way is noted."""
    elsewhere = np.ones(len(draft.projection.cores), dtype=bool)
    elsewhere[draft.projection.where[vm]] = False
    sieve = Sieve(elsewhere)
    for wall in draft.walls:
        sieve.bar(wall.arriving(draft.projection, vm, step.kind))
    ranking = targets.choose(draft, sieve, vm)
    _note_hosts(draft, step, vm, sieve, ranking)
    best = sieve.order(ranking)
    return int(best[0]) if best.size else None


def _order(draft: _Draft, step: _Step, vm: int, target: int, reasons: tuple[str, Mapping[str, float]]) -> None:
    """Take a move into the plan and into the projection."""
    why, figures = reasons
    projection = draft.projection
    seen = projection.observation.vms[vm]
    draft.moves.append(
        Move(
            vm=seen.name, uuid=seen.uuid, source=projection.names["host"][projection.where[vm]],
            target=projection.names["host"][target], rule=step.rule, line=step.line, reason=_REASONS[step.kind],
            why=why, numbers=dict(figures), memory=seen.memory,
        )
    )  # fmt: skip
    projection.move(vm, target)


_REASONS: Final = {"drains": "drain", "rules": "overload"}


def _note_vms(draft: _Draft, step: _Step, vms: Places, sieve: Sieve) -> None:
    """VMs that may not leave."""
    for barred in sieve.refused:
        for place in np.flatnonzero(barred.flags):
            name = draft.projection.names["vm"][vms[place]]
            if draft.notes_first(name, step):
                draft.tally[barred.reason] += 1
                draft.rejections.append(_rejection(name, None, step, barred, int(place)))


def _note_hosts(draft: _Draft, step: _Step, vm: int, sieve: Sieve, ranking: Sequence[Column]) -> None:
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
        draft.rejections.append(_rejection(name, host, step, barred, int(place)))


def _rejection(vm: str, host: str | None, step: _Step, barred: Barred, place: int) -> Rejection:
    line = step.line if barred.line is None else barred.line
    return Rejection(
        vm, host, step.rule, line, barred.reason, _figure(barred.value, place), _figure(barred.limit, place)
    )


def _figure(column: Column | None, place: int) -> float | str | None:
    if column is None:
        return None
    figure = column[place] if column.ndim else column[()]
    return figure if isinstance(figure, str) else None if figure is None or np.isnan(figure) else float(figure)


def _sentence(draft: _Draft, frozen: str | None, streaks: Sequence[Streak], rules: Ruleset) -> str:
    """The round in one sentence."""
    if frozen is not None:
        return f"nothing is decided: {frozen}"
    if draft.moves:
        first = draft.moves[0]
        more = f" and {len(draft.moves) - 1} more" if len(draft.moves) > 1 else ""
        return f"move {first.vm} from {first.source} to {first.target}{more}"
    moving = draft.projection.moves_under_way
    waiting = f"; {moving} move{'s' if moving > 1 else ''} under way" if moving else ""
    refused = ", ".join(f"{reason} {count}" for reason, count in draft.tally.most_common(3))
    why = f"; refused: {refused}" if refused else ""
    if not streaks:
        return f"no action: no host is in trouble{why}{waiting}"
    longest = max(streaks, key=lambda streak: (streak.rounds, streak.host))
    return f"no action: {longest.host} in trouble for {_so_far(longest, rules)}{why}{waiting}"


def _so_far(streak: Streak, rules: Ruleset) -> str:
    """How long a host has been in trouble, and how long its rule wants it to be."""
    rounds = f"{streak.rounds} round{'s' if streak.rounds != 1 else ''}"
    hold = next(rule.when.hold for rule in rules.rules if rule.name == streak.rule)
    if hold is None or is_reached(streak, hold):
        return rounds
    return f"{streak.rounds} of {hold.text}" if hold.kind is Kind.ROUNDS else f"{rounds}, {hold.text} are wanted"
