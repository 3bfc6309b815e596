"""Which VM goes where: freeze, then the steps in their order, each move seeing those before it.

Rule: a move may break no wall at any step; every refusal names its reason. When in doubt nothing moves, and the plan
says so.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from balancer.core.assessment import is_reached
from balancer.core.drafting.draft import Draft
from balancer.core.drafting.transits import InTransit, begun, destination, in_transit
from balancer.core.drafting.waves import in_waves
from balancer.core.drafting.wishes import Costly, wishes
from balancer.core.figures.concerns import Concerns
from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets, of_farm
from balancer.core.model import Engagement, Move, Observation, Order, OrderState, Plan, Rejection, State, Streak
from balancer.core.steps.drains import drains, empty
from balancer.core.steps.goal import pursue
from balancer.core.steps.preferences import prefer
from balancer.core.steps.relief import relieve
from balancer.core.steps.repairs import mend
from balancer.core.walls.journeys import never_wall
from balancer.core.walls.keeps import broken, keep_wall
from balancer.core.walls.quiet import Quiet, quiet
from balancer.core.walls.reserve import ReserveWall
from balancer.core.walls.safety import Own, back_off, failing_hosts, fit
from balancer.core.walls.wall import Always, Closed, Memory, Wall
from balancer.core.walls.windows import in_force, waits_for
from balancer.core.wording import condition, stays_broken, why_stays
from dsl.evaluation import truth
from dsl.ruleset import Ruleset
from dsl.syntax import Kind, Reserve

STEPS: Final[tuple[tuple[str, Callable[[Draft], None]], ...]] = (
    ("repairs", mend),
    ("drains", empty),
    ("rules", relieve),
    ("preferences", prefer),
    ("goal", pursue),
)
"""The order of evaluation: each kind of move, and what plans it. Later steps see what earlier ones project."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and which rules stay engaged after it."""

    plan: Plan
    engagements: tuple[Engagement, ...]


def waiting_kinds(rules: Ruleset, observation: Observation) -> list[str]:
    """The kinds of move that wait for their window."""
    return [kind for kind, _ in STEPS if waits_for(kind, rules.windows, observation.wall)]


def plan(draft: Draft) -> Planned:
    """Decide one round."""
    rules, state, projection = draft.rules, draft.state, draft.projection
    observation = projection.observation
    before = projection.spread()
    strays = broken(draft.walls, draft.reported, in_transit(begun(rules, state, projection)))
    frozen, frozen_by = why_frozen(draft)
    waiting = waiting_kinds(rules, observation)
    open_ = {kind: step for kind, step in STEPS if frozen is None and kind not in waiting}
    for step in open_.values():
        step(draft)
    told = frozen and f"nothing is decided: {frozen}"
    moves = in_waves(draft.moves, rules, state.orders, draft.alone)
    result = Plan(
        round=observation.round,
        complete=observation.complete,
        frozen=frozen,
        moves=moves,
        rejections=tuple(draft.rejections),
        tally=dict(sorted(draft.tally.items())),
        before=before,
        after=projection.spread(),
        sentence=_sentence(draft, told or _moves_told(moves, projection), waiting),
        broken=strays,
        frozen_by=frozen_by,
        waiting=tuple(waiting),
        unmended=tuple(draft.unmended),
    )
    return Planned(result, tuple(draft.engagements) if "rules" in open_ else state.engagements)


def drafted(sets: Sets, state: State, streaks: Sequence[Streak], rules: Ruleset) -> Draft:
    """A plan in which nothing is planned yet."""
    observation = sets.reported.observation
    projection = Projection.with_orders(observation, state, rules.rest.vm)
    still, wished = quiet(rules.rest, state, observation.now), wishes(rules, sets, observation.wall)
    standing = (*_walls(rules, sets, state, projection, still), Costly(wished))
    return Draft(
        sets.reported, projection, rules, sets, state, streaks,
        walls=Concerns[Wall](standing, len(observation.vms)), wishes=wished, quiet=still,
    )  # fmt: skip


def _walls(rules: Ruleset, sets: Sets, state: State, projection: Projection, still: Quiet) -> tuple[Wall, ...]:
    """All walls of a round but those that costs make, the cheapest and most final first."""
    observation = projection.observation
    groups = begun(rules, state, projection)
    untouchable = _untouchable(observation, state.orders)
    failing = failing_hosts(state)
    doubtful = np.array([host.name in untouchable for host in observation.hosts], dtype=bool)
    closed: tuple[Closed, ...] = (
        Closed("maintenance", np.array([host.maintenance for host in observation.hosts], dtype=bool)),
        *_closed(observation),
        *(Closed("drain", drain.hosts, line=drain.line) for drain in drains(rules, sets, state)),
    )
    return (
        Always.of(observation),
        *(InTransit(group) for group in groups),
        Closed("in doubt", doubtful, gives=False),
        *closed,
        Closed("unknown", projection.unmeasured),
        Closed("failed twice", np.array([host.name in failing for host in observation.hosts], dtype=bool), gives=False),
        back_off(state, observation.now),
        *((Own(state.own_vm),) if state.own_vm else ()),
        fit(observation),
        still,
        *(keep_wall(keep, sets, destination(groups, keep.text)) for keep in rules.keeps),
        *(never_wall(each, sets) for each in rules.nevers if in_force(each.during, observation.wall)),
        Memory(),
        *_reserved(rules.reserve, closed),
    )


