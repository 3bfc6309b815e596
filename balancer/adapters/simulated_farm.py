"""A farm port over a simulated farm, in virtual time.

Rule: what the agents of a real farm would answer, the simulated farm answers; this file only asks and hands on.
"""

from collections.abc import Sequence

from agents.hypervisor import HypervisorError, Migration
from agents.hypervisor.simulated import SimulatedFarm
from balancer.core.model import Gathering, Order
from balancer.ports import Clock, Progress


class ScenarioFarm:
    """The hosts of a scenario. A host once seen stays expected, however it ends."""

    def __init__(self, farm: SimulatedFarm, clock: Clock) -> None:
        self._farm = farm
        self._clock = clock
        self._expected: set[str] = set()

    def observe(self, round_number: int) -> Gathering:  # noqa: ARG002  (the port's)
        """Every host's report as of now."""
        self._farm.advance(self._clock.now())
        self._expected |= set(self._farm.hosts)
        reports = (self._farm.report(host) for host in self._farm.hosts)
        return Gathering(tuple(report for report in reports if report), tuple(sorted(self._expected)))

    def migrate(self, order: Order) -> Progress:
        """Start the migration."""
        move = order.move
        migration = Migration(order.id, move.uuid, move.vm, move.target, target_uri=f"simulated://{move.target}")
        try:
            self._farm.migrate(migration, self._clock.now())
        except HypervisorError as error:
            return Progress(order.id, "failed", str(error))
        return Progress(order.id, "under way")

    def progress(self, orders: Sequence[Order]) -> Sequence[Progress]:
        """How these orders stand by now."""
        self._farm.advance(self._clock.now())
        told = (self._farm.outcome(order.id) for order in orders)
        return [Progress(each.id, each.state, each.error) for each in told if each is not None]
