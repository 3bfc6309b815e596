"""The hypervisor an agent runs on, behind one port; one file per driver.

Rule: a driver ends where its library ends. It reads and it acts; what that means is decided elsewhere.
"""

from dataclasses import dataclass
from typing import Protocol

from agents.report import Report


class HypervisorError(Exception):
    """The hypervisor refused or failed; the message is its own words, for people."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One VM to be sent away: by uuid, to the target's libvirt URI, its data over `migration_uri` where given."""

    order: str
    vm_uuid: str
    vm_name: str
    target: str
    target_uri: str
    migration_uri: str | None = None


class Hypervisor(Protocol):
    """What every driver can do."""

    def report(self) -> Report:
        """The host as it is now, counters and deltas included; HypervisorError where it does not answer."""
        ...

    def migrate(self, migration: Migration) -> None:
        """Send the VM away and return once it has arrived; HypervisorError in the hypervisor's words where not."""
        ...

    def start(self, name: str) -> None:
        """Start a VM that is defined here; HypervisorError where that fails or there is none of that name."""
        ...

    def destroy(self, name: str) -> None:
        """Stop a VM at once; HypervisorError where that fails or there is none of that name."""
        ...
