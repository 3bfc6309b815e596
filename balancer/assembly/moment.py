"""One look, or one round: at a snapshot or at the running farm."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, TextIO

from agents.mcollective.client import Client
from balancer.adapters.calendar import LANGUAGE
from balancer.adapters.clock import SystemClock
from balancer.adapters.fanout import Fanout
from balancer.adapters.journal import open_journal
from balancer.adapters.journal_reader import read_journal
from balancer.adapters.rule_file import read
from balancer.adapters.snapshot import SnapshotFarm, read_snapshot
from balancer.adapters.terminal import Terminal
from balancer.adapters.unattended import Unattended
from balancer.assembly.memory import Memory, interval_of, keep_of, mindful, recalled, remembered, settings_of
from balancer.assembly.tables import DIALECTS, WAYS, Reach
from balancer.config import Configuration
from balancer.core.cycle import Case, as_ever, decided, primed, step, suppose
from balancer.core.doctor.checkup import Checkup, of_agents, of_clocks, of_own_vm, of_storage
from balancer.core.doctor.prospects import prospects
from balancer.core.model import Decision, Observation, State
from balancer.core.observation import observe
from balancer.errors import UsageError
from balancer.installation import DEFAULT, shipped
from balancer.loop import Loop, Pace
from balancer.ports import Clock, Farm, Ports
from dsl.ruleset import DEFAULT_EVERY, Ruleset

LOOK: Final = 3.0
"""Seconds between two looks at a farm at which no daemon looks: what a VM uses is a difference of two reports."""


def observe_snapshot(path: Path) -> Observation:
    """The farm of a snapshot."""
    farm = SnapshotFarm(read_snapshot(path), DEFAULT_EVERY)
    before = primed(farm.first_state(DEFAULT_EVERY), farm.observe(1), DEFAULT_EVERY)
    return observe(before, farm.observe(2), 2 * DEFAULT_EVERY).observation


def observe_running(state: Path) -> Observation:
    """The farm as the daemon with this state directory saw it in its last round; nobody is asked anew."""
    with closing(read_journal(state)) as journal:
        newest = journal.newest()
    if newest is None:
        raise UsageError(f"{state}: the daemon has held no round yet; check with --snapshot, or once it has")
    return newest.decision.observation


def decide_snapshot(path: Path, rules_file: Path | None, rounds_over: int | None) -> Decision:
    """One round for a snapshot: as if each rule's streak were reached, or in the `rounds_over`th round in trouble.

    What rules aggregate over time has always been as it is now.
    """
    return decided(snapshot_case(path, rules_file, rounds_over))


def snapshot_case(path: Path, rules_file: Path | None, rounds_over: int | None = None) -> Case:
    """What `decide_snapshot` decides from."""
    rules = read(rules_file or shipped(DEFAULT), LANGUAGE)
    interval = rules.every or DEFAULT_EVERY
    farm = SnapshotFarm(read_snapshot(path), interval)
    before = primed(farm.first_state(interval), farm.observe(1), interval)
    supposed = suppose(before, farm.observe(1), rules, interval, rounds_over)
    wall = SystemClock().wall(rules.zones, SystemClock().now())
    ever_since = as_ever(supposed, farm.observe(2), rules, 2 * interval)
    return Case(ever_since, farm.observe(2), rules, 2 * interval, wall)


def _rules(configuration: Configuration, rules_file: Path | None) -> Ruleset:
    """The rules for the running farm, with the length of its rounds."""
    rules = read(rules_file or configuration.rules or shipped(DEFAULT), LANGUAGE)
    return replace(rules, every=configuration.interval or rules.every)


def decide_live(configuration: Configuration, rules_file: Path | None, rounds_over: int | None) -> Decision:
    """One round for the running farm, from where the daemon's journal is; nothing is written or ordered."""
    clock = SystemClock()
    rules = _rules(configuration, rules_file)
    interval = configuration.interval or rules.every or DEFAULT_EVERY
    before = remembered(configuration, clock.now(), interval)
    with live_farm(configuration, clock, before) as farm:
        state = _looked_at(farm, clock, before.state)
        gathering = farm.observe(state.round + 1)
    if rounds_over is not None:
        state = suppose(state, gathering, rules, interval, rounds_over)
    now = clock.now()
    return step(mindful(state, configuration), gathering, rules, now, clock.wall(rules.zones, now))


def examine_live(configuration: Configuration, rules_file: Path | None) -> Checkup:
    """A look at everything that moves need; nothing is written or ordered."""
    clock = SystemClock()
    rules = _rules(configuration, rules_file)
    before = remembered(configuration, clock.now(), interval_of(Pace(configuration.interval), rules))
    with closing(Client(configuration.mcollective)) as client:
        client.connect()
        farm = DIALECTS[configuration.dialect](Reach(client, configuration, clock.now, before.discovered))
        state = _looked_at(farm, clock, before.state)
        asked = clock.now()
        gathering = farm.observe(state.round + 1)
        answered = clock.now()
        ways = WAYS[configuration.dialect](client, configuration, [report.host for report in gathering.reports])
    wall = clock.wall(rules.zones, answered)
    decision = step(mindful(state, configuration), gathering, rules, answered, wall)
    checks = (
        of_agents(gathering),
        of_clocks(gathering.reports, asked, answered),
        ways,
        of_storage(gathering.reports),
        of_own_vm(decision.state.own_vm, decision.observation),
    )
    return Checkup(checks, prospects(decision.observation, decision.state, rules))


@contextmanager
def single_round(
    configuration: Configuration, rules_file: Path | None, rounds_over: int | None, stream: TextIO
) -> Iterator[Loop]:
    """A loop for one round that is carried out, whatever mode the daemon is in, unless an operator has paused it.

    JournalError while a daemon holds the state directory.
    """
    clock = SystemClock()
    rules = _rules(configuration, rules_file)
    pace = Pace(configuration.interval)
    with ExitStack() as stack:
        journal = stack.enter_context(open_journal(configuration.state, clock.now, keep_of(configuration)))
        before = recalled(journal, clock.now(), interval_of(pace, rules))
        farm = stack.enter_context(live_farm(configuration, clock, before))
        state = _looked_at(farm, clock, before.state)
        if rounds_over is not None:
            state = suppose(state, farm.observe(state.round + 1), rules, interval_of(pace, rules), rounds_over)
        fanout, said = Fanout(journal, stack.enter_context(Terminal(stream))), journal.said()
        settings = settings_of(journal, configuration, "active", warm_up=0)
        controls = Unattended(rules, said)
        yield Loop(Ports(clock, farm, fanout, controls), settings, pace, mindful(state, configuration))


@contextmanager
def live_farm(configuration: Configuration, clock: SystemClock, before: Memory) -> Iterator[Farm]:
    """The real farm for one round: whoever is known by now. FabricError where no broker is there."""
    if not configuration.inventory and not before.discovered:
        raise UsageError("no host is known yet: “xen-balancer run” finds them, or list them under “hosts”")
    with closing(Client(configuration.mcollective)) as client:
        client.connect()
        yield DIALECTS[configuration.dialect](Reach(client, configuration, clock.now, before.discovered))


def _looked_at(farm: Farm, clock: Clock, state: State) -> State:
    """A state to measure from: the daemon's, or where there is none in time a first look at the farm, some time ago."""
    if state.references:
        return state
    looked = primed(state, farm.observe(state.round + 1), clock.now())
    clock.wait_until(clock.now() + LOOK)
    return looked
