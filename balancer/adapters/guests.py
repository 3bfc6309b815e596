"""What an order's target has to know of the VM that is to come, by its source's last report.

Rule: pure, and the same for every farm. A source that has not reported tells nothing, and what is unknown at one end
only counts against the move.
"""

from agents.hypervisor import Guest
from agents.report import Report
from balancer.core.model import Order


def guest_of(order: Order, source: Report | None) -> Guest:
    """The VM of an order as its target sees it."""
    move = order.move
    if source is None:
        return Guest(move.uuid, move.vm, move.memory)
    needs = next((vm.needs for vm in source.vms if vm.uuid == move.uuid), ())
    return Guest(move.uuid, move.vm, move.memory, needs, source.cpu, source.xen)
