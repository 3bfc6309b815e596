"""What each wall of the language means, counted VM by VM as a person would: the planner's judge, and not its kin.

Rule: nothing here may use the planner's walls. A set's members are worked out by the language; what a statement makes
of them is said anew, slowly and plainly, over names.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from math import inf
from types import MappingProxyType
from typing import Final, Self

from balancer.core.figures.scope import Sets
from balancer.core.model import Host, Observation, Order
from dsl.evaluation import Flags
from dsl.syntax import Cap, Keep, Set

Names = frozenset[str]


@dataclass(frozen=True, slots=True)
class Stand:
    """Where every VM is: on one host, or on two while it is on its way; and what memory each host has left, MiB.

    Of a host that did not report nobody knows what it has left.
    """

    hosts: Mapping[str, Host]
    at: Mapping[str, Names]
    memory: Mapping[str, float]
    free: Mapping[str, float]

    @classmethod
    def of(cls, observation: Observation, under_way: tuple[Order, ...]) -> Self:
        """As reported, with the moves under way at both ends. A VM that several hosts report is on all of them."""
        hosts = {host.name: host for host in observation.hosts}
        at: dict[str, Names] = {}
        for vm in observation.vms:
            at[vm.name] = at.get(vm.name, frozenset()) | {vm.host}
        for order in under_way:
            if order.move.vm in at:
                at[order.move.vm] |= {order.move.target} & hosts.keys()
        memory = {vm.name: vm.memory for vm in observation.vms}
        return cls(hosts, at, memory, {host.name: host.memory_free for host in observation.hosts})

    def arriving(self, vm: str, target: str) -> Self:
        """Once the VM is on its way there."""
        free = {**self.free, target: self.free.get(target, inf) - self.memory[vm]}
        return replace(self, at={**self.at, vm: self.at[vm] | {target}}, free=free)

    def arrived(self, vm: str, source: str) -> Self:
        """Once it is gone from its source."""
        free = {**self.free, source: self.free.get(source, inf) + self.memory[vm]}
        return replace(self, at={**self.at, vm: self.at[vm] - {source}}, free=free)

    def on(self, host: str, among: Names) -> list[str]:
        """Those of them that count on that host."""
        return [vm for vm in sorted(among & self.at.keys()) if host in self.at[vm]]

    def staying(self, host: str, among: Names) -> list[str]:
        """Those of them that are there and nowhere else."""
        return [vm for vm in self.on(host, among) if self.at[vm] == {host}]


# -- sets -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Who:
    """The members of sets, by name, as of one round's reports."""

    sets: Sets

    def may_be(self, of: Set, thing: str) -> Names:
        """Who may belong to a set of hosts or VMs: what a wall must reckon with."""
        return self._named(thing, self.sets.members(of).possible)

    def surely(self, of: Set, thing: str) -> Names:
        """Who belongs to it beyond doubt."""
        return self._named(thing, self.sets.members(of).true)

    def _named(self, thing: str, flags: Flags) -> Names:
        return frozenset(str(name) for name in self.sets.reported.names[thing][flags])


# -- keep -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """A `keep` with its members; `others` are the VMs or hosts that it speaks of beside them."""

    keep: Keep
    members: Names
    others: Names = frozenset()

    @classmethod
    def of(cls, keep: Keep, who: Who) -> Self:
        """Who may be meant is kept; company and hosts count only where they are certain."""
        other, how = keep.relation.other, keep.relation.how
        if other is None:
            return cls(keep, who.may_be(keep.vms, "vm"))
        others = {"on": who.surely, "with": who.surely}.get(how, who.may_be)
        return cls(keep, who.may_be(keep.vms, "vm"), others(other, "host" if how == "on" else "vm"))

    def broken(self, stand: Stand) -> int:
        """How badly it is broken; 0 where it holds."""
        return _BROKEN[self.keep.relation.how](self, stand)

    @property
    def is_in_transit(self) -> bool:
        """Whether it may be broken while a group moves as a whole: between the moves of one plan."""
        return self.keep.relation.how in {"together", "with"}


def _pairs(kept: Kept, stand: Stand) -> int:
    """Two members on one host."""
    return sum(len(list(combinations(stand.on(host, kept.members), 2))) for host in stand.hosts)


