"""The loop in virtual time: a scenario, or the farm of a test of rules."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from agents.hypervisor.scenario import Scenario, load_scenario
from agents.hypervisor.simulated import SimulatedFarm
from balancer.adapters.calendar import LANGUAGE
from balancer.adapters.clock import VirtualClock
from balancer.adapters.fanout import Fanout
from balancer.adapters.rounds import Tally
from balancer.adapters.rule_file import read
from balancer.adapters.simulated_farm import ScenarioFarm
from balancer.adapters.trials.farm import TrialFarm
from balancer.adapters.trials.grounds import Stage
from balancer.adapters.trials.recorder import Recorder
from balancer.adapters.unattended import Unattended
from balancer.assembly.tables import OUTPUTS, Telling
from balancer.core.cycle import primed
from balancer.core.model import Sighting, State
from balancer.core.trials.record import Record
from balancer.execution import Settings
from balancer.installation import DEFAULT, shipped
from balancer.loop import Loop, Pace
from balancer.ports import Ports
from dsl.ruleset import DEFAULT_EVERY, Ruleset


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
