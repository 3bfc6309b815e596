"""Migrations on a simulated farm: asked for, under way, ended.

Rule: a migration that is under way is seen at both ends. How it ends is its fate, drawn when it begins (by chance, or
by what an event foretold); only what happens to a host or the VM itself meanwhile ends it otherwise.
"""

import heapq
import math
import random
from typing import Final, Literal

from agents.hypervisor import Migration
from agents.hypervisor.scenario import MigrationSettings
from agents.hypervisor.simulated.fates import (
    ALREADY_THERE,
    ARRIVES,
    BROKEN_OFF,
    FORETOLD,
    NEVER_ANSWERED,
    SOURCE_KILLED,
    TARGET_KILLED,
    TOO_LITTLE_MEMORY,
    Fate,
)
from agents.hypervisor.simulated.objections import against_going, against_leaving
from agents.hypervisor.simulated.state import ARRIVING, HANDED_OVER, RUNS, SECOND, Call, Copy, HostInPlay
from agents.hypervisor.simulated.world import World


class _Flight:
    """A migration under way: its call, where it goes, what will become of it and when (None: never)."""

    def __init__(self, call: Call, target: HostInPlay, fate: Fate) -> None:
        self.call: Final = call
        self.target: Final = target
        self.fate: Final = fate
        self.due: int | None = None


