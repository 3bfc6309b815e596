"""The output of 2010, for whoever still reads it: same words, same order, so that old scripts go on working.

Rule: hosts by name, loads to two places, CPU seconds to one. What that balancer did not know (a frozen farm, a held
move, a failed round) is told in its manner. "slice" is its word for a VM and stands here alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TextIO

from balancer.adapters.rehearsal import MODE as DRY_RUN
from balancer.core.assessment import is_reached
from balancer.core.formats import printable
from balancer.core.model import Decision, Host, Observation, Order, OrderState, Streak, Vm
from balancer.ports import (
    Event,
    MovedByOthers,
    OperatorActed,
    OrderChanged,
    OrderHeld,
    RoundDecided,
    RoundLost,
    RulesRead,
    StaysBroken,
    StrangerSeen,
    Waiting,
)
from dsl.ruleset import Ruleset

STEPS: Final = ("max VMs", "max load")
"""The labels of the gates of classic.rules: what a candidate has to pass, in this order."""

_OUTCOMES: Final[Mapping[OrderState, str]] = MappingProxyType({
    OrderState.INTENT: "trying to migrate {vm} from {source} to {target}{address}",
    OrderState.DONE: "Successfully migrated {vm} !",
    OrderState.FAILED: "Failed to migrate {vm} : {detail}",
    OrderState.IN_DOUBT: "Nobody knows where {vm} is : {detail}",
})  # fmt: skip

_REHEARSED: Final[Mapping[OrderState, str]] = MappingProxyType({
    OrderState.DONE: "would migrate {vm} from {source} to {target}{address}",
})  # fmt: skip

_BY_MODE: Final[Mapping[str, Mapping[OrderState, str]]] = MappingProxyType({DRY_RUN: _REHEARSED})


_ASIDES: Final[Mapping[type, str]] = MappingProxyType({
    Waiting: "[+] sleeping for {0.seconds:.0f} seconds",
    OrderHeld: "[+] not migrating {0.vm} : {0.why}",
    RoundLost: "[+] nothing is done this round : {0.why}",
    RulesRead: "[+] rules cannot be run with, keeping the old ones : {0.problem}",
    OperatorActed: "[+] {0.action} by {0.who}",
    MovedByOthers: "[+] somebody else moved {0.journey.vm} from {0.journey.source} to {0.journey.target}",
    StrangerSeen: "[+] a second balancer is at work : {0.host} has its order {0.order}",
    StaysBroken: "[+] cannot be mended : {0.wall.text} : {0.wall.why}",
})  # fmt: skip


class Classic:
    """Prints every event on a stream as `mc-xen-balancer` did.

    `addresses` are the hosts' by name; `rules` gives those in force, whose `for` says when a host is overloaded.
    """

    def __init__(self, stream: TextIO, addresses: Mapping[str, str], rules: Callable[[], Ruleset]) -> None:
        self._stream = stream
        self._addresses = addresses
        self._rules = rules

    def record(self, event: Event) -> None:
        """Print the event."""
        for line in self._lines(event):
            print(printable(line), file=self._stream, flush=True)

    def _lines(self, event: Event) -> Iterable[str]:
        match event:
            case RoundDecided():
                return self._round(event)
            case OrderChanged(order=order):
                return self._order(order)
            case RulesRead(problem=None):
                return ()
            case _:
                return (_ASIDES[type(event)].format(event),)

    def _round(self, event: RoundDecided) -> Iterator[str]:
        decision, observation = event.decision, event.decision.observation
        streaks = _longest(decision.state.streaks)
        for host in observation.hosts:
            yield from _host(host, _vms_on(observation, host.name), is_hot=host.name in streaks)
        if decision.plan.frozen is not None:
            yield f"[+] doing nothing : {decision.plan.frozen}"
            return
        for streak in self._overloaded(decision):
            yield f"[+] {streak.host} has {streak.rounds} threshold overload"
            if _vms_on(observation, streak.host):
                yield from _search(decision, streak.host, event.interval)

    def _order(self, order: Order) -> Iterable[str]:
        move = order.move
        address = self._addresses.get(move.target)
        sentence = _BY_MODE.get(order.mode, _OUTCOMES).get(order.state, "")
        return () if not sentence else (
            sentence.format(
                vm=move.vm, source=move.source, target=move.target, detail=order.detail,
                address=f" ({address})" if address else "",
            ),
        )  # fmt: skip

    def _overloaded(self, decision: Decision) -> list[Streak]:
        """The longest reached streak of each host, hosts by name."""
        holds = {rule.name: rule.when.hold for rule in self._rules().rules}
        reached = [each for each in decision.state.streaks if each.rule in holds and is_reached(each, holds[each.rule])]
        return sorted(_longest(reached).values(), key=lambda each: each.host)


def _host(host: Host, vms: tuple[Vm, ...], *, is_hot: bool) -> Iterator[str]:
    yield f"[+] {host.name} : {round(host.load, 2)} load and {len(vms)} slice(s) running"
    if not is_hot:
        yield f"[+] init/reset load counter for {host.name}"
    if not vms:
        yield f"[+] {host.name} has no slices consuming CPU time"
    for vm in vms:
        eaten = "with 0 CPU time" if vm.is_new else f"with {round(vm.eaten, 1)} CPU time eaten"
        yield (
            f"[+] {'added' if vm.is_new else 'updated'} {vm.name} on {host.name} {eaten}"
            f" (registered {round(vm.counter, 1)} as a reference)"
        )


def _search(decision: Decision, host: str, interval: float) -> Iterator[str]:
    """How a VM and its target were looked for on an overloaded host."""
    yield f"[+] Time to see if we can migrate a VM from {host}"
    tried = _tried(decision, host)
    for vm in tried:
        yield f"[+] VM key : {host}-{vm.name}"
        yield f"[+] Time consumed in a run (interval is {interval:g}s) : {round(vm.eaten, 1)}"
        yield from _candidates(decision, vm)
    if not tried:
        yield f"[+] no slice may leave {host}, doing nothing"


def _tried(decision: Decision, host: str) -> list[Vm]:
    """The VMs that were to leave a host: those that do, else the first one for which no host was found."""
    vms = {vm.name: vm for vm in _vms_on(decision.observation, host)}
    moved = [move.vm for move in decision.plan.moves if move.source == host]
    stuck = [each.vm for each in decision.plan.rejections if each.host is not None and each.vm in vms]
    return [vms[name] for name in moved or stuck[:1] if name in vms]


def _candidates(decision: Decision, vm: Vm) -> Iterator[str]:
    """Which hosts were left after each step; one that something else refused was never a candidate."""
    refused = {each.host: each.reason for each in decision.plan.rejections if each.vm == vm.name}
    others = [host.name for host in decision.observation.hosts if host.name != vm.host]
    for number, label in enumerate(STEPS, 1):
        later = {None, *STEPS[number:]}
        passed = [name for name in others if refused.get(name) in later]
        yield from (f"[+] {name} is a candidate for being a host (step {number} : {label})" for name in passed)
    if all(name in refused for name in others):
        yield "[+] no candidate left, doing nothing"


def _vms_on(observation: Observation, host: str) -> tuple[Vm, ...]:
    return tuple(vm for vm in observation.vms if vm.host == host)


def _longest(streaks: Iterable[Streak]) -> dict[str, Streak]:
    """Each host's longest streak."""
    return {each.host: each for each in sorted(streaks, key=lambda each: each.rounds)}
