"""What looks back: rounds of a journal decided again, under the rules of then or under others.

Rule: it reads, and changes nothing. Under the rules of then every decision must come out the same, byte for byte; under
others the same loop runs over the recorded reports, with `replayed_farm` in the farm's place.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from math import inf
from pathlib import Path

from balancer.adapters.calendar import LANGUAGE, wall_times
from balancer.adapters.clock import VirtualClock
from balancer.adapters.journal_reader import JournalReader, Mark, read_journal
from balancer.adapters.replayed_farm import ReplayedControls, ReplayedFarm
from balancer.adapters.rule_file import read, rules_of
from balancer.core.cycle import Case, decided, unheard
from balancer.core.figures.past import looks_back
from balancer.core.formats import plan_bytes
from balancer.core.history import NOTHING
from balancer.core.model import Decision, Order, State
from balancer.core.replays.comparison import Outcome, Reckoning, carried, choices
from balancer.errors import UsageError
from balancer.execution import Settings
from balancer.loop import Loop, Pace
from balancer.ports import Event, OrderChanged, Ports, RoundDecided, RoundLost
from dsl.ruleset import Ruleset

MODE = "replay"

Told = Callable[[int], None]
"""Is told how many rounds are done."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A round of a journal: what it was decided from, a pause that still holds, and the journal itself."""

    case: Case
    paused: str | None
    journal: JournalReader


@contextmanager
def recalled(directory: Path, number: int | None, rules_file: Path | None) -> Iterator[Recalled]:
    """A round of the journal of a state directory, the newest unless a number is given, under its rules or others."""
    with closing(read_journal(directory)) as journal:
        ends = journal.ends
        if ends is None:
            raise UsageError(f"{directory}: no round was held yet")
        event = journal.round(ends[1] if number is None else number)
        if event is None:
            raise UsageError(f"{directory}: round {number} is not in the journal, which has {ends[0]} to {ends[1]}")
        paused = journal.said().paused if number is None else None
        remembered = replace(event, before=replace(event.before, history=journal.lines()))
        rules = read(rules_file, LANGUAGE) if rules_file else rules_then(event)
        yield Recalled(case_of(remembered, rules), paused, journal)


def rules_then(event: RoundDecided) -> Ruleset:
    """The rules that a round was decided by; RulesError where the language has changed since."""
    return rules_of(event.decision.rules_file, event.rules.encode(), LANGUAGE)


def case_of(event: RoundDecided, rules: Ruleset) -> Case:
    """What a recorded round was decided from, under these rules."""
    then = event.decision.observation.now
    long = replace(rules, every=event.interval)
    return Case(event.before, event.gathering, long, then, wall_times(rules.zones, then))


# -- the days that are looked at ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Days:
    """Rounds of a journal, the oldest first; those that are not whole any more are passed over, and counted."""

    journal: JournalReader
    rows: tuple[int, ...]
    left_out: int = 0

    def rounds(self, told: Told) -> Iterator[RoundDecided]:
        """Each round in turn; UsageError where none is whole."""
        count = 0
        for count, event in enumerate(self.journal.rounds(self.rows), 1):
            yield event
            told(count)
        self.left_out = len(self.rows) - count
        if not count:
            raise UsageError("none of these rounds is whole any more: replay later ones")


@contextmanager
def days(journal: Path, first: Mark, last: Mark) -> Iterator[Days]:
    """The rounds between two marks; UsageError where there is none."""
    with closing(read_journal(journal)) as reader:
        rows = reader.rows(first, last)
        if not rows:
            ends = reader.ends
            told = f"it has rounds {ends[0]} to {ends[1]}" if ends else "no round was held yet"
            raise UsageError(f"{journal}: no round is there to be replayed; {told}")
        yield Days(reader, rows)


# -- under the rules of then -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Replayed:
    """Rounds decided again: how many, from which to which, and the first that came out otherwise."""

    rounds: int
    first: int
    last: int
    difference: tuple[Decision, Decision] | None


def again(its: Days, told: Told) -> Replayed:
    """Decide every round again, under the rules of then, up to the first difference.

    What a round decided while its rules looked back to before the first one cannot be told again.
    """
    count, first, last = 0, 0, 0
    known: dict[str, Ruleset] = {}
    history, begin = NOTHING, inf
    for event in its.rounds(told):
        sha256 = event.decision.rules_sha256
        if sha256 not in known:
            known[sha256] = rules_then(event)
        case = case_of(replace(event, before=replace(event.before, history=history)), known[sha256])
        decision, begin = decided(case), min(begin, case.now)
        history = decision.state.history
        count, first, last = count + 1, first or decision.plan.round, decision.plan.round
        if case.now - begin >= looks_back(case.rules) and _otherwise(decision, event.decision):
            return Replayed(count, first, last, (event.decision, decision))
    return Replayed(count, first, last, None)


