"""What is left alone because it went wrong, because a host would not have it, or because nobody may touch it.

Rule: failures are forgotten by success and by an operator's `resume` alone. Who fails waits longer each time; a host
that failed twice in a row gives and takes nothing; after three failures in an hour the whole farm rests. These walls
bind every step, drains too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from agents.report import can_do_all, is_as_new, lacking
from balancer.core.figures.projection import Places, Projection
from balancer.core.model import Observation, Order, OrderState, Refusal, State
from balancer.core.walls.wall import Barred, Wall
from dsl.evaluation import Column, Flags
from dsl.syntax import Kind

VM_WAITS: Final = 900.0
"""Seconds that a VM rests after its first failure; each further one in a row doubles them."""
PAIR_WAITS: Final = 3600.0
"""The same of a VM and one target."""
LONGEST: Final = 86400.0
REFUSED_WAITS: Final = 600.0
"""Seconds in which nobody who refused a VM is asked again."""
ANY: Final = "*"
"""In the key of a pair: whichever target."""
HOST_FAILURES: Final = 2
FARM_FAILURES: Final = 3
FARM_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Strikes:
    """How often in a row something failed, and when last."""

    count: int = 0
    last: float = 0.0

    def waits(self, first: float) -> float:
        """How long it rests after its latest failure, s."""
        return min(LONGEST, first * 2.0 ** (self.count - 1)) if self.count else 0.0


def strikes(orders: Iterable[Order], resumed: float, keys: Callable[[Order], Iterable[str]]) -> dict[str, Strikes]:
    """By key, the failures since the last success there, and since an operator's `resume`."""
    counted: dict[str, Strikes] = {}
    for order in sorted(orders, key=_ended):
        for key in keys(order):
            if order.state is OrderState.DONE:
                counted.pop(key, None)
            elif _failed(order, resumed):
                counted[key] = Strikes(counted.get(key, Strikes()).count + 1, _ended(order))
    return counted


def _failed(order: Order, resumed: float) -> bool:
    """It went wrong, once it had begun, and nobody has forgiven it."""
    is_failure = order.state is OrderState.FAILED and not order.never_begun
    return is_failure and order.ended is not None and order.ended > resumed


def held_against(orders: Sequence[Order], resumed: float) -> frozenset[str]:
    """The ids of failures that still count for their VM, pair or a host, and of the successes that count against that.

    Both are to be remembered: without the success a failure that it has forgiven would stand again.
    """
    since = {
        key: order for order in sorted(orders, key=_ended) if order.state is OrderState.DONE for key in _keys(order)
    }
    failures = [order for order in orders if _failed(order, resumed)]
    held = [
        order
        for order in failures
        if any(key not in since or _ended(since[key]) < _ended(order) for key in _keys(order))
    ]
    forgiving = {since[key].id for order in held for key in _keys(order) if key in since}
    return frozenset(order.id for order in held) | forgiving


def _keys(order: Order) -> tuple[tuple[str, str], ...]:
    """All that an order counts for."""
    kinds = {"vm": of_vm, "pair": of_pair, "host": of_hosts}
    return tuple((kind, key) for kind, keys in kinds.items() for key in keys(order))


def _ended(order: Order) -> float:
    return order.ended or 0.0


def of_vm(order: Order) -> tuple[str, ...]:
    """An order counts for its VM."""
    return (order.move.uuid,)


def of_pair(order: Order) -> tuple[str, ...]:
    """An order counts for its VM and target."""
    return (pair(order.move.uuid, order.move.target),)


def of_hosts(order: Order) -> tuple[str, ...]:
    """An order counts for both of its hosts."""
    return order.move.source, order.move.target


def pair(uuid: str, target: str) -> str:
    """The key of a VM and a target."""
    return f"{uuid} {target}"


def failing_hosts(state: State) -> Mapping[str, Strikes]:
    """Hosts that are left alone, each with its failures in a row."""
    return {host: each for host, each in strikes_by_host(state).items() if each.count >= HOST_FAILURES}


def strikes_by_host(state: State) -> Mapping[str, Strikes]:
    """Hosts on which the last moves failed."""
    return strikes(state.orders, state.resumed, of_hosts)


def halting(state: State, now: float) -> str | None:
    """Why nothing more may be ordered at all, or None."""
    recent = [
        order
        for order in state.orders
        if _failed(order, state.resumed) and now - _ended(order) < FARM_SECONDS
    ]  # fmt: skip
    if len(recent) < FARM_FAILURES:
        return None
    last = max(recent, key=_ended)
    return f"{len(recent)} moves failed within an hour, the last {last.move.vm} to {last.move.target}: {last.detail}"


