"""Which adapters make which mode: the one place where the balancer is put together.

Rule: modes and outputs are rows of a table; nobody else asks in which mode it runs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TextIO

from agents.hypervisor.scenario import Scenario, load_scenario
from agents.hypervisor.simulated import SimulatedFarm
from agents.mcollective.client import Client, FabricError
from agents.version import version
from balancer.adapters.calendar import LANGUAGE
from balancer.adapters.classic import Classic
from balancer.adapters.classic_farm import ClassicFarm
from balancer.adapters.clock import SystemClock, VirtualClock
from balancer.adapters.connections import connections
from balancer.adapters.control import listening
from balancer.adapters.desk import ControlDesk, StatusBoard, commands
from balancer.adapters.discovery import Found, finding, nobody
from balancer.adapters.fanout import Fanout
from balancer.adapters.journal import Keep, open_journal
from balancer.adapters.journal_file import NoJournalError
from balancer.adapters.journal_reader import JournalReader, read_journal
from balancer.adapters.mcollective_farm import McollectiveFarm
from balancer.adapters.metrics import Metrics
from balancer.adapters.own_vm import own_vm
from balancer.adapters.rehearsal import MODE as DRY_RUN
from balancer.adapters.rehearsal import Rehearsal
from balancer.adapters.rounds import RoundLines, Tally
from balancer.adapters.rule_file import RuleFile, read
from balancer.adapters.simulated_farm import ScenarioFarm
from balancer.adapters.snapshot import SnapshotFarm, read_snapshot
from balancer.adapters.terminal import Terminal
from balancer.adapters.trials.farm import TrialFarm
from balancer.adapters.trials.grounds import Stage
from balancer.adapters.trials.recorder import Recorder
from balancer.adapters.unattended import Unattended
from balancer.config import Configuration
from balancer.core.cycle import Case, as_ever, decided, primed, step, suppose
from balancer.core.doctor.checkup import Check, Checkup, of_agents, of_clocks, of_libvirt, of_own_vm, of_storage
from balancer.core.doctor.prospects import prospects
from balancer.core.model import Decision, Discovered, Observation, Sighting, State
from balancer.core.observation import observe
from balancer.core.trials.record import Record
from balancer.errors import UsageError
from balancer.execution import Settings
from balancer.installation import DEFAULT, shipped
from balancer.loop import Loop, Pace
from balancer.ports import Clock, Farm, Journal, Ports
from dsl.ruleset import DEFAULT_EVERY, Ruleset

MODES: Final[Mapping[str, Callable[[Farm], Farm]]] = MappingProxyType({
    "active": lambda farm: farm,
    DRY_RUN: Rehearsal,
})  # fmt: skip
"""What each mode of the daemon makes of the farm."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a farm needs: a client, what is configured, the time, the hosts found before and those found from now on."""

    client: Client
    configuration: Configuration
    clock: Callable[[], float]
    discovered: tuple[Discovered, ...] = ()
    found: Found = nobody


DIALECTS: Final[Mapping[str, Callable[[Reach], Farm]]] = MappingProxyType({
    "modern": lambda its: McollectiveFarm(its.client, its.configuration, its.clock, its.discovered, its.found),
    "classic": lambda its: ClassicFarm(its.client, its.configuration, its.clock),
})  # fmt: skip
"""What speaks to agents of each dialect."""


def _ways(client: Client, configuration: Configuration, hosts: Sequence[str]) -> Check:
    return of_libvirt(connections(client, configuration, hosts), hosts)


def _no_ways(_client: Client, _configuration: Configuration, _hosts: Sequence[str]) -> Check:
    return Check("libvirt", "the agent of 2010 cannot be asked whom it reaches")


WAYS: Final[Mapping[str, Callable[[Client, Configuration, Sequence[str]], Check]]] = MappingProxyType({
    "modern": _ways,
    "classic": _no_ways,
})  # fmt: skip
"""How agents of each dialect are asked whom they reach."""

FRESH_ROUNDS: Final = 2.0
"""A journal younger than so many rounds is taken up where it ended."""

