"""The statement `rule`: ease the hosts that have been in trouble for long enough.

Rule: hosts come by longest streak, then busiest, then name. Without `until` a host gives one VM a round; with it, it
goes on, on projected loads, and the rule stays engaged until reports meet it or nothing is left to move.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np

from balancer.core.assessment import condition_of, is_reached
from balancer.core.drafting.draft import Draft, Step, departures, note_vms, on_host
from balancer.core.drafting.groups import BONDS, Way, find, price, take_way
from balancer.core.drafting.sieve import Sieve, even, keys
from balancer.core.figures.projection import Floats, Places, Projection
from balancer.core.figures.scope import ClauseScope, of_hosts, of_source, of_targets, of_vms
from balancer.core.model import Engagement, Streak
from balancer.core.wording import compared, condition, numbers, preference
from dsl.evaluation import Column, Flags, truth
from dsl.syntax import Key, Rule, Test

OWNERS: Final = {"host": "target", "source": "source", "vm": "vm", "after": "after", "farm": "farm"}
"""What each owner of a `to` clause is called among a move's numbers."""
EVERYWHERE: Final = np.ones((), dtype=bool)


@dataclass(frozen=True, slots=True)
class ByRule:
    """The targets of a rule: its gates, then its order."""

    rule: Rule

    def choose(self, draft: Draft, sieve: Sieve, vm: int) -> list[Column]:
        """Lay the gates of `to host` and rank what is left."""
        scope = of_targets(draft.projection, draft.sets, vm)
        sieve.gates(self.rule.to.where, scope)
        return keys(self.rule.to.by, scope)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a rule stands: its identity, by host the streak of its `when`, and the hosts on which it stays engaged."""

    identity: str
    streaks: Mapping[str, Streak]
    engaged: frozenset[str]


def relieve(draft: Draft) -> None:
    """Ease the hosts that each rule has reached, rule by rule."""
    share = even(np.nan_to_num(draft.reported.share))
    for rule in draft.rules.rules:
        draft.engagements += _relieve(draft, rule, share)


def _relieve(draft: Draft, rule: Rule, share: Floats) -> list[Engagement]:
    """Ease every host this rule has reached, and say on which it stays engaged."""
    standing = standing_of(draft, rule)
    identity, engaged = standing.identity, standing.engaged
    hosts = _in_trouble(draft, rule, standing, share)
    eased = _ease_all(draft, rule, hosts, standing.streaks)
    if rule.until is None:
        return []
    projection = draft.projection
    names = projection.names["host"]
    sources = {order.move.source for order in draft.state.orders if order.is_open}
    held_up = [projection.place[name] for name in engaged if _rests(draft, rule, name)]
    busy = [*held_up, *(host for host in hosts if host in eased or names[host] in sources)]
    unmet = {names[host] for host in _unmet(draft, draft.reported, rule, busy)}
    silent = engaged & set(draft.reported.observation.silent)
    return [Engagement(rule.name, identity, host) for host in sorted(unmet | silent)]


def _ease_all(draft: Draft, rule: Rule, hosts: Sequence[int], streaks: Mapping[str, Streak]) -> set[int]:
    """Ease these hosts in turn, anew as long as one makes room for another; those that gave a VM.

    Without `until` each gives one VM a round, so one turn is all.
    """
    names = draft.projection.names["host"]
    eased: set[int] = set()
    while _unmet(draft, draft.projection, rule, hosts):
        moved = {host for host in hosts if _ease(draft, rule, host, streaks.get(names[host]))}
        eased |= moved
        if not moved or rule.until is None:
            break
        hosts = _unmet(draft, draft.projection, rule, hosts)
    return eased


def _unmet(draft: Draft, projection: Projection, rule: Rule, hosts: Sequence[int]) -> Sequence[int]:
    """Those of these hosts that do not meet `until`; what nobody knows ends it."""
    if not hosts or rule.until is None:
        return hosts
    met = truth(rule.until, of_source(projection, draft.sets, np.array(hosts))).possible
    if not met.ndim:
        return [] if met else hosts
    return [host for host, is_met in zip(hosts, met.tolist(), strict=True) if not is_met]


def standing_of(draft: Draft, rule: Rule) -> Standing:
    """How long a rule has held where, and what it has begun; one without `until` begins nothing."""
    identity = condition_of(rule)
    mine = draft.streaks_of(rule.name, identity)
    begun = draft.engaged_by(rule.name, identity) if rule.until is not None else frozenset[str]()
    return Standing(identity, mine, begun)


def waits(draft: Draft, rule: Rule, host: int) -> str | None:
    """Why a host that a rule has reached is not eased yet, or None."""
    name = draft.projection.names["host"][host]
    if _rests(draft, rule, name):
        return "it has just taken part in a move and rests"
    if rule.until is None and _is_left(draft, name):
        return "a VM is leaving it already"
    return None


def _is_left(draft: Draft, host: str) -> bool:
    """Whether a VM leaves it that no rule sends, or is under way already."""
    planned = (move.source for move in draft.moves if move.reason != "overload")
    return host in draft.projection.departed or host in planned


def _rests(draft: Draft, rule: Rule, host: str) -> bool:
    """Whether a host rests from other moves than those that the rule goes on with; a silent one is no question."""
    return host in draft.projection.place and draft.quiet.resting(host, rule.name)


def lay_gates(draft: Draft, rule: Rule, vms: Places, sieve: Sieve) -> list[Column]:
    """Lay the gates of `move vm` over these VMs; the columns to rank the rest by."""
    scope = of_vms(draft.projection, draft.sets, vms)
    sieve.gates(rule.move.where, scope)
    return keys(rule.move.by, scope)


def _in_trouble(draft: Draft, rule: Rule, standing: Standing, share: Floats) -> list[int]:
    """Hosts to be relieved: longest streak first, then busiest by the reports' `share`, then by name."""
    projection, mine, engaged = draft.projection, standing.streaks, standing.engaged
    reached = {host for host, streak in mine.items() if is_reached(streak, rule.when.hold)}
    wanted = (reached | engaged) & projection.place.keys()
    if not wanted:
        return []
    now = np.broadcast_to(_now(draft, rule), projection.cores.shape)
    ranked = []
    for host in sorted(wanted):
        place, streak = projection.place[host], mine.get(host)
        if (host in engaged or now[place]) and waits(draft, rule, place) is None:
            ranked.append((-(streak.rounds if streak else 0), -share[place], place))
    return [place for _, _, place in sorted(ranked)]


