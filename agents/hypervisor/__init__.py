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
    """One VM to be sent away: by uuid, to the target's libvirt URI, its data over `migration_uri` where given.

    `domain_id` is the one it must still have (None: any). With `hand_over` it arrives paused, until the target is told
    to `take_over`.
    """

    order: str
    vm_uuid: str
    vm_name: str
    target: str
    target_uri: str
    migration_uri: str | None = None
    domain_id: int | None = None
    hand_over: bool = False


@dataclass(frozen=True, slots=True)
class Guest:
    """A VM that wants to come: what its new host has to know. Memory in MiB; `cpu` and `xen` are the old host's."""

    uuid: str
    name: str
    memory_mb: float
    needs: tuple[str, ...] = ()
    cpu: str | None = None
    xen: str | None = None


class Hypervisor(Protocol):
    """What every driver can do."""

    def report(self) -> Report:
        """The host as it is now, counters and deltas included; HypervisorError where it does not answer."""
        ...

    def departure(self, migration: Migration) -> tuple[str, ...]:
        """What stands against sending the VM away just now, each a reason for people; HypervisorError as ever."""
        ...

    def arrival(self, guest: Guest, reserved_mb: float) -> tuple[str, ...]:
        """What stands against taking the VM in just now, with so much memory promised to others."""
        ...

    def migrate(self, migration: Migration) -> None:
        """Send the VM away and return once it has arrived; HypervisorError in the hypervisor's words where not.

        It may never return: it is to be called in a process of its own.
        """
        ...

    def take_over(self, vm_uuid: str) -> None:
        """Let the VM run that arrived here paused; HypervisorError where it is not here, or not paused by that."""
        ...

    def start(self, name: str) -> None:
        """Start a VM that is defined here; HypervisorError where that fails or there is none of that name."""
        ...

    def destroy(self, name: str) -> None:
        """Stop a VM at once; HypervisorError where that fails or there is none of that name."""
        ...