LOOK: Final = 3.0
"""Seconds between two looks at a farm at which no daemon looks: what a VM uses is a difference of two reports."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What an output may have to know: where each host is reached, and the rules in force."""

    addresses: Mapping[str, str]
    rules: Callable[[], Ruleset]


def _terminal(stack: ExitStack, stream: TextIO, _telling: Telling) -> Journal:
    return stack.enter_context(Terminal(stream))


def _json(stack: ExitStack, stream: TextIO, _telling: Telling) -> Journal:
    lines = RoundLines(stream)
    stack.callback(lines.close)
    return lines


def _classic(_stack: ExitStack, stream: TextIO, telling: Telling) -> Journal:
    return Classic(stream, telling.addresses, telling.rules)


OUTPUTS: Final[Mapping[str, Callable[[ExitStack, TextIO, Telling], Journal]]] = MappingProxyType({
    "text": _terminal,
    "json": _json,
    "classic": _classic,
})  # fmt: skip
"""How rounds are told on a stream."""


# -- the simulation -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Play:
    """A simulation that is ready to run."""

    loop: Loop
    rounds: int
    farm: SimulatedFarm
    tally: Tally
    seed: int

    def summary(self) -> dict[str, Any]:
        """summary/1 of what was played."""
        return self.tally.summary(self.farm.overload_seconds, self.seed)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator wants of a simulation; None is the scenario's own, or the default."""

    scenario: Path
    rules: Path | None = None
    rounds: int | None = None
    seed: int | None = None
    interval: float | None = None
    output: str = "text"


@contextmanager
def simulation(wish: Wish, stream: TextIO) -> Iterator[Play]:
    """The loop on a simulated farm in virtual time, told on a stream."""
    scenario = load_scenario(wish.scenario)
    rules = read(wish.rules or shipped(DEFAULT), LANGUAGE)
    interval = wish.interval or scenario.interval or rules.every
    seed = scenario.seed if wish.seed is None else wish.seed
    farm = SimulatedFarm(scenario, seed, interval)
    clock, tally = VirtualClock(), Tally()
    with ExitStack() as stack:
        output = OUTPUTS[wish.output](stack, stream, Telling(_addresses(scenario), lambda: rules))
        ports = Ports(clock, ScenarioFarm(farm, clock), Fanout(tally, output), Unattended(rules))
        bandwidth = scenario.migration.bandwidth
        settings = Settings(instance="simulation", epoch=1, mode="simulation", bandwidth=bandwidth)
        loop = Loop(ports, settings, Pace(interval, poll=1.0), _before(scenario))
        yield Play(loop, wish.rounds or scenario.rounds, farm, tally, seed)


def _before(scenario: Scenario, now: float = 0.0) -> State:
    """What a balancer would remember of the VMs whose age the scenario tells."""
    aged = ((vm.identity, vm.age) for vm in scenario.vms if vm.age is not None)
    return State(sightings=tuple(Sighting(identity, now - age, now, None) for identity, age in aged))


def _addresses(scenario: Scenario) -> Mapping[str, str]:
    return {host.name: host.address or host.name for host in scenario.hosts}


# -- a test of rules ------------------------------------------------------------------------------------------


def play_trial(stage: Stage, rules: Ruleset, start: float) -> Record:
    """The loop on a test's farm, in virtual time: round 1 is at `start`, and was preceded by a look at the farm."""
    scenario = stage.scenario
    interval = scenario.interval or rules.every or DEFAULT_EVERY
    clock, farm, recorder = VirtualClock(start - interval), SimulatedFarm(scenario, interval=interval), Recorder()
    port = TrialFarm(stage, farm, clock)
    state = primed(_before(scenario, start), port.observe(0), clock.now())
    clock.wait_until(start)
    settings = Settings(instance="test", epoch=1, mode="simulation", bandwidth=scenario.migration.bandwidth)
    Loop(Ports(clock, port, recorder, Unattended(rules)), settings, Pace(interval, poll=1.0), state).run(stage.rounds)
    return recorder.played(farm.placement)


