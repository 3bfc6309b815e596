"""A farm port over a simulated farm, in virtual time.

Rule: what the agents of a real farm would answer, the simulated farm answers; this file only asks and hands on.
"""

from collections.abc import Mapping, Sequence

from agents.hypervisor import Migration
from agents.hypervisor.simulated import SimulatedFarm
from agents.report import Report
from balancer.adapters.guests import guest_of
from balancer.core.model import Gathering, Order
from balancer.core.orders.verdict import by_host, ends
from balancer.ports import Clock, Progress


class ScenarioFarm:
    """The hosts of a scenario, whose time 0 is now. A host once seen stays expected, however it ends."""

    def __init__(self, farm: SimulatedFarm, clock: Clock) -> None:
        self._farm = farm
        self._clock = clock
        self._began = clock.now()
        self._expected: set[str] = set()
        self._seen: Mapping[str, Report] = {}

    def observe(self, round_number: int) -> Gathering:  # noqa: ARG002  (the port's)
        """Every host's report as of now."""
        self._farm.advance(self._now())
        self._expected |= set(self._farm.hosts)
        reports = tuple(report for host in self._farm.hosts if (report := self._farm.report(host)))
        self._seen = by_host(reports)
        return Gathering(reports, tuple(sorted(self._expected)))

    def look(self, orders: Sequence[Order]) -> Sequence[Report]:
        """The reports of their hosts as of now."""
        self._farm.advance(self._now())
        return tuple(report for host in ends(orders) if (report := self._farm.report(host)))

    def examine(self, order: Order) -> Sequence[str]:
        """What its target has against it."""
        self._farm.advance(self._now())
        return self._farm.arrival(order.move.target, guest_of(order, self._seen.get(order.move.source)))

    def migrate(self, order: Order) -> Progress:
        """Start the migration, unless its source has something against it."""
        self._farm.advance(self._now())
        if self._farm.outcome(order.id) is None and (obstacles := self._farm.departure(_migration(order))):
            return Progress(order.id, "failed", "; ".join(obstacles))
        self._farm.migrate(_migration(order), self._now())
        return Progress(order.id, "under way")

    def take_over(self, order: Order) -> None:
        """Let it run at its target."""
        self._farm.take_over(order.move.target, order.move.uuid, self._now())

    def _now(self) -> float:
        """Seconds since the scenario began."""
        return self._clock.now() - self._began


def _migration(order: Order) -> Migration:
    move = order.move
    return Migration(
        order.id, move.uuid, move.vm, move.target, target_uri=f"simulated://{move.target}", domain_id=move.domain_id,
        hand_over=order.hands_over,
    )  # fmt: skip
