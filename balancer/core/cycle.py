"""One turn of the loop as a function, and what an order's fate does to what is remembered.

Rule: `step` is the whole of deciding. The daemon, the dry run, the simulation and the plan call nothing else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from balancer.core.assessment import assess, supposed, without_report
from balancer.core.drafting.draft import Draft
from balancer.core.figures.past import recorded, standing
from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets
from balancer.core.model import Decision, Gathering, Order, OrderState, Refusal, State
from balancer.core.observation import Seen, observe
from balancer.core.planning import drafted, plan
from balancer.core.walls.safety import REFUSED_WAITS, held_against
from dsl.hours import WallTime
from dsl.ruleset import Ruleset

DAY: Final = 86400.0
"""The longest period that a limit can name, s."""
REMEMBERED: Final = 30 * DAY
"""The longest that a rule can let a VM or host rest, s: older orders matter to nobody."""


@dataclass(frozen=True, slots=True)
class Case:
    """All that a round is decided from; `wall` are the clocks of the rules' time zones."""

    state: State
    gathering: Gathering
    rules: Ruleset
    now: float
    wall: Mapping[str, WallTime] = field(default_factory=dict)


def step(
    state: State,
    gathering: Gathering,
    rules: Ruleset,
    now: float,
    wall: Mapping[str, WallTime] = MappingProxyType({}),
) -> Decision:
    """Observe, assess, plan: the next state and what is to be done; `wall` are the clocks of the rules' time zones."""
    return decided(Case(state, gathering, rules, now, wall))


def begun(case: Case) -> Draft:
    """A round before its first move."""
    return _drafted(case, _seen(case))


def decided(case: Case) -> Decision:
    """`step`, of a case."""
    state, rules, now, seen = case.state, case.rules, case.now, _seen(case)
    draft = _drafted(case, seen)
    streaks, planned = tuple(draft.streaks), plan(draft)
    memory = max(DAY, rules.rest.vm, rules.rest.host, rules.rest.no_return)
    journeys = (*state.journeys, *seen.observation.journeys)
    held = held_against(state.orders, state.resumed)
    after = State(
        round=seen.observation.round,
        time=now,
        references=seen.references,
        sightings=seen.sightings,
        streaks=streaks,
        engagements=planned.engagements,
        orders=tuple(
            order
            for order in state.orders
            if order.is_open
            or (order.ended is not None and now - order.ended <= (REMEMBERED if order.id in held else memory))
        ),
        journeys=tuple(each for each in journeys if now - each.seen <= memory),
        refusals=tuple(each for each in state.refusals if now - each.time <= REFUSED_WAITS),
        resumed=state.resumed,
        own_vm=state.own_vm,
        drained=state.drained,
        history=draft.reported.state.history,
        arrivals=draft.reported.state.arrivals,
    )
    return Decision(seen.observation, planned.plan, after, rules.file, rules.sha256)


def _seen(case: Case) -> Seen:
    return observe(case.state, case.gathering, case.now, case.wall)


def _drafted(case: Case, seen: Seen) -> Draft:
    reported = Projection(seen.observation, case.state)
    reported.remember(recorded(reported, case.rules))
    sets = Sets.of(case.rules.lets, reported)
    return drafted(sets, case.state, assess(case.rules, sets, reported, case.state.streaks), case.rules)


def primed(state: State, gathering: Gathering, now: float) -> State:
    """The state once reports were only looked at: references to compare the next ones with."""
    seen = observe(state, gathering, now)
    return replace(state, references=seen.references, sightings=seen.sightings)


def suppose(state: State, gathering: Gathering, rules: Ruleset, interval: float, rounds: int | None) -> State:
    """The state of a balancer to which the next round is the `rounds`th that finds these hosts in trouble."""
    hosts = observe(state, gathering, state.time).observation.hosts
    return replace(state, streaks=supposed(rules, hosts, state.time, interval, rounds))


def as_ever(state: State, gathering: Gathering, rules: Ruleset, now: float) -> State:
    """The state of a balancer that has seen for as long as its rules look back what it sees now."""
    seen = Projection(observe(state, gathering, now).observation)
    return replace(state, history=standing(seen, rules))


def unheard(state: State) -> State:
    """The state after a round in which nobody could be asked; its time stays that of the last round held."""
    return replace(state, round=state.round + 1, streaks=without_report(state.streaks))


def with_order(state: State, order: Order) -> State:
    """The state once an order is new or has changed; the end of a move, good or bad, sets its source's streaks to 0."""
    orders = [each for each in state.orders if each.id != order.id]
    ended = order.state in {OrderState.DONE, OrderState.FAILED} and not order.never_begun
    streaks = tuple(each for each in state.streaks if not (ended and each.host == order.move.source))
    return replace(state, orders=_by_age([*orders, order]), streaks=streaks)


def with_refusal(state: State, refusal: Refusal) -> State:
    """The state once a host has refused a move; a newer word of the same takes the place of an older."""
    others = (each for each in state.refusals if (each.uuid, each.target) != (refusal.uuid, refusal.target))
    return replace(state, refusals=(*others, refusal))


def _by_age(orders: Iterable[Order]) -> tuple[Order, ...]:
    return tuple(sorted(orders, key=lambda order: (order.started, order.id)))
