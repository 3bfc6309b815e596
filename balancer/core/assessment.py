"""Who is in trouble, and for how long: one streak per rule and host.

Rule: a streak counts reports in a row. A missing round neither counts nor breaks, two in a row break; so do a new
boot of the host and a `when` that was rewritten. Unknown is not trouble.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import ceil
from typing import Final

import numpy as np

from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets, of_hosts
from balancer.core.model import Host, Observation, Streak
from dsl.evaluation import truth
from dsl.ruleset import DEFAULT_EVERY, Ruleset
from dsl.syntax import Amount, Kind, Rule

MISSES_THAT_BREAK: Final = 2
PUNCTUAL: Final = 0.99
"""Rounds begin a little late or early; for that no time asked for takes a round more."""
LATE: Final = 3.0
"""Rounds that may lie between two reports of a streak, one of them missing and one late; what is more was the clock."""


def condition_of(rule: Rule) -> str:
    """What identifies a rule's test whatever else of the file is rewritten."""
    return rule.when.identity


def assess(rules: Ruleset, sets: Sets, projection: Projection, streaks: Iterable[Streak]) -> tuple[Streak, ...]:
    """The streaks after this round; a host whose condition does not hold has none."""
    old = {(streak.rule, streak.condition, streak.host): streak for streak in streaks}
    observation, hosts = projection.observation, of_hosts(projection, sets)
    new, longest = [], LATE * (rules.every or DEFAULT_EVERY)
    for rule in rules.rules:
        condition = condition_of(rule)
        held = np.broadcast_to(truth(rule.when.held, hosts).true, len(observation.hosts))
        for host in (observation.hosts[place] for place in np.flatnonzero(held)):
            rounds, since = _before(old.get((rule.name, condition, host.name)), host, observation.now, longest)
            new.append(Streak(rule.name, condition, host.name, host.boot_id, rounds + 1, since, observation.now))
        new += _waiting(old, rule.name, condition, observation)
    return tuple(sorted(new, key=lambda streak: (streak.rule, streak.host)))


def is_reached(streak: Streak | None, hold: Amount | None) -> bool:
    """Whether a streak is as long as `for` asks; without `for` one round is."""
    if streak is None or streak.missed:
        return False
    if hold is None:
        return True
    if hold.kind is Kind.ROUNDS:
        return streak.rounds >= hold.value
    return streak.rounds > 1 and streak.last - streak.since >= hold.value * PUNCTUAL


def _before(streak: Streak | None, host: Host, now: float, longest: float) -> tuple[int, float]:
    """How many rounds a streak that goes on has behind it, and since when.

    A clock that was set back or forth makes the time between two reports less than nothing, or more than it can be.
    """
    if streak is None or streak.boot_id != host.boot_id:
        return 0, now
    lasted = streak.last - streak.since + min(max(0.0, now - streak.last), longest)
    return streak.rounds, now - lasted


def _waiting(
    old: Mapping[tuple[str, str, str], Streak], rule: str, condition: str, observation: Observation
) -> list[Streak]:
    """The streaks of hosts that were silent this round."""
    waiting = (old.get((rule, condition, host)) for host in observation.silent)
    return list(without_report(each for each in waiting if each is not None))


def without_report(streaks: Iterable[Streak]) -> tuple[Streak, ...]:
    """These streaks after a round without a report of their hosts; those that this breaks are gone."""
    return tuple(replace(each, missed=each.missed + 1) for each in streaks if each.missed + 1 < MISSES_THAT_BREAK)


def supposed(
    rules: Ruleset, hosts: Iterable[Host], now: float, interval: float, rounds: int | None
) -> tuple[Streak, ...]:
    """Streaks before a round that is the `rounds`th in trouble; None: the one that reaches each rule's `for`."""
    return tuple(
        Streak(rule.name, condition_of(rule), host.name, host.boot_id, before, since=now - before * interval, last=now)
        for rule in rules.rules
        for before in [(rounds or _enough(rule.when.hold, interval)) - 1]
        for host in hosts
        if before > 0
    )


def _enough(hold: Amount | None, interval: float) -> int:
    """How many rounds reach a `for`."""
    if hold is None:
        return 1
    return ceil(hold.value) if hold.kind is Kind.ROUNDS else max(2, ceil(hold.value / interval) + 1)
