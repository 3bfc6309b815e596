"""What a host does for a move: it lets go of a VM, lets one in, and lets one run that has arrived.

Rule: look again just before acting. Whatever stands against it is told, and then nothing has happened.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from agents import mover
from agents.hypervisor import Guest, Hypervisor, Migration
from agents.orders import OrderRefused, Orders, Promise


class Moves:
    """The moves of the host whose configuration is in `file`; HypervisorError where its hypervisor does not answer."""

    def __init__(self, hypervisor: Hypervisor, orders: Orders, file: Path) -> None:
        self._hypervisor: Final = hypervisor
        self._orders: Final = orders
        self._file: Final = file

    def send(self, migration: Migration, epoch: int | None, valid_until: float) -> bool:
        """Whether the order is a new one, which is carried out from now; OrderRefused with all there is against it."""
        if self._orders.knows(migration):
            return False
        if obstacles := self._hypervisor.departure(migration):
            raise OrderRefused("; ".join(obstacles))
        is_new = self._orders.take(migration, epoch, valid_until)
        if is_new:
            mover.begin(self._file, migration.order, self._orders)
        return is_new

    def admit(self, order: str, epoch: int, guest: Guest, seconds: float) -> tuple[str, ...]:
        """What stands against taking the VM in; nothing, and its memory is kept for it that long.

        OrderRefused where somebody of a later epoch gives the orders.
        """
        self._orders.fence(epoch)
        return self._orders.admit(order, guest, seconds, partial(self._examine, guest))

    def take_over(self, order: str, epoch: int, vm_uuid: str) -> None:
        """Let the VM run that arrived here paused, by an order that this host was shown before."""
        self._orders.fence(epoch)
        if not self._orders.was_admitted(order, vm_uuid):
            raise OrderRefused(f"this host never let {vm_uuid} in by it")
        self._hypervisor.take_over(vm_uuid)

    def _examine(self, guest: Guest, promises: Sequence[Promise]) -> tuple[str, ...]:
        """Memory that a VM holds here already, be it still arriving, is not kept for it a second time."""
        held = {vm.uuid: vm.memory_mb for vm in self._hypervisor.report().vms}
        reserved = sum(max(0.0, each.memory_mb - held.get(each.vm_uuid, 0.0)) for each in promises)
        return self._hypervisor.arrival(guest, reserved)
