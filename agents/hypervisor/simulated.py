"""A farm that exists on paper only: a scenario played in virtual time, for simulations, tests and the demo.

Rule: the same scenario, seed and migrations give the same bytes on any machine, in however many steps time goes by.
So time is whole nanoseconds, demand whole nano-CPUs, and counters are committed only at instants that the scenario and
the migrations set, never at those where somebody looks.

Time 0 is round 1's report, round r's is at (r - 1) intervals; a VM's `cpu` of round r is its demand in the interval
that ends there. Events of a round happen just before its reports. While a VM migrates it runs and is
reported on the source only, its memory is taken at both ends; it arrives with a new domain id and a counter at 0.
"""

import heapq
import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from agents.hypervisor import Migration
from agents.hypervisor.sampling import Reading, Samples
from agents.hypervisor.scenario import Event, EventKind, Host, Scenario, Vm
from agents.report import OrderReport, Report, VmReport

DEFAULT_INTERVAL: Final = 30.0
BOOTED_BEFORE: Final = 30 * 86_400 * 10**9
MAX_ORDERS: Final = 100
SECOND: Final = 10**9


@dataclass(slots=True)
class _Vm:
    """A VM in play. `cpu_ns` is its counter as of its host's `since`; it eats `rate[0] / rate[1]` ns a ns since."""

    spec: Vm
    host: str
    running: bool
    domain_id: int = 0
    cpu_ns: int = 0
    demand: int = 0
    rate: tuple[int, int] = (0, 1)
    order: str | None = None


@dataclass(slots=True)
class _Host:
    """A hypervisor in play; `since` is the instant up to which its VMs' counters are committed."""

    spec: Host
    up: bool
    booted: int = -BOOTED_BEFORE
    boots: int = 1
    since: int = 0
    silent: bool = False
    maintenance: bool = False
    next_id: int = 1
    sequence: int = 0
    vms: dict[str, _Vm] = field(default_factory=dict)
    incoming: dict[str, _Vm] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)
    samples: Samples[tuple[str, int, int]] = field(default_factory=Samples)
    demand: int = 0

    @property
    def boot_id(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.boots}.{self.spec.name}.host.xen-balancer"))

    @property
    def memory_free(self) -> float:
        taken = sum(vm.spec.memory for vm in (*self.vms.values(), *self.incoming.values()))
        return self.spec.memory - self.spec.dom0_memory - taken


@dataclass(slots=True)
class _Order:
    """A migration that was asked for; `error` is what it will fail with, None where it will arrive."""

    migration: Migration
    source: str
    started: int
    error: str | None
    ended: int | None = None
    outcome: str = ""


