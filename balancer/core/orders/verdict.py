"""How an order ended, by what both of its hosts report.

Rule: what is seen decides, never what a call returned. Running at the target alone with its CPU time advancing is
done; running at the source and nowhere else is failed; anything else is waited for and, once it is overdue or its call
has ended, in doubt. A doubt names what it looks like and a way out, and is decided by the same table.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from msgspec.structs import replace as changed

from agents.report import ARRIVING, FALSELY_PAUSED, UNKNOWN_TO_LIBVIRT, OrderReport, Report, VmReport
from balancer.core.model import Order, OrderState
from balancer.core.orders.puzzles import puzzle, runs

SETTLE: Final = 15.0
"""Seconds after its call has ended in which a move may still look odd."""
FORGOTTEN: Final = 40.0
"""Seconds after which an order of which its source knows nothing will not be taken any more: it was valid for 20."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the reports at hand say of an order: who answered, its VM at either end and elsewhere, and its call.

    `everywhere` says whether all hosts were asked, not the two ends alone.
    """

    silent: tuple[str, ...]
    source: VmReport | None
    target: VmReport | None
    call: OrderReport | None
    elsewhere: tuple[str, ...] = ()
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state that an order is in now, and why; `takes_over` asks for the target to let the VM run.

    `seconds` is how long its call took, None where nobody knows; `never_begun` is as in an order.
    """

    state: OrderState
    detail: str = ""
    seconds: float | None = None
    takes_over: bool = False
    never_begun: bool = False


def look(order: Order, reports: Mapping[str, Report], *, everywhere: bool = False) -> Look:
    """What these reports, by host, say of an order."""
    move = order.move
    both = (move.source, move.target)
    source = reports.get(move.source)
    return Look(
        silent=tuple(host for host in both if host not in reports),
        source=_vm(source, move.uuid),
        target=_vm(reports.get(move.target), move.uuid),
        call=next((each for each in source.orders if each.id == order.id), None) if source else None,
        elsewhere=tuple(
            name for name, report in sorted(reports.items()) if name not in both and runs(_vm(report, move.uuid))
        ),
        everywhere=everywhere,
    )


def verdict(order: Order, seen: Look, now: float) -> Verdict:
    """How the order stands. `under way` is said as long as there is nothing better to say."""
    if seen.silent:
        return _awaited(
            order, seen, now, f"{' and '.join(seen.silent)} did not answer; ask there where {order.move.vm} is"
        )
    if seen.source is None and _lives(seen.target):
        return Verdict(OrderState.DONE, _despite(seen.call, f"runs on {order.move.target}"), _seconds(seen))
    if seen.target is None and _lives(seen.source):
        return _stayed(order, seen, now)
    if order.hands_over and seen.source is None and _waits(seen.target) and not _goes_on(seen.call):
        return replace(_awaited(order, seen, now, _puzzle(order, seen)), takes_over=True)
    if seen.source is None and seen.target is None and seen.elsewhere:
        where = " and ".join(seen.elsewhere)
        why = f"it runs on {where}: somebody else moved it, or the address of {order.move.target} leads there"
        return Verdict(OrderState.FAILED, why, _seconds(seen))
    return _awaited(order, seen, now, _puzzle(order, seen))


def _stayed(order: Order, seen: Look, now: float) -> Verdict:
    """It runs at its source and not at the target: its call has ended, or may still come to something."""
    why = f"it runs on {order.move.source} as before"
    if seen.source is not None and seen.source.note == FALSELY_PAUSED:
        why += f" ({FALSELY_PAUSED}: libvirt calls it so since the move was refused; restart libvirtd there)"
    if _ran_on(seen.source, seen.call):
        return Verdict(OrderState.FAILED, _because(seen.call, why), _seconds(seen))
    if seen.call is None and now - order.started > FORGOTTEN:
        return Verdict(OrderState.FAILED, f"{why}; {order.move.source} never took the order", never_begun=True)
    if seen.call is not None and seen.call.state == "lost" and now - order.started > order.limit:
        return Verdict(OrderState.FAILED, f"{why}; nobody knows how its migration ended")
    return _awaited(order, seen, now, f"{why}, and its migration has not ended")