def _reserved(reserve: Reserve | None, closed: Sequence[Closed]) -> Iterator[ReserveWall]:
    """The room for lost hosts; those that are closed give none."""
    if reserve is not None:
        takes = ~np.any([each.hosts for each in closed], axis=0)
        text = f"reserve memory for {reserve.lost} lost host{'s' if reserve.lost > 1 else ''}"
        yield ReserveWall(reserve.lost, takes, text, reserve.span.line)


def _closed(observation: Observation) -> Iterator[Closed]:
    """Hosts that cannot take a VM for reasons of the farm's own, one wall for each reason."""
    for reason in sorted(set(observation.closed.values())):
        hosts = [observation.closed.get(host.name) == reason for host in observation.hosts]
        yield Closed(reason, np.array(hosts, dtype=bool))


def _untouchable(observation: Observation, orders: Iterable[Order]) -> frozenset[str]:
    """Hosts on which something is in doubt, or awaited that no host shows: neither source nor target of anything."""
    doubtful = {host for doubt in observation.doubts for host in doubt.hosts}
    shown = {vm.uuid for vm in observation.vms}
    for order in orders:
        if order.state is OrderState.IN_DOUBT or (order.is_open and order.move.uuid not in shown):
            doubtful |= {order.move.source, order.move.target}
    return frozenset(doubtful)


def why_frozen(draft: Draft) -> tuple[str | None, int | None]:
    """Why nothing is decided, or None, and the line that says so. What nobody knows freezes as well."""
    projection = draft.projection
    if not projection.observation.hosts:
        return "no host reported", None
    scope = of_farm(projection, draft.sets)
    for freeze in draft.rules.freezes:
        if truth(freeze.test, scope).possible.all():
            why = condition(freeze.test, scope, 0, "farm") or freeze.text
            return f"{why}{_who_is_missing(projection.observation)}", freeze.span.line
    return None, None


def _who_is_missing(observation: Observation) -> str:
    shown = ", ".join(observation.silent[:5])
    more = f" and {len(observation.silent) - 5} more" if len(observation.silent) > 5 else ""
    return f" (silent: {shown}{more})" if shown else ""


def _sentence(draft: Draft, done: str | None, waiting: Sequence[str]) -> str:
    """The round in one sentence: `done` where anything was decided, else why not."""
    if done is not None:
        return done
    shut = windows_shut(waiting, draft.rules)
    still_open = _still_open(draft.projection) + (f"; {shut}" if shut else "")
    refused = ", ".join(f"{reason} {count}" for reason, count in draft.tally.most_common(3))
    why = f"; refused: {refused}" if refused else ""
    if draft.streaks:
        longest = min(draft.streaks, key=lambda streak: (-streak.rounds, streak.host))
        return f"no action: {longest.host} in trouble for {_so_far(longest, draft.rules)}{why}{still_open}"
    if draft.unmended:
        return f"no action: {stays_broken(draft.unmended[0])}{still_open}"
    stays = next((each for each in draft.rejections if each.rule == "drain" and each.reason != "under way"), None)
    if stays is None:
        return f"no action: no host is in trouble{why}{still_open}"
    return f"no action: {_not_empty(draft, stays)}{still_open}"


def _not_empty(draft: Draft, stays: Rejection) -> str:
    """A drained host that a VM does not leave, who drains it, and why the VM stays."""
    projection, every = draft.projection, list(drains(draft.rules, draft.sets, draft.state))
    vms = np.flatnonzero(projection.names["vm"] == stays.vm)
    host, by = next((host, each) for host in projection.where[vms] for each in every if each.hosts[host])
    why = why_stays([each for each in draft.rejections if (each.rule, each.vm) == (stays.rule, stays.vm)])
    told = f"{projection.names['host'][host]}, drained by {by.who or f'line {by.line}'}, is not empty"
    return f"{told}: {stays.vm} stays: {why}"


def _moves_told(moves: Sequence[Move], projection: Projection) -> str | None:
    """The first move, how many more, and whether any may start now; None where there is none."""
    if not moves:
        return None
    first = moves[0]
    more = f" and {len(moves) - 1} more" if len(moves) > 1 else ""
    told = f"move {first.vm} from {first.source} to {first.target}{more}"
    if any(move.wave == 1 for move in moves):
        return told
    return f"later: {told}, limits are used up{_still_open(projection)}"


def windows_shut(waiting: Sequence[str], rules: Ruleset) -> str | None:
    """For which windows moves wait, and which kinds do not; None where none waits."""
    if not waiting:
        return None
    hours = [f"{each.hours.days} {each.hours.hours} {each.hours.zone}" for each in rules.windows]
    others = [kind for kind, _ in STEPS if kind not in waiting]
    excepted = f", {', '.join(others)} excepted" if others else ""
    return f"moves wait for {' or '.join(hours)}{excepted}"


def _still_open(projection: Projection) -> str:
    """What is still open of earlier rounds."""
    doubtful = projection.moves_in_doubt
    told = ((projection.moves_under_way - doubtful, "under way"), (doubtful, "in doubt"))
    return "".join(f"; {count} move{'s' if count > 1 else ''} {state}" for count, state in told if count)


def _so_far(streak: Streak, rules: Ruleset) -> str:
    """How long a host has been in trouble, and how long its rule wants it to be."""
    rounds = f"{streak.rounds} round{'s' if streak.rounds != 1 else ''}"
    hold = next(rule.when.hold for rule in rules.rules if rule.name == streak.rule)
    if hold is None or is_reached(streak, hold):
        return rounds
    return f"{streak.rounds} of {hold.text}" if hold.kind is Kind.ROUNDS else f"{rounds}, {hold.text} are wanted"
