"""Whether a play kept all that the rules promise: at every step of every plan, and in all that was begun.

Rule: a wall may stand broken from the start; no move breaks one or makes it worse. The verdict is made of `meanings`
alone, so that a mistake of the planner's walls cannot hide itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from agents.report import RUNNING
from balancer.core.drafting.draft import REASONS
from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets, of_farm, of_targets
from balancer.core.model import Decision, Move, Order, OrderState, Vm
from balancer.core.trials.meanings import Kept, Stand, Who, missing_memory, over_the_limit
from balancer.core.trials.record import Failure, Record
from dsl.evaluation import truth
from dsl.ruleset import Ruleset
from dsl.syntax import All, Hours, Never

IsOpen = Callable[[Hours, float], bool]
"""Whether a moment, s since the epoch, lies in these hours: a calendar's question."""

KINDS: Final[Mapping[str, str]] = {reason: kind for kind, reason in REASONS.items()}
"""The step that wanted a move, by what it is told to be for."""

SLACK: Final = 1e-6
"""MiB that sums may be off."""

Breach = tuple[int, str, str]
"""In which round, what was broken, and how."""


def judge_walls(rules: Ruleset, record: Record, is_open: IsOpen) -> list[Failure]:
    """Every promise that was not kept, in the order of the rounds."""
    breaches: list[Breach] = []
    since = 0.0
    for decision in record.decisions:
        breaches += _Plan.of(rules, decision, since, is_open).breaches()
        since = decision.observation.now
    breaches += _begun_wrongly(rules, record)
    breaches += _lost_or_twice(record)
    return [Failure(f"round {at}: broken: {what}", (how,)) for at, what, how in sorted(breaches)]


# -- one plan ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plan:
    """One round's plan, with what it has to respect; the round before it was at `since`."""

    rules: Ruleset
    decision: Decision
    since: float
    is_open: IsOpen
    who: Who
    kept: tuple[Kept, ...]
    start: Stand

    @classmethod
    def of(cls, rules: Ruleset, decision: Decision, since: float, is_open: IsOpen) -> Self:
        projection = Projection(decision.observation, decision.state)
        who = Who(Sets.of(rules.lets, projection))
        kept = tuple(Kept.of(keep, who) for keep in rules.keeps)
        under_way = tuple(order for order in decision.state.orders if order.is_open)
        return cls(rules, decision, since, is_open, who, kept, Stand.of(decision.observation, under_way))

    def breaches(self) -> Iterator[Breach]:
        at = self.decision.plan.round
        for what, how in (*self._frozen(), *self._each_move(), *self._side_by_side(), *self._whole_groups()):
            yield at, what, how

    def _frozen(self) -> Iterator[tuple[str, str]]:
        """A plan that moves although a freeze holds, or may."""
        if not self.decision.plan.moves:
            return
        scope = of_farm(self._now(), self.who.sets)
        for freeze in self.rules.freezes:
            if truth(freeze.test, scope).possible.all():
                yield f"freeze when {freeze.text}", f"{len(self.decision.plan.moves)} moves are planned"

    def _each_move(self) -> Iterator[tuple[str, str]]:
        """The moves one after the other, each done before the next begins."""
        projection, stand = self._now(), self.start
        for move in self.decision.plan.moves:
            yield from self._journey(move, projection, stand)
            if move.target not in stand.hosts:
                return  # which is told, and of what follows from it nobody can tell
            after = stand.arriving(move.vm, move.target).arrived(move.vm, move.source)
            yield from self._worse(stand, after, _told(move), all_keeps=False)
            yield from self._shorter(stand, after, move)
            if after.free[move.target] < -SLACK:
                yield "memory", f"{_told(move)}: {-after.free[move.target]:.0f} MiB too little there"
            stand = after
            projection.move(self._place("vm", move.vm), self._place("host", move.target))

    def _side_by_side(self) -> Iterator[tuple[str, str]]:
        """The moves wave by wave, those of one wave at both ends at once."""
        stand = self.start
        for wave in sorted({move.wave for move in self.decision.plan.moves}):
            together = [move for move in self.decision.plan.moves if move.wave == wave]
            during = stand
            for move in together:
                during = during.arriving(move.vm, move.target)
            told = f"wave {wave}: {', '.join(map(_told, together))}"
            yield from self._worse(stand, during, told, all_keeps=False)
            yield from (
                ("memory", f"{told}: {host} is over-full") for host in during.hosts if during.free[host] < -SLACK
            )
            for move in together:
                during = during.arrived(move.vm, move.source)
            stand = during

    def _whole_groups(self) -> Iterator[tuple[str, str]]:
        """All keeps, once the whole plan is done."""
        stand = self.start
        for move in self.decision.plan.moves:
            stand = stand.arriving(move.vm, move.target).arrived(move.vm, move.source)
        yield from self._worse(self.start, stand, "after the whole plan", all_keeps=True)

    def _worse(self, before: Stand, after: Stand, when: str, *, all_keeps: bool) -> Iterator[tuple[str, str]]:
        """Walls that stand worse than before."""
        for kept in self.kept:
            was, now = kept.broken(before), kept.broken(after)
            if now > was and (all_keeps or not kept.is_in_transit):
                yield f"{kept.keep.text} (line {kept.keep.span.line})", f"{when}: {was} against it before, {now} after"

    def _shorter(self, before: Stand, after: Stand, move: Move) -> Iterator[tuple[str, str]]:
        """A reserve that has less room than before."""
        reserve = self.rules.reserve
        if reserve is not None:
            closed = frozenset(host.name for host in before.hosts.values() if host.maintenance)
            closed = closed.union(*(self.who.surely(drain.hosts, "host") for drain in self.rules.drains))
            was, short = (missing_memory(stand, reserve.lost, closed) for stand in (before, after))
            if short > was + SLACK:
                yield (
                    f"reserve (line {reserve.span.line})",
                    f"{_told(move)}: {short:.0f} MiB find no room, {was:.0f} before",
                )

    def _journey(self, move: Move, projection: Projection, stand: Stand) -> Iterator[tuple[str, str]]:
        """What stands against this move as such."""
        kind = KINDS[move.reason]
        yield from ((what, _told(move)) for what, is_so in self._always(move, stand) if not is_so)
        if move.target not in stand.hosts:
            return
        for drain in self.rules.drains:
            if move.target in self.who.surely(drain.hosts, "host"):
                yield f"drain (line {drain.span.line})", f"{_told(move)}: it arrives there"
        for never in self.rules.nevers:
            if kind not in never.excepted and self._is_forbidden(never, move, projection):
                yield f"{never.text} (line {never.span.line})", _told(move)
        windows = self.rules.windows
        if windows and not any(kind in each.excepted or self._is_in(each.hours) for each in windows):
            yield "window", f"{_told(move)}: none is open"

    def _always(self, move: Move, stand: Stand) -> Iterator[tuple[str, bool]]:
        """What holds whatever the file says."""
        vm = next((each for each in self.decision.observation.vms if each.name == move.vm), None)
        target = stand.hosts.get(move.target)
        yield "only a VM that is there and not under way moves", stand.at.get(move.vm) == frozenset({move.source})
        yield "a VM that holds a device, or does not run, stays", vm is not None and _is_free(vm)
        yield "a VM moves to another host, one that reports", target is not None and move.source != move.target
        yield "nothing arrives on a host in maintenance", target is None or not target.maintenance

    def _is_forbidden(self, never: Never, move: Move, projection: Projection) -> bool:
        if never.during is not None and not self._is_in(never.during):
            return False
        if move.vm not in self.who.may_be(never.vms, "vm"):
            return False
        if never.source is not None and move.source not in self.who.may_be(never.source, "host"):
            return False
        return never.target is None or self._may_arrive_in(never, move, projection)

    def _may_arrive_in(self, never: Never, move: Move, projection: Projection) -> bool:
        """Whether the target is one of those hosts; their test may speak of this very journey."""
        assert never.target is not None
        if isinstance(never.target, All) and never.target.test is not None:
            scope = of_targets(projection, self.who.sets, self._place("vm", move.vm))
            flags = np.broadcast_to(truth(never.target.test, scope).possible, projection.cores.shape)
            return bool(flags[self._place("host", move.target)])
        return move.target in self.who.may_be(never.target, "host")

    def _is_in(self, hours: Hours) -> bool:
        return self.is_open(hours, self.decision.observation.now)

    def _now(self) -> Projection:
        """The reports with what is under way; it is moved on, so everyone gets one of his own."""
        state = replace(self.decision.state, time=self.since)
        return Projection.with_orders(self.decision.observation, state, self.rules.rest.vm)

    def _place(self, thing: str, name: str) -> int:
        return int(np.flatnonzero(self.who.sets.reported.names[thing] == name)[0])