def _too_many(kept: Kept, stand: Stand) -> int:
    """Members above the cap of a host or domain; without the tag a host belongs to none, and takes nobody."""
    per, cap = str(kept.keep.relation.per), kept.keep.relation.count or 0
    inside: dict[str, set[str]] = {}
    homeless = 0
    for host in stand.hosts.values():
        here = stand.on(host.name, kept.members)
        domains = domains_of(host, per)
        homeless += 0 if domains else len(here)
        for domain in domains:
            inside.setdefault(domain, set()).update(here)
    return homeless + sum(max(0, len(members) - cap) for members in inside.values())


def _mixed(kept: Kept, stand: Stand) -> int:
    """A member and one of the others on one host."""
    return sum(
        len({frozenset((one, other)) for one in stand.on(host, kept.members) for other in stand.on(host, kept.others)
             if one != other})
        for host in stand.hosts
    )  # fmt: skip


def _parted(kept: Kept, stand: Stand) -> int:
    """Members that are not where most of them are."""
    here = [len(stand.on(host, kept.members)) for host in stand.hosts]
    return sum(here) - max(here, default=0)


def _alone(kept: Kept, stand: Stand) -> int:
    """Members on a host where none of the others stays."""
    return sum(len(stand.on(host, kept.members)) for host in stand.hosts if not stand.staying(host, kept.others))


def _astray(kept: Kept, stand: Stand) -> int:
    """Members on a host that is none of those named."""
    return sum(len(stand.on(host, kept.members)) for host in stand.hosts if host not in kept.others)


_BROKEN: Final[Mapping[str, Callable[[Kept, Stand], int]]] = MappingProxyType({
    "apart": _pairs,
    "at_most": _too_many,
    "apart_from": _mixed,
    "together": _parted,
    "with": _alone,
    "on": _astray,
})  # fmt: skip


def domains_of(host: Host, per: str) -> list[str]:
    """What a host is counted in: itself, or what follows the key in its tags (`rack:a` for `rack`)."""
    return [host.name] if per == "host" else [tag for tag in host.tags if tag.startswith(f"{per}:")]


# -- reserve ----------------------------------------------------------------------------------------------------------


def missing_memory(stand: Stand, lost: int, closed: Names) -> float:
    """MiB of what ran on the fullest hosts that would find no room on the others; 0 where the reserve holds.

    The largest first, each VM goes where it leaves least free; hosts that are closed may be lost, and give no room.
    """
    held = {host: sum(stand.memory[vm] for vm in stand.on(host, frozenset(stand.at))) for host in stand.hosts}
    fullest = sorted(held, key=lambda host: (-held[host], host))[:lost]
    gone = {vm for host in fullest for vm in stand.on(host, frozenset(stand.at))}
    room = [stand.free[host] for host in stand.hosts if host not in fullest and host not in closed]
    missing = 0.0
    for size in sorted((stand.memory[vm] for vm in gone), reverse=True):
        fitting = [free for free in room if free >= size]
        if fitting:
            room[room.index(min(fitting))] -= size
        else:
            missing += size
    return missing


# -- limit ------------------------------------------------------------------------------------------------------------

PERIODS: Final[Mapping[str, float]] = MappingProxyType({"hour": 3600.0, "day": 86400.0})


def over_the_limit(cap: Cap, orders: tuple[Order, ...], hosts: Mapping[str, Host]) -> Iterator[tuple[int, str]]:
    """Rounds and orders that began although the budget was used up; those that never were begun cost nothing."""
    begun = [order for order in orders if not order.never_begun]
    for place, order in enumerate(begun):
        counted = [each for each in begun[:place] if _counts(cap, each, order)]
        for domain in sorted(_ends(cap, order, hosts)):
            used = [each for each in counted if domain in _ends(cap, each, hosts)]
            if len(used) >= cap.count:
                where = f" at {domain}" if domain else ""
                yield order.round, f"{order.move.vm} to {order.move.target} began, {len(used)} already{where}"


def _counts(cap: Cap, earlier: Order, order: Order) -> bool:
    if cap.period is None:
        return earlier.ended is None or earlier.ended > order.started
    if cap.period == "round":
        return earlier.round == order.round
    return order.started - earlier.started < PERIODS[cap.period]


def _ends(cap: Cap, order: Order, hosts: Mapping[str, Host]) -> set[str]:
    """What the order is counted in: the whole farm, or the domains of both ends."""
    if cap.per is None:
        return {""}
    ends = [hosts[name] for name in (order.move.source, order.move.target) if name in hosts]
    return {domain for host in ends for domain in domains_of(host, cap.per)}