def _now(draft: Draft, rule: Rule) -> Flags:
    """Where what a rule says right of its `for` is true now."""
    if rule.when.now is None:
        return EVERYWHERE
    return truth(rule.when.now, of_hosts(draft.projection, draft.sets)).true


def _ease(draft: Draft, rule: Rule, host: int, streak: Streak | None) -> bool:
    """Move VMs off one host: one, or with `until` as many as it takes. Whether any was planned."""
    moved = False
    while rule.until is None or not is_met(rule.until, of_source(draft.projection, draft.sets, host)):
        if not _move_one(draft, rule, host, streak):
            break
        moved = True
        if rule.until is None:
            break
    return moved


def is_met(until: Test, scope: ClauseScope) -> bool:
    """What nobody knows ends an `until`."""
    return bool(truth(until, scope).possible.all())


def _move_one(draft: Draft, rule: Rule, host: int, streak: Streak | None) -> bool:
    """Plan one move off this host, with whom the VM takes along: the cheapest, then the first by the rule's order."""
    step = Step("rules", rule.name, rule.span.line)
    vms = on_host(draft.projection, host)
    sieve = departures(draft, step, vms, BONDS)
    ranking = lay_gates(draft, rule, vms, sieve)
    note_vms(draft, step, vms, sieve)
    free = frozenset(vms[sieve.open].tolist())
    ranked = vms[sieve.order(ranking)].tolist()
    chosen = _cheapest(draft, step, ranked, lambda vm: find(draft, step, ByRule(rule), vm, free))
    if chosen is not None:
        take_way(draft, step, chosen, _reasons(draft, step, rule, chosen, streak))
    return chosen is not None


