"""The simulated farm's hosts and VMs at one instant, and what they eat while time goes by.

Rule: counters are committed only at instants that the scenario and the migrations set, never at those where somebody
looks. Whatever changes who eats what happens within `changing`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from agents.hypervisor.scenario import Scenario, Vm
from agents.hypervisor.simulated.fates import AS_IT_WAS, GONE
from agents.hypervisor.simulated.state import ARRIVING, ORPHAN, RUNS, SECOND, Condition, Copy, HostInPlay, VmInPlay

LIVELY: Final = 8
"""An idle VM eats 1 ns in each of so many seconds after somebody moved it or tried to, ..."""
SLOW: Final = 4
"""... then 1 ns in so many seconds: it is seen to run, and no rate has that many digits."""


class World:
    """Hosts by name and VMs by uuid; `now` in ns since round 1's report."""

    def __init__(self, scenario: Scenario, interval_ns: int) -> None:
        self.interval_ns: Final = interval_ns
        self.now = 0
        self.hosts: Final = {
            host.name: HostInPlay(host, up=True, maintenance=host.maintenance) for host in scenario.hosts
        }
        self.vms: Final = {vm.identity: VmInPlay(vm, vm.host) for vm in scenario.vms}
        self._overload_ns = 0

    @property
    def round(self) -> int:
        """The round whose report ends the interval that now lies in."""
        return -(-self.now // self.interval_ns) + 1

    @property
    def overload_ns(self) -> int:
        """Over all hosts, how long until now their VMs asked for more CPU than there is."""
        return self._overload_ns + sum(self.now - host.since for host in self.hosts.values() if host.overloaded)

    # -- who is where --------------------------------------------------------------------------------------------------

    def known_as(self, name: str) -> HostInPlay | None:
        """The host of that name or address."""
        by_address = (host for host in self.hosts.values() if host.spec.address == name)
        return self.hosts.get(name) or next(by_address, None)

    def at_home(self, vm: VmInPlay) -> Copy | None:
        """Its copy on the host where it is at home."""
        return self.hosts[vm.host].copies.get(vm.spec.identity)

    def copies_of(self, vm: VmInPlay) -> tuple[Copy, ...]:
        """All of them, in the scenario's order of hosts."""
        there = (host.copies.get(vm.spec.identity) for host in self.hosts.values())
        return tuple(copy for copy in there if copy is not None)

    def runs(self, vm: VmInPlay) -> bool:
        """Whether it runs where it is at home."""
        copy = self.at_home(vm)
        return copy is not None and copy.condition.state == "running"

    def start(self, vm: VmInPlay, cpu_ns: int) -> None:
        """Let it run at home, as a new domain; the host's counters must be committed."""
        vm.born = True
        self.put(vm.spec, self.hosts[vm.host], RUNS).cpu_ns = cpu_ns

    def put(self, spec: Vm, host: HostInPlay, condition: Condition) -> Copy:
        """Another copy of it, a new domain of that host."""
        copy = Copy(spec, host.spec.name, host.new_domain_id(), spec.memory, condition)
        host.copies[spec.identity] = copy
        return copy

    def become(self, copy: Copy, condition: Condition) -> None:
        """Let the copy be so from now on; a VM whose home has none any more is at home where it got to."""
        if condition is GONE:
            self._remove(copy)
            return
        copy.awake_since = self.now
        if condition is not AS_IT_WAS:
            copy.condition = condition

    def wake(self, vm: VmInPlay) -> None:
        """Let it be seen to run from now on, however idle it is."""
        copy = self.at_home(vm)
        if copy is not None and copy.awake_since is None:
            copy.awake_since = self.now

    def _remove(self, copy: Copy) -> None:
        del self.hosts[copy.host].copies[copy.spec.identity]
        vm = self.vms[copy.spec.identity]
        if vm.host == copy.host:
            elsewhere = (other.host for other in self.copies_of(vm) if other.condition not in {ARRIVING, ORPHAN})
            vm.host = next(elsewhere, vm.host)

    # -- what they eat -------------------------------------------------------------------------------------------------

    @contextmanager
    def changing(self, *hosts: HostInPlay) -> Iterator[None]:
        """While what runs on these hosts changes: counters are written down before, shares reckoned anew after."""
        for host in hosts:
            self._commit(host)
        yield
        for host in hosts:
            self._share(host)

    def _commit(self, host: HostInPlay) -> None:
        for copy in host.copies.values():
            copy.cpu_ns = self.counter(copy)
        if host.overloaded:
            self._overload_ns += self.now - host.since
        host.since = self.now

    def _share(self, host: HostInPlay) -> None:
        """Set what each VM eats from now on: its demand or, where they ask for too much, its share of the cores."""
        following = self.now // self.interval_ns + 2
        for copy in host.copies.values():
            copy.demand = demand(copy, following)
        host.demand = sum(copy.demand for copy in host.copies.values())
        cores = host.spec.cores * SECOND
        for copy in host.copies.values():
            copy.rate = (copy.demand * cores, host.demand * SECOND) if host.demand > cores else (copy.demand, SECOND)

    def counter(self, copy: Copy) -> int:
        """CPU time in ns that it has eaten until now."""
        since = self.hosts[copy.host].since
        numerator, denominator = copy.rate
        return copy.cpu_ns + (self.now - since) * numerator // denominator + self._idled(copy, since)

    def _idled(self, copy: Copy, since: int) -> int:
        if copy.awake_since is None or copy.demand or not copy.condition.lives:
            return 0
        return _ticks(self.now - copy.awake_since) - _ticks(since - copy.awake_since)


def demand(copy: Copy, round_number: int) -> int:
    """Nano-CPUs that it asks for in the interval that ends with that round's report."""
    return round(copy.spec.cpu.held(round_number) * SECOND) if copy.condition.lives else 0


def _ticks(awake_ns: int) -> int:
    seconds = max(-(-awake_ns // SECOND), 0)
    return min(seconds, LIVELY) + max(seconds - LIVELY, 0) // SLOW