class Migrations:
    """The calls by order, and what is under way by uuid; `armed` is what events foretold of a VM or host."""

    def __init__(self, world: World, chance: random.Random, settings: MigrationSettings) -> None:
        self._world: Final = world
        self._chance: Final = chance
        self._settings: Final = settings
        self._due: list[tuple[int, str]] = []
        self._flights: dict[str, _Flight] = {}
        self._waiting: dict[str, list[Call]] = {}
        self.calls: Final[dict[str, Call]] = {}
        self.armed: Final[dict[tuple[str, str], Fate]] = {}

    @property
    def next_instant(self) -> float:
        """When the next one ends; infinity where none ever will."""
        return self._due[0][0] if self._due else math.inf

    def are_under_way(self, vm_uuid: str) -> bool:
        """Whether one of that VM is."""
        return vm_uuid in self._flights

    def ask(self, migration: Migration) -> None:
        """Call for it; an order that is known already changes nothing."""
        if migration.order in self.calls:
            return
        vm = self._world.vms.get(migration.vm_uuid)
        call = self.calls[migration.order] = Call(migration, vm.host if vm else "", self._world.now)
        if vm is not None:
            self._world.hosts[vm.host].orders.append(migration.order)
            self._world.wake(vm)
        self._begin(call)

    # -- under way -----------------------------------------------------------------------------------------------------

    def _begin(self, call: Call) -> None:
        """Start it or, where another one of the VM is under way, let it wait for that one's end, as libvirt does."""
        if call.migration.vm_uuid in self._flights:
            self._waiting.setdefault(call.migration.vm_uuid, []).append(call)
            return
        source = self._world.hosts.get(call.source)
        copy = source.copies.get(call.migration.vm_uuid) if source else None
        target = self._world.known_as(call.migration.target)
        objections = (
            *against_leaving(copy, call.migration),
            *against_going(source, target, call.migration.target),
        )
        if copy is None or target is None or objections:
            self._tell(call, "failed", objections[0])
        else:
            self._send(call, copy, target)

    def _send(self, call: Call, copy: Copy, target: HostInPlay) -> None:
        fate = self._fate(copy, target)
        flight = self._flights[copy.spec.identity] = _Flight(call, target, fate)
        if fate.shows:
            self._show(copy, target)
        if fate.told == "lost":
            self._tell(call, "lost", "")
        seconds = copy.spec.memory / self._settings.bandwidth if fate.after is None else fate.after
        if seconds < math.inf:
            flight.due = self._world.now + round(seconds * SECOND)
            heapq.heappush(self._due, (flight.due, call.migration.order))

    def _show(self, copy: Copy, target: HostInPlay) -> None:
        """Let the target have a copy that is arriving, with the memory it needs or what there is of it."""
        room = max(target.memory_free, 0.0)
        self._world.put(copy.spec, target, ARRIVING).memory = min(copy.spec.memory, room)

    def _fate(self, copy: Copy, target: HostInPlay) -> Fate:
        hung = "hung" in {target.libvirtd, self._world.hosts[copy.host].libvirtd}
        fated = (
            (hung, NEVER_ANSWERED),
            (copy.spec.identity in target.copies, ALREADY_THERE),
            (copy.spec.memory > target.memory_free, TOO_LITTLE_MEMORY),
        )
        return next((fate for holds, fate in fated if holds), None) or self._drawn(copy, target)

    def _drawn(self, copy: Copy, target: HostInPlay) -> Fate:
        """What an event foretold of the VM or a host, else what chance says."""
        unlucky = self._chance.random() < self._settings.failure
        for subject in (("vm", copy.spec.name), ("host", copy.host), ("host", target.spec.name)):
            if subject in self.armed:
                return self.armed.pop(subject)
        return FORETOLD["migration-fails"] if unlucky else ARRIVES

    # -- ended ---------------------------------------------------------------------------------------------------------

    def end_those_due(self) -> None:
        """Let all end whose time has come, and begin those that waited for them."""
        while self._due and self._due[0][0] <= self._world.now:
            instant, order = heapq.heappop(self._due)
            call = self.calls[order]
            flight = self._flights.get(call.migration.vm_uuid)
            if flight is None or flight.call is not call:
                self._go_on(call)
            elif flight.due == instant:
                self._end(flight, flight.fate)

    def _go_on(self, call: Call) -> None:
        if call.ended is None:
            self._begin(call)

    def _end(self, flight: _Flight, fate: Fate, why: str = "") -> None:
        """Leave behind what the fate says, and tell it; whoever waited for this end goes on."""
        uuid = flight.call.migration.vm_uuid
        del self._flights[uuid]
        source, target = self._world.hosts[flight.call.source], flight.target
        name = source.copies[uuid].spec.name
        with self._world.changing(source, target):
            if flight.fate.shows:
                arrives_paused = fate.target is RUNS and flight.call.migration.hand_over
                self._world.become(target.copies[uuid], HANDED_OVER if arrives_paused else fate.target)
            self._world.become(source.copies[uuid], fate.source)
        self._tell(flight.call, fate.told, why or fate.words.format(name=name, uuid=uuid))
        for call in self._waiting.pop(uuid, ()):
            heapq.heappush(self._due, (self._world.now, call.migration.order))

    def _tell(self, call: Call, state: Literal["done", "failed", "lost"], error: str) -> None:
        if call.ended is None:
            call.state, call.error, call.ended = state, error, self._world.now

    # -- interrupted ---------------------------------------------------------------------------------------------------

    def break_off(self, host: str, why: str, vm_uuid: str | None = None) -> None:
        """End all to and from the host, or that VM's: it stays where it was, and the target is rid of it."""
        for flight in self._of(host):
            if vm_uuid in {None, flight.call.migration.vm_uuid}:
                self._end(flight, BROKEN_OFF, why)

    def stand_still(self, host: str) -> None:
        """Let none to or from the host ever end by itself: its libvirtd hangs."""
        for flight in self._of(host):
            flight.due = None

    def lose_libvirtd(self, host: str) -> None:
        """End all to and from the host, whose libvirtd was killed; calls that wait at it are lost with it."""
        for flight in self._of(host):
            if flight.call.source == host:
                for call in self._waiting.pop(flight.call.migration.vm_uuid, ()):
                    self._tell(call, "lost", "")
            self._end(flight, SOURCE_KILLED if flight.call.source == host else TARGET_KILLED)

    def _of(self, host: str) -> list[_Flight]:
        return [each for each in self._flights.values() if host in {each.call.source, each.target.spec.name}]