# -- the daemon -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DaemonWish:
    """What the operator wants of the daemon; None is the configuration's own."""

    mode: str | None = None
    interval: float | None = None
    output: str = "text"


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon that is ready to run: its loop, what ends and reloads it, and the URL of its metrics."""

    loop: Loop
    mode: str
    rules: RuleFile
    stop: Callable[[], None]
    metrics: str


@contextmanager
def daemon(configuration: Configuration, wish: DaemonWish, stream: TextIO) -> Iterator[Daemon]:
    """The loop on the real farm. Holds the state directory's lock, the socket, the metrics' port and the broker.

    A broker that is not there is waited for: until it comes, rounds are lost.
    """
    clock = SystemClock()
    mode = wish.mode or configuration.mode
    with ExitStack() as stack:
        journal = stack.enter_context(open_journal(configuration.state, clock.now, _keep(configuration)))
        said, per_vm = journal.said(), configuration.metrics.per_vm
        orders = journal.last_state(clock.now(), 0.0).orders
        metrics = Metrics(version(), clock.now, is_paused=said.paused is not None, per_vm=per_vm, orders=orders)
        board = StatusBoard(mode, orders)
        telling = Telling(_reached(configuration), lambda: rules.in_force)
        fanout = Fanout(journal, metrics, board, OUTPUTS[wish.output](stack, stream, telling))
        rules = RuleFile(
            configuration.rules or shipped(DEFAULT), LANGUAGE, fanout, partial(_too_short, configuration, wish)
        )
        pace = _pace(configuration, wish)
        desk = ControlDesk(rules, fanout, clock.now, said)
        stack.enter_context(listening(configuration.state, commands(desk, board)))
        address = stack.enter_context(metrics.serve(configuration.metrics.listen))
        client = stack.enter_context(closing(Client(configuration.mcollective)))
        with suppress(FabricError):
            client.connect()
        before = _memory(journal, clock.now(), FRESH_ROUNDS * _interval(pace, rules.in_force))
        found = stack.enter_context(finding(configuration))
        farm = DIALECTS[configuration.dialect](Reach(client, configuration, clock.now, before.discovered, found))
        ports = Ports(clock, MODES[mode](farm), fanout, desk)
        settings = _settings(journal, configuration, mode, configuration.warm_up)
        url = f"http://{address}/metrics"
        state = _mindful(before.state, configuration)
        yield Daemon(Loop(ports, settings, pace, state), mode, rules, _both(desk.stop, clock.wake), url)


def _settings(journal: JournalReader, configuration: Configuration, mode: str, warm_up: int) -> Settings:
    """How orders are named and made."""
    its = configuration.migration
    return Settings(journal.instance, journal.epoch, mode, its.bandwidth, its.grace, its.hand_over, warm_up)


def _mindful(state: State, configuration: Configuration) -> State:
    """The state of a balancer that knows which VM it runs in itself."""
    told = configuration.own_vm
    return replace(state, own_vm=own_vm() if told is None else None if told == "none" else told)


def _pace(configuration: Configuration, wish: DaemonWish) -> Pace:
    return Pace(wish.interval or configuration.interval)


def _too_short(configuration: Configuration, wish: DaemonWish, rules: Ruleset) -> str | None:
    """What stands against a round of this length."""
    interval, deadline = _interval(_pace(configuration, wish), rules), configuration.deadline
    if deadline < interval:
        return None
    return (
        f"a round of {interval:g} s is too short for a deadline of {deadline:g} s: "
        f"set “deadline” in the configuration to less, or choose a longer interval"
    )


def _keep(configuration: Configuration) -> Keep:
    return Keep(configuration.journal.keep / 86400.0, configuration.journal.size)


def _interval(pace: Pace, rules: Ruleset) -> float:
    return pace.interval or rules.every or DEFAULT_EVERY


def _both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    def call() -> None:
        first()
        second()

    return call


@dataclass(frozen=True, slots=True)
class Memory:
    """What a daemon left behind: the state of its last round, and the hosts that it had found by then."""

    state: State = field(default_factory=State)
    discovered: tuple[Discovered, ...] = ()


def _memory(journal: JournalReader, now: float, max_age: float) -> Memory:
    said = journal.said()
    state = replace(
        journal.last_state(now, max_age), resumed=said.resumed, drained=said.drained, history=journal.lines()
    )
    last = journal.round(state.round)
    return Memory(state, last.gathering.discovered if last else ())


@contextmanager
def live_farm(configuration: Configuration, clock: SystemClock, before: Memory) -> Iterator[Farm]:
    """The real farm for one round: whoever is known by now. FabricError where no broker is there."""
    if not configuration.inventory and not before.discovered:
        raise UsageError("no host is known yet: “xen-balancer run” finds them, or list them under “hosts”")
    with closing(Client(configuration.mcollective)) as client:
        client.connect()
        yield DIALECTS[configuration.dialect](Reach(client, configuration, clock.now, before.discovered))


def _reached(configuration: Configuration) -> Mapping[str, str]:
    return {host.name: host.address or host.name for host in configuration.inventory}


# -- a look at the farm ---------------------------------------------------------------------------------------


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


# -- one round ------------------------------------------------------------------------------------------------


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
    before = _remembered(configuration, clock.now(), FRESH_ROUNDS * interval)
    with live_farm(configuration, clock, before) as farm:
        state = _looked_at(farm, clock, before.state)
        gathering = farm.observe(state.round + 1)
    if rounds_over is not None:
        state = suppose(state, gathering, rules, interval, rounds_over)
    now = clock.now()
    return step(_mindful(state, configuration), gathering, rules, now, clock.wall(rules.zones, now))


def examine_live(configuration: Configuration, rules_file: Path | None) -> Checkup:
    """A look at everything that moves need; nothing is written or ordered."""
    clock = SystemClock()
    rules = _rules(configuration, rules_file)
    before = _remembered(configuration, clock.now(), FRESH_ROUNDS * _interval(Pace(configuration.interval), rules))
    with closing(Client(configuration.mcollective)) as client:
        client.connect()
        farm = DIALECTS[configuration.dialect](Reach(client, configuration, clock.now, before.discovered))
        state = _looked_at(farm, clock, before.state)
        asked = clock.now()
        gathering = farm.observe(state.round + 1)
        answered = clock.now()
        ways = WAYS[configuration.dialect](client, configuration, [report.host for report in gathering.reports])
    wall = clock.wall(rules.zones, answered)
    decision = step(_mindful(state, configuration), gathering, rules, answered, wall)
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
        journal = stack.enter_context(open_journal(configuration.state, clock.now, _keep(configuration)))
        before = _memory(journal, clock.now(), FRESH_ROUNDS * _interval(pace, rules))
        farm = stack.enter_context(live_farm(configuration, clock, before))
        state = _looked_at(farm, clock, before.state)
        if rounds_over is not None:
            state = suppose(state, farm.observe(state.round + 1), rules, _interval(pace, rules), rounds_over)
        fanout, said = Fanout(journal, stack.enter_context(Terminal(stream))), journal.said()
        settings = _settings(journal, configuration, "active", warm_up=0)
        controls = Unattended(rules, said)
        yield Loop(Ports(clock, farm, fanout, controls), settings, pace, _mindful(state, configuration))


def _looked_at(farm: Farm, clock: Clock, state: State) -> State:
    """A state to measure from: the daemon's, or where there is none in time a first look at the farm, some time ago."""
    if state.references:
        return state
    looked = primed(state, farm.observe(state.round + 1), clock.now())
    clock.wait_until(clock.now() + LOOK)
    return looked


def _remembered(configuration: Configuration, now: float, max_age: float) -> Memory:
    """What the daemon remembers, or nothing where it never ran."""
    try:
        journal = read_journal(configuration.state)
    except NoJournalError:
        return Memory()
    with closing(journal):
        return _memory(journal, now, max_age)
