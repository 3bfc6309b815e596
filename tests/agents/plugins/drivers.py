"""A hypervisor that nobody asks, for agents that need none."""

from agents.hypervisor import Guest, HypervisorError, Migration
from agents.report import Report


class Idle:
    """Refuses whatever is asked of it."""

    def report(self) -> Report:
        raise HypervisorError("nobody asks")

    def departure(self, migration: Migration) -> tuple[str, ...]:
        raise HypervisorError(migration.order)

    def arrival(self, guest: Guest, reserved_mb: float) -> tuple[str, ...]:
        raise HypervisorError(guest.name)

    def take_over(self, vm_uuid: str) -> None:
        raise HypervisorError(vm_uuid)

    def migrate(self, migration: Migration) -> None:
        raise HypervisorError(migration.order)

    def start(self, name: str) -> None:
        raise HypervisorError(name)

    def destroy(self, name: str) -> None:
        raise HypervisorError(name)