def _is_free(vm: Vm) -> bool:
    return not vm.passthrough and vm.state in RUNNING


def _told(move: Move) -> str:
    return f"{move.vm} from {move.source} to {move.target} ({move.rule})"


# -- the whole play ---------------------------------------------------------------------------------------------------


def _begun_wrongly(rules: Ruleset, record: Record) -> Iterator[Breach]:
    """What began against a limit or a rest."""
    hosts = {host.name: host for decision in record.decisions for host in decision.observation.hosts}
    for cap in rules.caps:
        yield from ((at, f"limit (line {cap.span.line})", how) for at, how in over_the_limit(cap, record.orders, hosts))
    for place, order in enumerate(record.orders):
        if KINDS[order.move.reason] not in {"drains", "repairs"}:
            for what, how in _too_soon(rules, order, record.orders[:place]):
                yield order.round, what, how


def _too_soon(rules: Ruleset, order: Order, earlier: Sequence[Order]) -> Iterator[tuple[str, str]]:
    """Rests that the order cut short; a rule with `until` may go on with the host that it has moved VMs off itself."""
    move, rest = order.move, rules.rest
    goes_on = any(rule.until is not None for rule in rules.rules if rule.name == move.rule)
    for before in earlier:
        if before.ended is None or before.ended > order.started or before.never_begun:
            continue
        since, ends = order.started - before.ended, {before.move.source, before.move.target}
        is_its, went = before.move.uuid == move.uuid, before.state is OrderState.DONE
        if is_its and since < rest.vm:
            yield "rest vm", f"{_told(move)}: {since:.0f} s after its last move"
        if is_its and went and before.move.source == move.target and since < rest.no_return:
            yield "no return", f"{_told(move)}: it left there {since:.0f} s ago"
        is_own = goes_on and (before.move.rule, before.move.source) == (move.rule, move.source)
        if not is_own and ends & {move.source, move.target} and since < rest.host:
            yield "rest host", f"{_told(move)}: {since:.0f} s after {before.move.vm}"


def _lost_or_twice(record: Record) -> Iterator[Breach]:
    """No VM runs on two hosts, and every one that was moved runs in the end."""
    for decision in record.decisions:
        at: dict[str, list[str]] = {}
        for vm in decision.observation.vms:
            at.setdefault(vm.name, []).append(vm.host)
        for name, hosts in at.items():
            if len(hosts) > 1:
                yield decision.plan.round, "no VM runs twice", f"{name} on {' and '.join(hosts)}"
    moved = {order.move.vm for order in record.orders}
    for name in sorted(moved - {name for name, _host in record.placement}):
        yield record.decisions[-1].plan.round, "no VM is lost", name
