"""What it looks like when several hosts show one VM, and the way out, in words.

Rule: these are the pictures that real hypervisors were seen to leave behind; nothing here decides or touches anything.
"""

from collections.abc import Mapping
from typing import Final

from agents.report import VmReport

RUNNING: Final = frozenset({"running", "blocked"})
"""States in which a VM runs, and may be moved."""
ARRIVING: Final = "arriving"
"""The state of a VM on the host that it is on its way to."""


def runs(vm: VmReport | None) -> bool:
    """Whether there is one, and it runs."""
    return vm is not None and vm.state in RUNNING


def puzzle(places: Mapping[str, VmReport]) -> str:
    """What one VM that these hosts show looks like, and what to do about it."""
    name = next(iter(places.values())).name
    where = sorted(host for host, vm in places.items() if runs(vm))
    others = {host: vm for host, vm in sorted(places.items()) if host not in where}
    if len(where) > 1:
        return f"{name} RUNS TWICE, on {' and '.join(where)}; stop all but one of them at once"
    if len(where) == 1 and all(vm.state == ARRIVING for vm in others.values()):
        return f"{name} runs on {where[0]} and is on its way to {' and '.join(others)}"
    if len(where) == 1:
        host, copy = next(iter(others.items()))
        return (
            f"{name} runs on {where[0]}, and a copy that does not run ({copy.state}) is left on {host}; "
            f"on {host} restart libvirtd, then `virsh destroy {name}`"
        )
    told = " and ".join(f"{vm.state} on {host}" for host, vm in others.items())
    return f"{name} runs nowhere: {told}; keep one of them"
