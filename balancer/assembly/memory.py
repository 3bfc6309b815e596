"""What is known before the first round: what an earlier daemon left behind, and what the configuration says."""

from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Final

from balancer.adapters.journal import Keep
from balancer.adapters.journal_file import NoJournalError
from balancer.adapters.journal_reader import JournalReader, read_journal
from balancer.adapters.own_vm import own_vm
from balancer.config import Configuration
from balancer.core.model import Discovered, State
from balancer.execution import Settings
from balancer.loop import Pace
from dsl.ruleset import DEFAULT_EVERY, Ruleset

FRESH_ROUNDS: Final = 2.0
"""A journal younger than so many rounds is taken up where it ended."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a daemon left behind: the state of its last round, and the hosts that it had found by then."""

    state: State = field(default_factory=State)
    discovered: tuple[Discovered, ...] = ()


def recalled(journal: JournalReader, now: float, interval: float) -> Memory:
    """What the journal tells of the daemon before, as far as it is fresh."""
    said = journal.said()
    state = replace(
        journal.last_state(now, FRESH_ROUNDS * interval),
        resumed=said.resumed,
        drained=said.drained,
        history=journal.lines(),
    )
    last = journal.round(state.round)
    return Memory(state, last.gathering.discovered if last else ())


def remembered(configuration: Configuration, now: float, interval: float) -> Memory:
    """What the daemon remembers, or nothing where it never ran."""
    try:
        journal = read_journal(configuration.state)
    except NoJournalError:
        return Memory()
    with closing(journal):
        return recalled(journal, now, interval)


def settings_of(journal: JournalReader, configuration: Configuration, mode: str, warm_up: int) -> Settings:
    """How orders are named and made."""
    its = configuration.migration
    return Settings(journal.instance, journal.epoch, mode, its.bandwidth, its.grace, its.hand_over, warm_up)


def mindful(state: State, configuration: Configuration) -> State:
    """The state of a balancer that knows which VM it runs in itself."""
    told = configuration.own_vm
    return replace(state, own_vm=own_vm() if told is None else None if told == "none" else told)


def keep_of(configuration: Configuration) -> Keep:
    """For how many days the journal goes back, and how large it grows."""
    return Keep(configuration.journal.keep / 86400.0, configuration.journal.size)


def interval_of(pace: Pace, rules: Ruleset) -> float:
    """The length of a round, s."""
    return pace.interval or rules.every or DEFAULT_EVERY
