"""A hypervisor that nobody asks, for agents that need none."""

from agents.hypervisor import HypervisorError, Migration
from agents.report import Report


class Idle:
    """Refuses whatever is asked of it."""

    def report(self) -> Report:
        raise HypervisorError("nobody asks")

    def migrate(self, migration: Migration) -> None:
        raise HypervisorError(migration.order)

    def start(self, name: str) -> None:
        raise HypervisorError(name)

    def destroy(self, name: str) -> None:
        raise HypervisorError(name)
