"""The events of a scenario: what each one does to a simulated farm.

Rule: one event, one row. All counters are committed when an event happens, and shares are reckoned anew after the last.
"""

from collections.abc import Callable, Mapping
from typing import Final

from agents.hypervisor.events import Event, EventKind, begins_with
from agents.hypervisor.scenario import Scenario
from agents.hypervisor.simulated.fates import FORETOLD, GONE
from agents.hypervisor.simulated.migrations import Migrations
from agents.hypervisor.simulated.state import (
    ARRIVING,
    FALSELY_PAUSED,
    HANDED_OVER,
    ORPHAN,
    RUNS,
    SECOND,
    STANDS_STILL,
    SUSPENDED,
    Copy,
    HostInPlay,
    VmInPlay,
)
from agents.hypervisor.simulated.world import World


class Happenings:
    """What an event does; `populate` lets the VMs run that never did, need no event for it, and whose host is there."""

    def __init__(self, scenario: Scenario, world: World, migrations: Migrations) -> None:
        self._world: Final = world
        self._migrations: Final = migrations
        self._unborn: Final = begins_with(
            scenario.events,
            "vm",
            "vm-started",
            {"vm-stopped", "reboot", "moved", "destroyed", "migration-vanishes"},
        )
        for name in begins_with(scenario.events, "host", "appears", {"lost", "reboot"}):
            world.hosts[name].up = False

    def happen(self, event: Event) -> None:
        """Let it happen now."""
        self._HAPPENS[event.event](self, event)

    def populate(self) -> None:
        """Let them run, with the counters that the scenario tells."""
        for vm in self._world.vms.values():
            if not vm.born and vm.spec.name not in self._unborn and self._world.hosts[vm.host].up:
                self._world.start(vm, round(vm.spec.counter * SECOND))

    def _host(self, event: Event) -> HostInPlay:
        return self._world.hosts[event.host or ""]

    def _vm(self, event: Event) -> VmInPlay:
        return next(vm for vm in self._world.vms.values() if vm.spec.name == event.vm)

    def _take_away(self, copy: Copy, why: str) -> None:
        """Let it end; a migration that it takes part in ends first."""
        self._migrations.break_off(copy.host, why, copy.spec.identity)
        self._world.become(copy, GONE)

    # -- hosts ---------------------------------------------------------------------------------------------------------

    def _silence(self, event: Event) -> None:
        self._host(event).silent = event.event == "silent"

    def _maintain(self, event: Event) -> None:
        self._host(event).maintenance = event.event == "maintenance"

    def _lose(self, event: Event) -> None:
        host = self._host(event)
        self._migrations.break_off(host.spec.name, f"{host.spec.name} was lost")
        for copy in tuple(host.copies.values()):
            self._world.become(copy, GONE)
        host.up = False

    def _appear(self, event: Event) -> None:
        host = self._host(event)
        if not host.up:
            self._boot(host)
            self.populate()

    def _boot(self, host: HostInPlay) -> None:
        host.up, host.booted, host.boots, host.next_id = True, self._world.now, host.boots + 1, 1
        host.libvirtd = "up"

    def _reboot_host(self, event: Event) -> None:
        host = self._host(event)
        back = [copy.spec for copy in host.copies.values() if copy.condition.state == "running"]
        self._lose(event)
        self._boot(host)
        for spec in back:
            self._world.put(spec, host, RUNS)

    # -- libvirtd ------------------------------------------------------------------------------------------------------

    def _stop_libvirtd(self, event: Event) -> None:
        host = self._host(event)
        self._migrations.lose_libvirtd(host.spec.name)
        host.libvirtd = "stopped"

    def _hang_libvirtd(self, event: Event) -> None:
        host = self._host(event)
        self._migrations.stand_still(host.spec.name)
        host.libvirtd = "hung"

    def _restart_libvirtd(self, event: Event) -> None:
        """One that was up lets go of the orphans it held; what its own end left behind is still there after it."""
        host = self._host(event)
        held = [copy for copy in host.copies.values() if copy.condition is ORPHAN and host.libvirtd == "up"]
        for copy in held:
            self._world.become(copy, GONE)
        self._migrations.lose_libvirtd(host.spec.name)
        for copy in host.copies.values():
            if copy.condition is FALSELY_PAUSED:
                self._world.become(copy, RUNS)
        host.libvirtd = "up"

    # -- VMs -----------------------------------------------------------------------------------------------------------

    def _reboot(self, event: Event) -> None:
        if event.host is not None:
            self._reboot_host(event)
            return
        vm = self._vm(event)
        copy = self._world.at_home(vm)
        if copy is not None and self._world.runs(vm):
            home = vm.host
            self._take_away(copy, f"{event.vm} was rebooted")
            vm.host = home
            self._world.start(vm, 0)

    def _vm_starts(self, event: Event) -> None:
        vm = self._vm(event)
        if self._world.at_home(vm) is None and self._world.hosts[vm.host].up:
            self._world.start(vm, 0 if vm.born else round(vm.spec.counter * SECOND))

    def _vm_stops(self, event: Event) -> None:
        """It ends wherever it runs."""
        for copy in self._world.copies_of(self._vm(event)):
            if copy.condition.state == "running":
                self._take_away(copy, f"{event.vm} was stopped")

    def _destroy(self, event: Event) -> None:
        copy = self._host(event).copies.get(self._vm(event).spec.identity)
        if copy is not None and copy.condition is not ARRIVING:
            self._take_away(copy, f"{event.vm} was destroyed")

    def _resume(self, event: Event) -> None:
        for copy in self._world.copies_of(self._vm(event)):
            if copy.condition in {STANDS_STILL, SUSPENDED, HANDED_OVER}:
                self._world.become(copy, RUNS)

    def _move_by_hand(self, event: Event) -> None:
        vm, target = self._vm(event), self._world.hosts[event.to or ""]
        copy = self._world.at_home(vm)
        if copy is None or not self._world.runs(vm) or not target.up or target.spec.name == vm.host:
            return
        self._migrations.break_off(copy.host, f"{event.vm} was moved by an operator", copy.spec.identity)
        if copy.spec.identity not in target.copies:
            self._world.become(copy, GONE)
            vm.host = target.spec.name
            self._world.start(vm, 0)

    def _arm(self, event: Event) -> None:
        subject = ("vm", event.vm) if event.vm is not None else ("host", event.host or "")
        self._migrations.armed[subject] = FORETOLD[event.event]

    _HAPPENS: Final[Mapping[EventKind, Callable[["Happenings", Event], None]]] = {
        "silent": _silence,
        "answers": _silence,
        "lost": _lose,
        "reboot": _reboot,
        "maintenance": _maintain,
        "ready": _maintain,
        "appears": _appear,
        "libvirtd-stops": _stop_libvirtd,
        "libvirtd-hangs": _hang_libvirtd,
        "libvirtd-restart": _restart_libvirtd,
        "vm-started": _vm_starts,
        "vm-stopped": _vm_stops,
        "destroyed": _destroy,
        "resumed": _resume,
        "moved": _move_by_hand,
        **dict.fromkeys(FORETOLD, _arm),
    }
