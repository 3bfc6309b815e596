"""A farm that exists on paper only: a scenario played in virtual time, for simulations, tests and the demo.

Rule: the same scenario, seed and migrations give the same bytes on any machine, in however many steps time goes by.
So time is whole nanoseconds, demand whole nano-CPUs, and counters are committed only at instants that the scenario and
the migrations set, never at those where somebody looks.

Time 0 is round 1's report, round r's is at (r - 1) intervals; a VM's `cpu` of round r is its demand in the interval
that ends there. Events of a round happen just before its reports. While a VM migrates it runs at the source and is
arriving at the target, its memory is taken at both ends; it arrives with a new domain id and a counter at 0.
"""

import random
from typing import Final

from agents.hypervisor import Guest, HypervisorError, Migration
from agents.hypervisor.events import Event
from agents.hypervisor.scenario import Scenario
from agents.hypervisor.simulated.happenings import Happenings
from agents.hypervisor.simulated.migrations import Migrations
from agents.hypervisor.simulated.objections import against_coming, against_leaving
from agents.hypervisor.simulated.state import HANDED_OVER, RUNS, SECOND
from agents.hypervisor.simulated.told import order_report, report_of
from agents.hypervisor.simulated.world import World, demand
from agents.report import OrderReport, Report

__all__ = ["SECOND", "SimulatedFarm"]

DEFAULT_INTERVAL: Final = 30.0
MAX_ORDERS: Final = 100


class SimulatedFarm:
    """The farm of a scenario, from time 0 on. Seconds go in and come out; `seed` decides which migrations fail."""

    def __init__(self, scenario: Scenario, seed: int | None = None, interval: float | None = None) -> None:
        self.interval: Final = interval or scenario.interval or DEFAULT_INTERVAL
        self._interval_ns: Final = round(self.interval * SECOND)
        self._entered = 1
        chance = random.Random(scenario.seed if seed is None else seed)  # noqa: S311 - a game, no secret
        self._world: Final = World(scenario, self._interval_ns)
        self._migrations: Final = Migrations(self._world, chance, scenario.migration)
        self._happenings: Final = Happenings(scenario, self._world, self._migrations)
        self._events: Final = _by_round(scenario.events)
        self._happenings.populate()
        self._enter_round()

    # -- what can be seen ----------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Seconds since round 1's report."""
        return self._world.now / SECOND

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of the hosts that are there (silent ones too), in the scenario's order."""
        return tuple(name for name, host in self._world.hosts.items() if host.up)

    @property
    def placement(self) -> dict[str, str]:
        """Where every running VM is at home: host by name of the VM, in the scenario's order."""
        return {vm.spec.name: vm.host for vm in self._world.vms.values() if self._world.runs(vm)}

    def host_of(self, vm_uuid: str) -> str | None:
        """The host on which that VM runs; None where it does not run."""
        vm = self._world.vms.get(vm_uuid)
        return vm.host if vm is not None and self._world.runs(vm) else None

    @property
    def overload_seconds(self) -> float:
        """Host-seconds until now in which a host's VMs asked for more CPU than it has."""
        return self._world.overload_ns / SECOND

    def demand(self, host: str) -> float:
        """Busy CPUs that the host's VMs ask for just now, in the interval that ends with the next report."""
        return sum(demand(copy, self._world.round) for copy in self._world.hosts[host].copies.values()) / SECOND

    def report(self, host: str) -> Report | None:
        """What the host says now; None where it says nothing."""
        here = self._world.hosts[host]
        load = here.spec.load.at(self._world.round) if here.spec.load else self.demand(host)
        if not here.answers or load is None:
            return None
        calls = (self._migrations.calls[order] for order in here.orders[-MAX_ORDERS:])
        return report_of(here, self._world, load, tuple(order_report(call, self._world.now) for call in calls))

    def outcome(self, order: str) -> OrderReport | None:
        """How the order stands; None where the farm never got it."""
        call = self._migrations.calls.get(order)
        return None if call is None else order_report(call, self._world.now)

    # -- time ----------------------------------------------------------------------------------------------------------

    def advance(self, to: float) -> None:
        """Let time go by until `to` seconds; what is past stays as it is."""
        until = round(to * SECOND)
        while (instant := min(self._entered * self._interval_ns, self._migrations.next_instant)) <= until:
            self._world.now = max(self._world.now, int(instant))
            self._migrations.end_those_due()
            if instant == self._entered * self._interval_ns:
                self._entered += 1
                self._enter_round()
        self._world.now = max(self._world.now, until)

    def _enter_round(self) -> None:
        """Let the round's events happen, after the interval that ends and before the demands of the one that begins."""
        with self._world.changing(*self._world.hosts.values()):
            for event in self._events.get(self._entered, ()):
                self._happenings.happen(event)

    # -- migrations ----------------------------------------------------------------------------------------------------

    def migrate(self, migration: Migration, now: float) -> None:
        """Start it at `now` seconds; `outcome` tells how it goes. An order that is known already changes nothing."""
        self.advance(now)
        self._migrations.ask(migration)

    def departure(self, migration: Migration) -> tuple[str, ...]:
        """What stands against sending the VM away now."""
        vm = self._world.vms.get(migration.vm_uuid)
        if vm is not None and not self._world.hosts[vm.host].answers:
            return (f"{vm.host} does not answer",)
        objections = tuple(against_leaving(self._world.at_home(vm) if vm else None, migration))
        under_way = self._migrations.are_under_way(migration.vm_uuid)
        return (*objections, f"domain '{migration.vm_name}' is being migrated already") if under_way else objections

    def arrival(self, host: str, guest: Guest, reserved_mb: float = 0.0) -> tuple[str, ...]:
        """What stands against that host's taking the VM in now, with so much memory promised to others."""
        return tuple(against_coming(self._world.hosts[host], guest, reserved_mb))

    def take_over(self, host: str, vm_uuid: str, now: float) -> None:
        """Let the VM run that arrived on that host paused; HypervisorError where it is not there, or not so."""
        self.advance(now)
        here = self._world.hosts[host]
        copy = here.copies.get(vm_uuid)
        if not here.answers or copy is None:
            raise HypervisorError(
                f"{host} does not answer" if copy else f"Domain not found: '{vm_uuid}' is not on {host}"
            )
        if copy.condition is not HANDED_OVER:
            raise HypervisorError(f"domain '{copy.spec.name}' did not arrive on {host} to be taken over")
        with self._world.changing(here):
            self._world.become(copy, RUNS)


def _by_round(events: tuple[Event, ...]) -> dict[int, list[Event]]:
    table: dict[int, list[Event]] = {}
    for event in events:
        table.setdefault(event.round, []).append(event)
    return table