def _cheapest(draft: Draft, step: Step, vms: Sequence[int], seek: Callable[[int], Way | None]) -> Way | None:
    """The VM and target that cost least in all, then the first VM in this order; None where no VM finds a host.

    The VMs that could be cheapest are tried first, so that with nothing at a cost the first that finds a host is it.
    """
    best: tuple[float, int] | None = None
    cheapest = None
    for floor, rank in sorted((least_price(draft, step, vm), rank) for rank, vm in enumerate(vms)):
        if best is not None and (floor, rank) > best:
            break
        way = seek(vms[rank])
        if way is not None and (best is None or (price(draft, step, way), rank) < best):
            best, cheapest = (price(draft, step, way), rank), way
    return cheapest


def least_price(draft: Draft, step: Step, vm: int) -> float:
    """The least that moving this VM may cost, whatever stands against it."""
    if not draft.wishes.any_of(vm):
        return 0.0
    prices = draft.price(step, vm)
    prices[draft.projection.where[vm]] = inf
    return float(prices.min(initial=inf))


def _reasons(draft: Draft, step: Step, rule: Rule, way: Way, streak: Streak | None) -> tuple[str, dict[str, float]]:
    """Why this host (as reported), this VM and this target (as projected), and the figures behind it."""
    projection = draft.projection
    vm, target = way.vms[0], way.target
    source = int(projection.where[vm])
    hosts, targets = of_hosts(draft.reported, draft.sets), of_targets(projection, draft.sets, vm)
    there, elsewhere = on_host(projection, source), np.delete(np.arange(len(projection.cores)), source)
    vms, place = of_vms(projection, draft.sets, there), int(np.searchsorted(there, vm))
    prices = draft.price(step, vm)
    of_whom = _among(
        rule.move.by[0], vms, place, np.arange(len(there)),
        lambda rival: least_price(draft, step, int(there[rival])) <= prices[target],
    ) or " there"  # fmt: skip
    of_which = _among(rule.to.by[0], targets, target, elsewhere, lambda rival: bool(prices[rival] <= prices[target]))
    parts = [
        f"{projection.names['host'][source]} {_trouble(rule, hosts, source, streak)}",
        f"{projection.names['vm'][vm]} {preference(rule.move.by[0], vms, place, 'vm')}{of_whom}",
        f"{projection.names['host'][target]} {preference(rule.to.by[0], targets, target, 'host')}{of_which}",
    ]
    figures = numbers(compared(rule.when.held), hosts, source, {})
    figures |= numbers([key.of for key in rule.move.by], vms, place, {})
    wanted = [key.of for key in rule.to.by] + [side for gate in rule.to.where for side in compared(gate.test)]
    return "; ".join(parts), figures | numbers(wanted, targets, target, OWNERS)


def _among(key: Key, scope: ClauseScope, place: int, rivals: Places, costs_no_more: Callable[[int], bool]) -> str:
    """Among whom it was wanted most: all (not said), those that cost no more, or those that were not refused."""
    column = even(keys([key], scope)[0])
    wanted_more = rivals[column[rivals] < column[place]] if column.ndim else rivals[:0]
    if not wanted_more.size:
        return ""
    return " of those left" if any(costs_no_more(int(rival)) for rival in wanted_more) else " of the cheapest"


def _trouble(rule: Rule, hosts: ClauseScope, source: int, streak: Streak | None) -> str:
    held = condition(rule.when.held, hosts, source, "host") or "in trouble"
    if streak is None or not is_reached(streak, rule.when.hold):
        return f"{held}, relief begun earlier goes on" if streak else "was in trouble, its relief goes on"
    return f"{held} for {streak.rounds} round{'s' if streak.rounds != 1 else ''}"
