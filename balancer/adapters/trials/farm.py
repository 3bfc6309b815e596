"""The farm port of a test: a simulated farm whose hosts may say of themselves what a series gives.

Rule: a host's series tells what it is like with the VMs it began with; a VM that comes or goes shifts it by what it
uses. What the series adds to the VMs is Domain-0's. A host is never busier than its cores.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from agents.hypervisor.scenario import Vm
from agents.hypervisor.simulated import SimulatedFarm
from agents.report import Counter, Report
from balancer.adapters.simulated_farm import ScenarioFarm
from balancer.adapters.trials.grounds import Own, Stage
from balancer.core.model import Gathering, Order
from balancer.ports import Clock, Progress

NANO: Final = 1e9


class TrialFarm:
    """A stage in play, from one round before round 1 on."""

    def __init__(self, stage: Stage, farm: SimulatedFarm, clock: Clock) -> None:
        self._inner = ScenarioFarm(farm, clock)
        self._farm = farm
        self._own = stage.own
        self._cores = {host.name: host.cores for host in stage.scenario.hosts}
        self._homes: dict[str, list[Vm]] = {name: [] for name in stage.own}
        for vm in stage.scenario.vms:
            self._homes[vm.host].append(vm)
        self._eaten: dict[str, Counter] = {}
        self._round = 0

    def observe(self, round_number: int) -> Gathering:
        """Every host's report as of now."""
        self._round = round_number
        gathering = self._inner.observe(round_number)
        reports = tuple(self._with_own(report) for report in gathering.reports if self._speaks(report.host))
        return Gathering(reports, gathering.expected)

    def look(self, orders: Sequence[Order]) -> Sequence[Report]:
        """The reports of their hosts as of now."""
        return tuple(report for report in self._inner.look(orders) if self._speaks(report.host))

    def examine(self, order: Order) -> Sequence[str]:
        """What its target has against it."""
        return self._inner.examine(order)

    def migrate(self, order: Order) -> Progress:
        """Start the migration, unless its source has something against it."""
        return self._inner.migrate(order)

    def take_over(self, order: Order) -> None:
        """Let it run at its target."""
        self._inner.take_over(order)

    # -- what a host says of itself ------------------------------------------------------------------------------------

    def _speaks(self, host: str) -> bool:
        """Whether no series of the host has a gap in this round."""
        own = self._own[host]
        return all(series is None or series.at(self._told) is not None for series in (own.cpu, own.load))

    @property
    def _told(self) -> int:
        """The round that the series tell of; before round 1 it is as in round 1."""
        return max(self._round, 1)

    def _with_own(self, report: Report) -> Report:
        own = self._own[report.host]
        return replace(report, own=self._counter(report, own), load=self._load(report, own))

    def _load(self, report: Report, own: Own) -> float:
        if own.load is None:
            return report.load
        shift = self._farm.demand(report.host) - self._at_home(report.host)
        return max(0.0, own.load.held(self._told) + shift)

    def _counter(self, report: Report, own: Own) -> Counter | None:
        """Domain-0's CPU time; since the host's last report it ate what this round's series leaves it."""
        if own.cpu is None:
            return None
        cores = self._cores[report.host]
        wanted = own.cpu.held(self._told) * cores - self._at_home(report.host)
        busy = max(0.0, min(wanted, cores - self._farm.demand(report.host)))
        before = self._eaten.get(report.host, Counter(0, report.time))
        eaten = round(busy * (report.time - before.instant) * NANO)
        self._eaten[report.host] = Counter(before.cpu_ns + eaten, report.time)
        return self._eaten[report.host]

    def _at_home(self, host: str) -> float:
        """Busy CPUs that the VMs use with which the host began."""
        return sum(vm.cpu.held(self._told + 1) for vm in self._homes[host])
