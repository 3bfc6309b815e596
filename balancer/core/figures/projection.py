"""The farm as columns: one array per figure, as reported and as it would be after the moves planned so far.

Rule: this is the one value in the core that changes. It is made within one planning, seen by nobody else, and its
columns are changed by `depart`/`move` alone; hosts and VMs keep their places in the arrays, by name.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from balancer.core.model import Observation, Order, OrderState, Spread, State
from dsl.evaluation import Column, Flags
from dsl.facts import read
from dsl.syntax import Kind

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


EMPTY: Final = State()


class Projection:
    """Columns over `observation.hosts` and `observation.vms`, in their order; `state` is what is remembered."""

    def __init__(self, observation: Observation, state: State = EMPTY) -> None:
        hosts, vms = observation.hosts, observation.vms
        self.observation = observation
        self.state = state
        self.place = {host.name: index for index, host in enumerate(hosts)}
        self.cores = _floats(host.cores for host in hosts)
        self.total = _floats(host.memory for host in hosts)
        self.used = _floats(host.memory - host.memory_free for host in hosts)
        self.load = _floats(host.load for host in hosts)
        self.busy = _floats(host.busy for host in hosts)
        self.where: Places = np.array([self.place[vm.host] for vm in vms], dtype=np.intp)
        self.cpu = _floats(vm.cpu for vm in vms)
        self.memory = _floats(vm.memory for vm in vms)
        self.vm_vcpus = _floats(vm.vcpus for vm in vms)
        self.vms = np.bincount(self.where, minlength=len(hosts)).astype(float)
        self.vcpus = np.bincount(self.where, weights=self.vm_vcpus, minlength=len(hosts))
        self.host_moves = np.zeros(len(hosts))
        self.vm_moves = np.zeros(len(vms))
        self.moves_under_way = 0
        self.moves_in_doubt = 0
        self.failures = 0
        self.host_failures = np.zeros(len(hosts))
        self.vm_failures = np.zeros(len(vms))
        self.leaving: Flags = np.zeros(len(vms), dtype=bool)
        self.past: dict[Any, Any] = {}
        """What was made of the history already."""
        self._figures: dict[tuple[str, str], Floats] = {}
        self._facts: dict[tuple[str, Kind], Column] = {}
        self.arrivals: list[tuple[int, int]] = []
        """VMs under way, with the host each is bound for: they count at both ends."""
        self.departed: set[str] = set()
        """Hosts that such a VM leaves."""

    @classmethod
    def with_orders(cls, observation: Observation, state: State, settling: float = 0.0) -> Self:
        """The reports, with the moves under way counted at both ends and those that failed since the last round.

        A move that is done, and whose VM a report still shows at its source, counts as under way for `settling`
        seconds: the report is older than the end of the move, or the move was only rehearsed. Only the VM's latest such
        move counts: a later one may have brought it back.
        """
        projection = cls(observation, state)
        latest = {order.move.uuid: order for order in state.orders if order.state is OrderState.DONE}
        for order in state.orders:
            if order.is_open:
                projection.moves_under_way += 1
                projection.depart(order)
            elif order is latest.get(order.move.uuid):
                if projection.still_shows(order) and observation.now - (order.ended or 0.0) < settling:
                    projection.depart(order)
            elif order.state is OrderState.FAILED and state.time <= (order.ended or 0.0) < observation.now:
                projection.failed(order)
        return projection

    def remember(self, state: State) -> None:
        """What is remembered once this round is in it."""
        self.state = state

    @property
    def share(self) -> Floats:
        """Busy share of each host, 0-1, Domain-0 included."""
        return self.busy / self.cores

    @property
    def free(self) -> Floats:
        """Free memory of each host, MiB."""
        return self.total - self.used

    @cached_property
    def names(self) -> Mapping[str, Column]:
        """Names by kind of thing, in place order."""
        hosts, vms = self.observation.hosts, self.observation.vms
        return {"host": _objects(host.name for host in hosts), "vm": _objects(vm.name for vm in vms)}

    @cached_property
    def unmeasured(self) -> Flags:
        """Hosts with a VM of which nobody knows what it uses: they are busier than they look."""
        return np.bincount(self.where[np.isnan(self.cpu)], minlength=len(self.cores)) > 0

    @cached_property
    def shared_names(self) -> frozenset[str]:
        """Names that more than one VM bears."""
        return frozenset(name for name, count in Counter(vm.name for vm in self.observation.vms).items() if count > 1)

    def facts(self, name: str, kind: Kind) -> Column:
        """A fact of all hosts, read as that kind; asked again, it is remembered."""
        key = name, kind
        if key not in self._facts:
            self._facts[key] = read((host.facts.get(name) for host in self.observation.hosts), kind)
        return self._facts[key]

    def figures(self, thing: str, field: str) -> Floats:
        """A field of all hosts or VMs that no move changes, as numbers; asked again, it is remembered."""
        key = thing, field
        if key not in self._figures:
            things = self.observation.vms if thing == "vm" else self.observation.hosts
            self._figures[key] = _floats(getattr(each, field) for each in things)
        return self._figures[key]

    @cached_property
    def _vm_places(self) -> dict[str, list[int]]:
        places: dict[str, list[int]] = {}
        for index, vm in enumerate(self.observation.vms):
            places.setdefault(vm.uuid, []).append(index)
        return places

    def places_of(self, uuid: str) -> list[int]:
        """Where a VM stands in the columns: more than once where several hosts report it."""
        return self._vm_places.get(uuid, [])

    def planned(self, thing: str) -> Column:
        """How many moves are planned so far: from and to each host, of each VM, or of the whole farm."""
        moves: Mapping[str, Column] = {"host": self.host_moves, "vm": self.vm_moves, "farm": self.vm_moves.sum()}
        return moves[thing]

    def failed(self, order: Order) -> None:
        """A move that has failed since the last round."""
        self.failures += 1
        self.vm_failures[self.places_of(order.move.uuid)] += 1
        self.host_failures[[self.place[end] for end in _ends(order) if end in self.place]] += 1

    def depart(self, order: Order) -> None:
        """A move under way: its CPU is reckoned at the target, its memory and the VM itself at both ends."""
        self.moves_in_doubt += order.state is OrderState.IN_DOUBT
        self.departed.add(order.move.source)
        places = self.places_of(order.move.uuid)
        self.leaving[places] = True
        for vm in places:
            if self.observation.vms[vm].host == order.move.source:
                self._at_both_ends(vm, self.place.get(order.move.target))

    def still_shows(self, order: Order) -> bool:
        """Whether a VM whose move is done is reported at its source and nowhere else."""
        shown = [self.observation.vms[place].host for place in self.places_of(order.move.uuid)]
        return order.state is OrderState.DONE and shown == [order.move.source]

    def _at_both_ends(self, vm: int, target: int | None) -> None:
        self._shift(vm, self.where[vm], -1)
        if target is not None:
            self._shift(vm, target, 1)
            self.used[target] += self.memory[vm]
            self.vms[target] += 1
            self.vcpus[target] += self.vm_vcpus[vm]
            self.arrivals.append((vm, target))

    def move(self, vm: int, target: int) -> None:
        """A planned move: the VM is at the target from now on."""
        source = self.where[vm]
        for place, sign in ((source, -1), (target, 1)):
            self._shift(vm, place, sign)
            self.used[place] += sign * self.memory[vm]
            self.vms[place] += sign
            self.vcpus[place] += sign * self.vm_vcpus[vm]
            self.host_moves[place] += 1
        self.vm_moves[vm] += 1
        self.where[vm] = target

    def copy(self) -> Self:
        """Another one to plan on, as this one is now."""
        other = copy(self)
        for column in ("used", "load", "busy", "where", "vms", "vcpus", "host_moves", "vm_moves"):
            setattr(other, column, getattr(self, column).copy())
        return other

    def as_one(self, vms: Sequence[int]) -> Self:
        """The same farm with the first of these VMs as large as all of them: what a host would be with the lot."""
        lot = copy(self)
        for name in ("cpu", "memory", "vm_vcpus"):
            figures = getattr(self, name).copy()
            figures[vms[0]] = figures[list(vms)].sum()
            setattr(lot, name, figures)
        return lot

    def count(self, members: Flags) -> Floats:
        """How many of these VMs are on each host, or bound for it."""
        counted = np.bincount(self.where[members], minlength=len(self.cores)).astype(float)
        for vm, target in self.arrivals:
            counted[target] += members[vm]
        return counted

    @property
    def bound(self) -> Places:
        """Where each VM is, or is bound for; only to be looked at."""
        if not self.arrivals:
            return self.where
        bound = self.where.copy()
        for vm, target in self.arrivals:
            bound[vm] = target
        return bound

    def spread(self) -> Spread:
        """How even the farm is now; unknown hosts are left out."""
        share, load = self.share[~np.isnan(self.busy)], self.load
        return Spread(_max(share), _std(share), _max(load), _std(load))

    def _shift(self, vm: int, place: Any, sign: int) -> None:
        cpu = self.cpu[vm]
        self.busy[place] += sign * cpu
        self.load[place] = max(0.0, self.load[place] + sign * (0.0 if np.isnan(cpu) else cpu))


def _ends(order: Order) -> tuple[str, str]:
    return order.move.source, order.move.target


def _floats(values: Iterable[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _objects(values: Iterable[str]) -> Column:
    return np.array(list(values), dtype=object)


def _max(values: Column) -> float:
    return float(values.max()) if values.size else 0.0


def _std(values: Column) -> float:
    return float(values.std()) if values.size else 0.0