class SimulatedFarm:
    """The farm of a scenario, from time 0 on. Seconds go in and come out; `seed` decides which migrations fail."""

    def __init__(self, scenario: Scenario, seed: int | None = None, interval: float | None = None) -> None:
        self.interval: Final = interval or scenario.interval or DEFAULT_INTERVAL
        self._scenario: Final = scenario
        self._interval_ns: Final = round(self.interval * SECOND)
        self._random: Final = random.Random(scenario.seed if seed is None else seed)  # noqa: S311 - a game, no secret
        self._now = 0
        self._entered = 1
        self._overload_ns = 0
        self._ends: list[tuple[int, str]] = []
        self._orders: dict[str, _Order] = {}
        self._armed: dict[tuple[str, str], str] = {}
        self._events = _by_round(scenario.events)
        self._unborn: Final = _unborn(scenario)
        absent = _absent(scenario)
        self._hosts = {
            host.name: _Host(host, host.name not in absent, maintenance=host.maintenance) for host in scenario.hosts
        }
        self._vms = {vm.identity: _Vm(vm, vm.host, running=False) for vm in scenario.vms}
        self._populate()
        self._enter_round()

    # -- what can be seen ----------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Seconds since round 1's report."""
        return self._now / SECOND

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of the hosts that are there (silent ones too), in the scenario's order."""
        return tuple(name for name, host in self._hosts.items() if host.up)

    @property
    def placement(self) -> dict[str, str]:
        """Where every running VM is: host by name of the VM, in the scenario's order."""
        return {vm.spec.name: vm.host for vm in self._vms.values() if vm.running}

    def host_of(self, vm_uuid: str) -> str | None:
        """The host on which that VM runs; None where it does not run."""
        vm = self._vms.get(vm_uuid)
        return vm.host if vm is not None and vm.running else None

    @property
    def overload_seconds(self) -> float:
        """Host-seconds until now in which a host's VMs asked for more CPU than it has."""
        open_ns = sum(self._now - host.since for host in self._hosts.values() if _overloaded(host))
        return (self._overload_ns + open_ns) / SECOND

    def demand(self, host: str) -> float:
        """Busy CPUs that the host's VMs ask for just now, in the interval that ends with the next report."""
        return sum(self._demand(vm, self._round) for vm in self._hosts[host].vms.values()) / SECOND

    def report(self, host: str) -> Report | None:
        """What the host says now; None where it says nothing."""
        here = self._hosts[host]
        load = here.spec.load.at(self._round) if here.spec.load else self.demand(host)
        if not here.up or here.silent or load is None:
            return None
        here.sequence += 1
        uptime = (self._now - here.booted) / SECOND
        return Report(
            host=host,
            boot_id=here.boot_id,
            sequence=here.sequence,
            time=self.now,
            cores=here.spec.cores,
            memory_mb=here.spec.memory,
            memory_free_mb=max(here.memory_free, 0.0),
            load=load,
            uptime=uptime,
            vms=self._vm_reports(here, uptime),
            orders=tuple(self._order_report(order) for order in here.orders[-MAX_ORDERS:]),
            maintenance=here.maintenance,
            xen=here.spec.xen,
            tags=here.spec.tags,
        )

    def outcome(self, order: str) -> OrderReport | None:
        """How the order stands; None where the farm never got it."""
        return self._order_report(order) if order in self._orders else None

    def _order_report(self, name: str) -> OrderReport:
        order = self._orders[name]
        until = self._now if order.ended is None else order.ended
        seconds = (until - order.started) / SECOND
        if order.ended is None:
            return OrderReport(name, "under way", "", seconds)
        return OrderReport(name, "failed" if order.outcome else "done", order.outcome, seconds)

    def _vm_reports(self, host: _Host, instant: float) -> tuple[VmReport, ...]:
        shown = [vm for vm in host.vms.values() if vm.spec.cpu.at(self._round) is not None]
        readings = {(vm.spec.identity, vm.domain_id, host.boots): Reading(self._counter(vm), instant) for vm in shown}
        counters = host.samples.take(readings)
        return tuple(
            VmReport(
                uuid=vm.spec.identity,
                name=vm.spec.name,
                domain_id=vm.domain_id,
                state="running",
                vcpus=vm.spec.vcpus,
                memory_mb=vm.spec.memory,
                counter=counter,
                passthrough=vm.spec.passthrough,
                tags=vm.spec.tags,
            )
            for vm, counter in sorted(zip(shown, counters.values(), strict=True), key=lambda pair: pair[0].spec.name)
        )

    # -- time ----------------------------------------------------------------------------------------------------------

    @property
    def _round(self) -> int:
        """The round whose report ends the interval that now lies in."""
        return -(-self._now // self._interval_ns) + 1

    def advance(self, to: float) -> None:
        """Let time go by until `to` seconds; what is past stays as it is."""
        self._advance(round(to * SECOND))

    def _advance(self, to: int) -> None:
        while (instant := self._next_instant()) <= to:
            self._now = max(self._now, instant)
            while self._ends and self._ends[0][0] <= instant:
                self._finish(self._orders[heapq.heappop(self._ends)[1]])
            if instant == self._entered * self._interval_ns:
                self._entered += 1
                self._enter_round()
        self._now = max(self._now, to)

    def _next_instant(self) -> int:
        following = self._entered * self._interval_ns
        return min(following, self._ends[0][0]) if self._ends else following

    def _enter_round(self) -> None:
        """Commit the interval that ends, let the round's events happen, set the demands of the interval that begins."""
        for host in self._hosts.values():
            self._commit(host)
        for event in self._events.get(self._entered, ()):
            self._HAPPENS[event.event](self, event)
        for host in self._hosts.values():
            self._share(host)

    def _commit(self, host: _Host) -> None:
        """Write the counters down as of now."""
        for vm in host.vms.values():
            vm.cpu_ns = self._counter(vm)
        if _overloaded(host):
            self._overload_ns += self._now - host.since
        host.since = self._now

    def _share(self, host: _Host) -> None:
        """Set what each VM eats from now on: its demand or, where they ask for too much, its share of the cores."""
        following = self._now // self._interval_ns + 2
        for vm in host.vms.values():
            vm.demand = self._demand(vm, following)
        host.demand = sum(vm.demand for vm in host.vms.values())
        cores = host.spec.cores * SECOND
        for vm in host.vms.values():
            vm.rate = (vm.demand * cores, host.demand * SECOND) if host.demand > cores else (vm.demand, SECOND)

    def _demand(self, vm: _Vm, round_number: int) -> int:
        return round(vm.spec.cpu.held(round_number) * SECOND)

    def _counter(self, vm: _Vm) -> int:
        numerator, denominator = vm.rate
        return vm.cpu_ns + (self._now - self._hosts[vm.host].since) * numerator // denominator

    # -- VMs come and go -----------------------------------------------------------------------------------------------

    def _populate(self) -> None:
        """Let the VMs run that never did, need no event for it, and whose host is there."""
        for vm in self._vms.values():
            if not vm.domain_id and vm.spec.name not in self._unborn and self._hosts[vm.host].up:
                self._start(vm, round(vm.spec.counter * SECOND))

    def _start(self, vm: _Vm, cpu_ns: int) -> None:
        """Let it run on its host, as a new domain; the host's counters must be committed."""
        host = self._hosts[vm.host]
        vm.running, vm.cpu_ns, vm.rate, vm.domain_id = True, cpu_ns, (0, 1), host.next_id
        host.next_id += 1
        host.vms[vm.spec.identity] = vm

    def _stop(self, vm: _Vm, why: str) -> None:
        """Take it off its host; a migration of it fails."""
        if vm.order is not None:
            self._end(self._orders[vm.order], why)
        self._hosts[vm.host].vms.pop(vm.spec.identity, None)
        vm.running = False

    # -- migrations ----------------------------------------------------------------------------------------------------

    def migrate(self, migration: Migration, now: float) -> None:
        """Start it at `now` seconds; `outcome` tells how it goes. An order that is known already changes nothing."""
        self._migrate(migration, round(now * SECOND))

    def _migrate(self, migration: Migration, now: int) -> None:
        self._advance(now)
        if migration.order in self._orders:
            return
        vm = self._vms.get(migration.vm_uuid)
        source = vm.host if vm else ""
        refusal = self._refusal(vm, migration)
        order = self._orders[migration.order] = _Order(migration, source, self._now, refusal)
        if vm is not None:
            self._hosts[source].orders.append(migration.order)
        if vm is None or refusal is not None:
            self._end(order, refusal or "")
        else:
            self._under_way(vm, order)

    def _refusal(self, vm: _Vm | None, migration: Migration) -> str | None:
        """Why it cannot even start, None where it can."""
        target = self._meant(migration)
        if vm is None or not vm.running:
            return f"Domain not found: no domain with matching uuid '{migration.vm_uuid}' ({migration.vm_name})"
        if target is None or not target.up:
            return f"unable to connect to server at '{migration.target}': No route to host"
        return next((words for stands_in_the_way, words in _obstacles(vm, target) if stands_in_the_way), None)

    def _meant(self, migration: Migration) -> _Host | None:
        """The host that is meant, by its name or by its address."""
        by_address = (host for host in self._hosts.values() if host.spec.address == migration.target)
        return self._hosts.get(migration.target) or next(by_address, None)

    def _target_of(self, order: _Order) -> _Host:
        """The target of an order that was not refused."""
        target = self._meant(order.migration)
        assert target is not None  # else it was refused
        return target

    def _under_way(self, vm: _Vm, order: _Order) -> None:
        target = self._target_of(order)
        vm.order = order.migration.order
        target.incoming[vm.spec.identity] = vm
        fate = self._fate(vm, target)
        order.error = None if fate == "arrives" else "Failed to send migration data to destination host"
        if fate != "migration-hangs":
            lasts = round(vm.spec.memory / self._scenario.migration.bandwidth * SECOND)
            heapq.heappush(self._ends, (self._now + lasts, order.migration.order))

    def _fate(self, vm: _Vm, target: _Host) -> str:
        """`arrives`, `migration-fails` or `migration-hangs`: what an event foretold, else what chance says."""
        unlucky = self._random.random() < self._scenario.migration.failure
        for subject in (("vm", vm.spec.name), ("host", vm.host), ("host", target.spec.name)):
            if subject in self._armed:
                return self._armed.pop(subject)
        return "migration-fails" if unlucky else "arrives"

    def _finish(self, order: _Order) -> None:
        """The time of the order is over: the VM arrives, or stays where it is."""
        if order.ended is not None:
            return
        vm = self._vms[order.migration.vm_uuid]
        self._end(order, order.error or "")
        if order.error is None:
            source, target = self._hosts[vm.host], self._target_of(order)
            self._relocate(vm, source, target)

    def _relocate(self, vm: _Vm, source: _Host, target: _Host) -> None:
        for host in (source, target):
            self._commit(host)
        del source.vms[vm.spec.identity]
        vm.host = target.spec.name
        self._start(vm, 0)
        for host in (source, target):
            self._share(host)

    def _end(self, order: _Order, error: str) -> None:
        order.ended, order.outcome = self._now, error
        vm = self._vms.get(order.migration.vm_uuid)
        if vm is not None and vm.order == order.migration.order:
            vm.order = None
            self._target_of(order).incoming.pop(vm.spec.identity, None)

    # -- events --------------------------------------------------------------------------------------------------------

    def _vm_named(self, event: Event) -> _Vm:
        return next(vm for vm in self._vms.values() if vm.spec.name == event.vm)

    def _silence(self, event: Event) -> None:
        self._hosts[event.host or ""].silent = event.event == "silent"

    def _maintain(self, event: Event) -> None:
        self._hosts[event.host or ""].maintenance = event.event == "maintenance"

    def _lose(self, event: Event) -> None:
        host = self._hosts[event.host or ""]
        for vm in (*host.vms.values(), *host.incoming.values()):
            self._abandon(vm, host)
        host.up = False

    def _abandon(self, vm: _Vm, host: _Host) -> None:
        """The host is going down: a VM on it stops, one that is only on its way to it stays where it was."""
        if vm.host == host.spec.name:
            self._stop(vm, f"{host.spec.name} was lost")
        elif vm.order is not None:
            self._end(self._orders[vm.order], f"{host.spec.name} was lost")

    def _appear(self, event: Event) -> None:
        host = self._hosts[event.host or ""]
        if not host.up:
            self._boot(host)
            self._populate()

    def _boot(self, host: _Host) -> None:
        host.up, host.booted, host.boots, host.next_id = True, self._now, host.boots + 1, 1

    def _reboot(self, event: Event) -> None:
        if event.vm is not None:
            vm = self._vm_named(event)
            if vm.running:
                self._stop(vm, f"{event.vm} was rebooted")
                self._start(vm, 0)
            return
        host = self._hosts[event.host or ""]
        back = list(host.vms.values()) if host.up else []
        self._lose(event)
        self._boot(host)
        for vm in back:
            self._start(vm, 0)

    def _vm_starts(self, event: Event) -> None:
        vm = self._vm_named(event)
        if not vm.running and self._hosts[vm.host].up:
            self._start(vm, 0 if vm.domain_id else round(vm.spec.counter * SECOND))

    def _vm_stops(self, event: Event) -> None:
        vm = self._vm_named(event)
        if vm.running:
            self._stop(vm, f"{event.vm} was stopped")

    def _move_by_hand(self, event: Event) -> None:
        vm, target = self._vm_named(event), self._hosts[event.to or ""]
        if vm.running and target.up and target.spec.name != vm.host:
            self._stop(vm, f"{event.vm} was moved by an operator")
            vm.host = target.spec.name
            self._start(vm, 0)

    def _arm(self, event: Event) -> None:
        subject = ("vm", event.vm) if event.vm is not None else ("host", event.host or "")
        self._armed[subject] = event.event

    _HAPPENS: Final[Mapping[EventKind, Callable[["SimulatedFarm", Event], None]]] = {
        "silent": _silence,
        "answers": _silence,
        "lost": _lose,
        "reboot": _reboot,
        "maintenance": _maintain,
        "ready": _maintain,
        "appears": _appear,
        "vm-started": _vm_starts,
        "vm-stopped": _vm_stops,
        "moved": _move_by_hand,
        "migration-fails": _arm,
        "migration-hangs": _arm,
    }


def _obstacles(vm: _Vm, target: _Host) -> tuple[tuple[bool, str], ...]:
    name, needs, free = vm.spec.name, vm.spec.memory, target.memory_free
    return (
        (target.spec.name == vm.host, f"Attempt to migrate guest to the same host {vm.host}"),
        (vm.order is not None, f"domain '{name}' is being migrated already"),
        (vm.spec.passthrough, f"domain '{name}' has assigned host devices"),
        (needs > free, f"{target.spec.name} has {free:g} MiB free, '{name}' needs {needs:g}"),
    )


def _overloaded(host: _Host) -> bool:
    return host.up and host.demand > host.spec.cores * SECOND


def _by_round(events: tuple[Event, ...]) -> dict[int, list[Event]]:
    table: dict[int, list[Event]] = {}
    for event in events:
        table.setdefault(event.round, []).append(event)
    return table


def _absent(scenario: Scenario) -> set[str]:
    """Hosts whose first coming or going is to appear: they are not there from the start."""
    return _begins_with(scenario, "host", "appears", {"lost", "reboot"})


def _unborn(scenario: Scenario) -> set[str]:
    """VMs whose first coming or going is to be started."""
    return _begins_with(scenario, "vm", "vm-started", {"vm-stopped", "reboot", "moved"})


def _begins_with(scenario: Scenario, subject: str, first: str, others: set[str]) -> set[str]:
    told = sorted(
        (event for event in scenario.events if event.event in {first, *others}), key=lambda event: event.round
    )
    begins: dict[str, str] = {}
    for event in told:
        name = getattr(event, subject)
        if name is not None:
            begins.setdefault(name, event.event)
    return {name for name, kind in begins.items() if kind == first}
