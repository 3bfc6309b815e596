"""What it looks like when several hosts show one VM, and the way out, in words.

Rule: these are the pictures that real hypervisors were seen to leave behind; nothing here decides or touches anything.
"""

from collections.abc import Sequence

from agents.report import ARRIVING, RUNNING, UNKNOWN_TO_LIBVIRT, VmReport


def runs(vm: VmReport | None) -> bool:
    """Whether there is one, and it runs."""
    return vm is not None and vm.state in RUNNING


def puzzle(places: Sequence[tuple[str, VmReport]]) -> str:
    """What one VM that these hosts show looks like, and what to do about it."""
    name = places[0][1].name
    where = sorted(host for host, vm in places if runs(vm))
    others = sorted((host, vm) for host, vm in places if not runs(vm))
    if len(where) > 1:
        return f"{name} RUNS TWICE, on {' and '.join(where)}; stop all but one of them at once"
    if len(where) == 1 and all(vm.state == ARRIVING for _, vm in others):
        return f"{name} runs on {where[0]} and is on its way to {' and '.join(host for host, _ in others)}"
    if len(where) == 1:
        host, copy = others[0]
        left = f"{name} runs on {where[0]}, and a copy that does not run ({copy.state}) is left on {host}"
        return f"{left}; {_rid(host, copy)}"
    told = " and ".join(f"{vm.state} on {host}" for host, vm in others)
    return f"{name} runs nowhere: {told}; keep one of them"


def _rid(host: str, copy: VmReport) -> str:
    """How the host gets rid of the copy."""
    if copy.note == UNKNOWN_TO_LIBVIRT:
        return f"on {host} `xl destroy {copy.domain_id}`"
    return f"on {host} restart libvirtd, then `virsh destroy {copy.name}`"
