"""Journals of farms that ran: the daemon's own loop on a simulated farm, in virtual time, into a real journal."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agents.hypervisor.scenario import load_scenario
from agents.hypervisor.simulated import SimulatedFarm
from balancer.adapters.clock import VirtualClock
from balancer.adapters.fanout import Fanout
from balancer.adapters.journal import open_journal
from balancer.adapters.simulated_farm import ScenarioFarm
from balancer.core.model import State
from balancer.execution import Settings
from balancer.loop import Loop, Pace
from balancer.ports import Event, Ports, RoundDecided
from tests.adapters.samples import Memory
from tests.farms import rules
from tests.scripted import ScriptedControls

FARM = """\
format: scenario/1
interval: 30s
seed: 7
hosts:
  - {name: hv1, cores: 4, memory: 16GiB}
  - {name: hv2, cores: 4, memory: 16GiB}
  - {name: hv3, cores: 4, memory: 16GiB}
vms:
  - {name: web1, host: hv1, vcpus: 4, memory: 1GiB, cpu: "0.4x6 2.4x40 0.3"}
  - {name: web2, host: hv1, vcpus: 4, memory: 1GiB, cpu: "0.4x6 1.4x100 0.3"}
  - {name: db1, host: hv2, vcpus: 4, memory: 2GiB, cpu: "0.5x60 3.6x50 0.2"}
  - {name: db2, host: hv2, vcpus: 2, memory: 2GiB, cpu: "0.3"}
  - {name: dns1, host: hv3, vcpus: 1, memory: 1GiB, cpu: "0.1"}
"""
"""web1 heats hv1 from round 8 on, db1 heats hv2 from round 62 on; dns1 has hv3 for itself."""

RELIEVE = """\
rule relieve
  when  host.cpu > 85% for 3 rounds
  move  vm   by most cpu
  to    host by least cpu  where after.cpu < 70%  as "max load"
"""


@dataclass(slots=True)
class Recording:
    """A daemon's state directory and what happens in it; `meanwhile` is called before each round, by its number."""

    folder: Path
    scenario: str = FARM
    text: str = RELIEVE
    meanwhile: dict[int, Callable[["Recording"], None]] = field(default_factory=dict)
    controls: ScriptedControls = field(init=False)
    loop: Loop = field(init=False)
    told: list[Event] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.folder / "state"

    @property
    def rounds(self) -> list[RoundDecided]:
        """The rounds as they were handed to the journal."""
        return [event for event in self.told if isinstance(event, RoundDecided)]

    def run(self, rounds: int, state: State | None = None) -> "Recording":
        """A daemon lives for so many rounds; called again, the next one goes on from its journal."""
        file = self.folder / "farm.yaml"
        file.write_text(self.scenario)
        scenario = load_scenario(file)
        clock, farm = VirtualClock(), SimulatedFarm(scenario, scenario.seed, scenario.interval or 30.0)
        self.controls = ScriptedControls(rules(self.text), [])
        with open_journal(self.state, clock.now) as journal:
            fanout = Fanout(journal, Memory(self.told))
            settings = Settings(journal.instance, journal.epoch, "active", bandwidth=100.0)
            ports = Ports(clock, ScenarioFarm(farm, clock), fanout, self.controls)
            self.loop = Loop(ports, settings, Pace(30.0, poll=2.0), state or State())
            for number in range(1, rounds + 1):
                self.meanwhile.get(number, lambda _its: None)(self)
                self.loop.round()
                self.loop.wait(until=30.0 * number, at_most=30.0)
        return self