@dataclass(frozen=True, slots=True)
class BackOff(Wall):
    """What failed lately waits: a VM for any target, a VM and a target longer, whatever was refused a while.

    `remembered` are the VMs, by uuid, that failed to reach or were refused by anybody: of the others nothing is said.
    """

    vms: Mapping[str, Strikes]
    pairs: Mapping[str, Strikes]
    refusals: Mapping[str, Refusal]
    now: float
    remembered: frozenset[str]

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:
        """VMs whose last moves failed, and those that their source would not let go."""
        if not self.vms and not self.refusals:
            return
        names = [projection.observation.vms[vm].uuid for vm in vms]
        yield self._waiting([self.vms.get(name, Strikes()) for name in names], VM_WAITS)
        yield from self._refused([pair(name, ANY) for name in names])

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """Hosts to which this VM failed to go, and those that refused it when asked just before."""
        uuid, hosts = projection.observation.vms[vm].uuid, projection.observation.hosts
        if uuid not in self.remembered:
            return
        keys = [pair(uuid, host.name) for host in hosts]
        yield self._waiting([self.pairs.get(key, Strikes()) for key in keys], PAIR_WAITS)
        yield from self._refused(keys)

    def _refused(self, keys: Sequence[str]) -> Iterator[Barred]:
        for reason in sorted({self.refusals[key].reason for key in keys if key in self.refusals}):
            flags = [key in self.refusals and self.refusals[key].reason == reason for key in keys]
            yield Barred(np.array(flags, dtype=bool), "refused", value=np.asarray(reason, dtype=object), kind=Kind.TEXT)

    def _waiting(self, failures: list[Strikes], first: float) -> Barred:
        waits = np.array([each.waits(first) for each in failures], dtype=float)
        since = np.array([max(0.0, self.now - each.last) for each in failures], dtype=float)
        return Barred(since < waits, "failed lately", value=since, limit=waits, kind=Kind.TIME)


def back_off(state: State, now: float) -> BackOff:
    """The wall that the past has built."""
    recent = {pair(each.uuid, each.target or ANY): each for each in state.refusals if now - each.time < REFUSED_WAITS}
    vms, pairs = (strikes(state.orders, state.resumed, keys) for keys in (of_vm, of_pair))
    remembered = frozenset(key.partition(" ")[0] for key in (*pairs, *recent))
    return BackOff(vms, pairs, recent, now, remembered)


@dataclass(frozen=True, slots=True)
class Own(Wall):
    """The VM that the balancer itself runs in, by its uuid or its name."""

    vm: str

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:
        """It stays."""
        seen = [projection.observation.vms[vm] for vm in vms]
        yield Barred(np.array([self.vm in {vm.uuid, vm.name} for vm in seen], dtype=bool), "runs xen-balancer")


@dataclass(frozen=True, slots=True)
class Machine:
    """What hosts may be alike in: a farm has many hosts and few kinds of them."""

    offers: frozenset[str]
    cpu: str | None
    xen: str | None


@dataclass(frozen=True, slots=True)
class Fit(Wall):
    """A VM goes where all that it needs is offered, to CPUs that can do all that its own can, to no older Xen.

    `kinds` says of each host which of the `machines` it is; `known` is what was looked at before.
    """

    machines: tuple[Machine, ...]
    kinds: Places
    known: dict[tuple[tuple[str, ...], int], tuple[Barred, ...]] = field(default_factory=dict)

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:
        """What has a disk of its host's own can go nowhere."""
        local = [_first(projection.observation.vms[vm].needs, "local") for vm in vms]
        flags = np.array([each is not None for each in local], dtype=bool)
        if flags.any():
            yield Barred(flags, "local disk", value=np.array(local, dtype=object), kind=Kind.TEXT)

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """Hosts that lack something, told by the first thing that they lack."""
        needs, source = projection.observation.vms[vm].needs, int(self.kinds[projection.where[vm]])
        if (needs, source) not in self.known:
            self.known[needs, source] = tuple(self._barred(needs, self.machines[source]))
        yield from self.known[needs, source]

    def _barred(self, needs: tuple[str, ...], source: Machine) -> Iterator[Barred]:
        lacks = [next(iter(lacking(needs, each.offers)), None) for each in self.machines]
        for what in sorted({each.partition(":")[0] for each in lacks if each is not None}):
            flags = [each is not None and each.partition(":")[0] == what for each in lacks]
            names = [each and each.partition(":")[2] for each in lacks]
            yield Barred(self._hosts(flags), f"no {what}", value=self._texts(names), kind=Kind.TEXT)
        yield Barred(self._hosts([not can_do_all(source.cpu, each.cpu) for each in self.machines]), "CPU features")
        older = [not is_as_new(source.xen, each.xen) for each in self.machines]
        versions, limit = self._texts([each.xen for each in self.machines]), np.asarray(source.xen, dtype=object)
        yield Barred(self._hosts(older), "older Xen", value=versions, limit=limit, kind=Kind.TEXT)

    def _hosts(self, flags: list[bool]) -> Flags:
        """Of each host, what is so of its kind."""
        return np.array(flags, dtype=bool)[self.kinds]

    def _texts(self, texts: list[str | None]) -> Column:
        return np.array(texts, dtype=object)[self.kinds]


def fit(observation: Observation) -> Fit:
    """The wall between the hosts of an observation."""
    numbers: dict[Machine, int] = {}
    each = (Machine(host.offers, host.cpu, host.xen) for host in observation.hosts)
    kinds = [numbers.setdefault(machine, len(numbers)) for machine in each]
    return Fit(tuple(numbers), np.array(kinds, dtype=int))


def _first(needs: tuple[str, ...], kind: str) -> str | None:
    return next((each.partition(":")[2] for each in needs if each.startswith(f"{kind}:")), None)
