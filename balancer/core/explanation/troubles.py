"""How the rules stand on a host: each `when` clause by clause, its streak against `for`, and what is in the way.

Rule: it asks what the planner asks (streaks, engagements, freeze, windows), of the plan as far as it is made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from balancer.core.assessment import is_reached
from balancer.core.drafting.draft import Draft
from balancer.core.explanation.clauses import Clause, clauses, needs
from balancer.core.figures.scope import of_hosts, of_source
from balancer.core.model import Streak
from balancer.core.planning import waiting_kinds, why_frozen, windows_shut
from balancer.core.steps.drains import Drain, drains
from balancer.core.steps.relief import is_met, standing_of, waits
from dsl.evaluation import Column
from dsl.syntax import Amount, Rule


@dataclass(frozen=True, slots=True)
class Trouble:
    """How a rule stands on a host: its clauses, its streak, and whether it would be eased now; `told` says so.

    `wanted` is what `for` asks, as written; `against` is what keeps a host waiting that the rule has reached.
    """

    rule: str
    line: int
    told: str
    eased: bool
    held: tuple[Clause, ...]
    rounds: int
    wanted: str | None
    now: tuple[Clause, ...]
    engaged: bool
    until: tuple[Clause, ...]
    against: str | None


def trouble(draft: Draft, rule: Rule, host: int) -> Trouble:
    """How a rule stands on a host."""
    standing = standing_of(draft, rule)
    name = draft.projection.names["host"][host]
    streak, hold = standing.streaks.get(name), rule.when.hold
    held = clauses(rule.when.held, of_hosts(draft.reported, draft.sets), host, "host")
    now = clauses(rule.when.now, of_hosts(draft.projection, draft.sets), host, "host")
    is_engaged = name in standing.engaged
    reached = is_reached(streak, hold) and all(each.holds for each in now)
    against = waits(draft, rule, host) if reached or is_engaged else None
    goes_on = rule.until is None or not is_met(rule.until, of_source(draft.projection, draft.sets, host))
    told = (
        _told(held, streak, hold, now) if goes_on or not (reached or is_engaged) else "relieved as far as `until` asks"
    )
    return Trouble(
        rule.name, rule.span.line, f"{told}; {against}" if against else told,
        eased=(is_engaged or reached) and against is None and goes_on,
        held=held, rounds=streak.rounds if streak else 0, wanted=hold.text if hold else None,
        now=now, engaged=is_engaged,
        until=clauses(rule.until, of_source(draft.projection, draft.sets, host), host, "source"), against=against,
    )  # fmt: skip


def _told(held: tuple[Clause, ...], streak: Streak | None, hold: Amount | None, now: tuple[Clause, ...]) -> str:
    """How a rule stands on a host, in one sentence."""
    if streak is None or not all(each.holds for each in held):
        return f"no trouble: {needs(held)}"
    so_far = f"{' and '.join(each.text for each in held)} for {streak.rounds} round{'s' if streak.rounds != 1 else ''}"
    if hold is not None and not is_reached(streak, hold):
        return f"not for long enough: {so_far}, {hold.text} are wanted"
    return f"in trouble: {so_far}" if all(each.holds for each in now) else f"{so_far}, but {needs(now)}"


def against_all(draft: Draft, paused: str | None) -> Iterator[str]:
    """What stands against every move, or every one of a kind."""
    frozen, _ = why_frozen(draft)
    if frozen:
        yield f"nothing is decided: {frozen}"
    if shut := windows_shut(waiting_kinds(draft.rules, draft.projection.observation), draft.rules):
        yield shut
    if paused:
        yield paused


def drained_by(draft: Draft, host: int) -> Iterator[str]:
    """Who wants a host empty."""
    for drain in drains_of(draft, host):
        yield f"line {drain.line}" if drain.line is not None else f"{drain.who}"


def drains_of(draft: Draft, host: int) -> list[Drain]:
    """All that want a host empty."""
    every = drains(draft.rules, draft.sets, draft.state)
    return [drain for drain in every if drain.hosts[host]]


def figures_at(columns: Mapping[str, Column], place: int) -> dict[str, float]:
    """The figures at a place that are known."""
    return {name: float(column[place]) for name, column in columns.items() if not np.isnan(column[place])}