def _awaited(order: Order, seen: Look, now: float, why: str) -> Verdict:
    """Not decided: under way while that may be, then in doubt."""
    if now - order.started > order.limit:
        return Verdict(
            OrderState.IN_DOUBT, why if _has_ended(seen.call) else f"no end after {order.limit:.0f} s; {why}"
        )
    if _is_new(seen.source) or _is_new(seen.target):
        return Verdict(order.state, order.detail)
    if _has_settled(seen):
        return Verdict(OrderState.IN_DOUBT, why)
    if seen.call is not None and seen.call.state == "under way":
        return Verdict(OrderState.UNDER_WAY)
    return Verdict(order.state, order.detail)


def _has_settled(seen: Look) -> bool:
    """Its call has ended some time ago, and who ought to tell of the VM has been asked."""
    call = seen.call
    nowhere = seen.source is None and seen.target is None
    return (
        _has_ended(call) and call is not None and call.age - call.seconds > SETTLE and (seen.everywhere or not nowhere)
    )


def _puzzle(order: Order, seen: Look) -> str:
    """What it looks like, and what to do: for whoever has to look."""
    move = order.move
    told = f"; the hypervisor said: {seen.call.error}" if seen.call is not None and seen.call.error else ""
    places = ((move.source, seen.source), (move.target, seen.target))
    shown = [(host, _left(vm) if _has_ended(seen.call) else vm) for host, vm in places if vm is not None]
    if not shown:
        return (
            f"neither {move.source} nor {move.target} shows {move.vm}{told}; look with `xl list` on both, then tell: "
            f"xen-balancer resolve {order.id} …"
        )
    if len(shown) == 1:
        return _stands(move.vm, *shown[0]) + told
    return puzzle(shown) + told


def _stands(name: str, host: str, vm: VmReport) -> str:
    if vm.note == UNKNOWN_TO_LIBVIRT:
        return f"{name} is on {host} alone ({vm.state}), and libvirt there does not know of it: look with `xl list`"
    if runs(vm):
        return f"{name} is on {host} alone, called {vm.state}, and its CPU time stands still: look at its console"
    return f"{name} is on {host} alone and does not run ({vm.state}): `virsh resume {name}` there"


def _vm(report: Report | None, uuid: str) -> VmReport | None:
    return next((vm for vm in report.vms if vm.uuid == uuid), None) if report is not None else None


def _lives(vm: VmReport | None) -> bool:
    """It runs, has used CPU time since its host last looked, and libvirt there knows of it."""
    return vm is not None and runs(vm) and (vm.counter.eaten_ns or 0) > 0 and vm.note != UNKNOWN_TO_LIBVIRT


def _is_new(vm: VmReport | None) -> bool:
    """It runs, and its host has seen it once only: whether its CPU time goes on is known the next time."""
    return vm is not None and runs(vm) and vm.counter.eaten_ns is None


def _ran_on(vm: VmReport | None, call: OrderReport | None) -> bool:
    """Its call has ended, and all the time in which the VM is known to have used its CPU was after that.

    What it used before may be the last of it: a guest is stopped at the end of a migration, and a failed one may leave
    it so, called running.
    """
    if vm is None or call is None or not _has_ended(call):
        return False
    return call.age - call.seconds > (vm.counter.interval or 0.0)


def _left(vm: VmReport) -> VmReport:
    """What is on its way for ever, since nobody sends it any more."""
    return changed(vm, state="half-way") if vm.state == ARRIVING else vm


def _waits(vm: VmReport | None) -> bool:
    return vm is not None and vm.state == "paused"


def _has_ended(call: OrderReport | None) -> bool:
    """Its source knows that the call came to an end, good or bad."""
    return call is not None and call.state in {"done", "failed"}


def _goes_on(call: OrderReport | None) -> bool:
    return call is not None and call.state == "under way"


def _despite(call: OrderReport | None, seen: str) -> str:
    return f"{seen}, though the hypervisor said: {call.error}" if call is not None and call.error else ""


def _because(call: OrderReport | None, seen: str) -> str:
    return f"{call.error}; {seen}" if call is not None and call.error else f"its migration ended, and {seen}"


def _seconds(seen: Look) -> float | None:
    """How long the call took by its source's clock, None where that does not know."""
    return seen.call.seconds if seen.call is not None and _has_ended(seen.call) else None


def ends(orders: Iterable[Order]) -> tuple[str, ...]:
    """The hosts of these orders, by name."""
    return tuple(sorted({end for order in orders for end in (order.move.source, order.move.target)}))


def by_host(reports: Iterable[Report]) -> dict[str, Report]:
    """Reports by the host that they are of."""
    return {report.host: report for report in reports}