def _otherwise(one: Decision, other: Decision) -> bool:
    return plan_bytes(one) != plan_bytes(other) or _lean(one.state) != _lean(other.state)


def _lean(state: State) -> State:
    """As the journal keeps the state after a round."""
    return replace(state, orders=tuple(order for order in state.orders if order.is_open), history=NOTHING)


# -- where two sets of rules part --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parting:
    """The first round that two sets of rules decide differently; None where they never do in these `rounds`."""

    rounds: int
    decisions: tuple[Decision, Decision] | None


def parting(its: Days, old: Ruleset | None, new: Ruleset, told: Told) -> Parting:
    """The first round whose decision makes a difference to the farm. `old` rules of None are those of then.

    Until then both have done the same, so that what was recorded is what both would have seen. Rounds in which they
    look back to before the first one are passed over.
    """
    before: list[Decision | None] = [None, None]
    count, begin = 0, inf
    since = max(looks_back(rules) for rules in (old, new) if rules is not None)
    for event in its.rounds(told):
        count, begin = count + 1, min(begin, event.decision.observation.now)
        one = event.decision if old is None else _next(before[0], event, old)
        other = _next(before[1], event, new)
        before = [one, other]
        if event.decision.observation.now - begin >= since and choices(one) != choices(other):
            return Parting(count, (one, other))
    return Parting(count, None)


def _next(last: Decision | None, event: RoundDecided, rules: Ruleset) -> Decision:
    case = case_of(event, rules)
    return decided(case if last is None else replace(case, state=carried(last.state, event.before)))


# -- under other rules -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compared:
    """The same rounds as they were, and as they would have been."""

    first: int
    last: int
    old: Outcome
    new: Outcome


class _Reckoned:
    """A journal that reckons up what a run comes to."""

    def __init__(self) -> None:
        self.reckoning = Reckoning()
        self.orders: dict[str, Order] = {}

    def record(self, event: Event) -> None:
        """Take the event; a mistake of ours in a round must not pass for a round without moves."""
        match event:
            case RoundDecided(decision=decision, interval=interval):
                self.reckoning.take(decision, interval)
            case OrderChanged(order=order):
                self.orders[order.id] = order
            case RoundLost(why=why):
                raise AssertionError(why)
            case _:
                pass


def compared(its: Days, rules: Ruleset, told: Told) -> Compared:
    """Run the loop under these rules over the rounds, and hold what it comes to against what was."""
    events = its.rounds(told)
    first = next(events)
    past = its.journal.past()
    clock, old, new = VirtualClock(first.decision.observation.now), Reckoning(), _Reckoned()
    farm, controls = ReplayedFarm(past, clock), ReplayedControls(rules, past, clock)
    settings = Settings(its.journal.instance, its.journal.epoch, MODE)
    loop = Loop(Ports(clock, farm, new, controls), settings, Pace(), first.before)
    last = first
    for event, after in _with_next(chain((first,), events)):
        old.take(event.decision, event.interval)
        loop.wait(until=event.decision.observation.now, at_most=inf)
        loop.state = _caught_up(loop.state, event.before)
        farm.show(event, after)
        controls.show(event)
        loop.round()
        last = event
    loop.wait(until=last.decision.observation.now + last.interval, at_most=inf)
    numbers = first.decision.plan.round, last.decision.plan.round
    given = [order for order in past.orders if numbers[0] <= order.round <= numbers[1]]
    return Compared(*numbers, old.outcome(given), new.reckoning.outcome(new.orders.values()))


def _with_next(events: Iterator[RoundDecided]) -> Iterator[tuple[RoundDecided, RoundDecided | None]]:
    """Each round with the one after it."""
    last = next(events, None)
    for event in events:
        if last is not None:
            yield last, event
        last = event
    if last is not None:
        yield last, None


def _caught_up(state: State, before: State) -> State:
    """The state for the next recorded round: what was lost then is lost here too, rounds as well as in a restart."""
    if state.references and not before.references:
        return replace(before, orders=state.orders)
    for _ in range(before.round - state.round):
        state = unheard(state)
    return state
