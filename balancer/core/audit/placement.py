"""Whether VMs can be placed at all as some statements want them: a question with three answers, of which one is told.

Rule: bounds first (who is left without a host, too many for too few places, too large for any), then a search with a
budget. It answers why not, or nothing: there is a way, or nobody knows. VMs that memory alone ties are not searched.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain, pairwise
from operator import or_

from balancer.core.audit.search import Group, Search
from balancer.core.audit.wishes import (
    AtMost,
    Beside,
    Ground,
    Hosts,
    Only,
    Parted,
    Together,
    Wish,
    concerned,
    hosts_of,
    numbers_of,
)
from balancer.core.wording import spoken
from dsl.syntax import Kind


def why_not(wishes: Sequence[Wish], ground: Ground) -> str | None:
    """Why the VMs cannot be placed as all of these want them; None where they can, or where nobody knows."""
    allowed = _allowed(wishes, ground)
    for vm, hosts in allowed.items():
        if not hosts:
            return f"no host is left for {ground.names[vm]}"
    groups = [Group.of(members, allowed, ground) for members in _joined(allowed, wishes, Together)]
    puzzle = _Puzzle(wishes, ground, {vm: group for group in groups for vm in group.vms})
    reasons = chain(_too_large(groups, ground), puzzle.at_odds(), puzzle.too_many(), puzzle.alone())
    return next(chain(reasons, puzzle.searched()), None)


def _allowed(wishes: Iterable[Wish], ground: Ground) -> dict[int, Hosts]:
    """The hosts that are left for each VM of which the wishes speak."""
    everywhere = (1 << len(ground.room)) - 1
    allowed: dict[int, Hosts] = {}
    for wish in wishes:
        hosts = everywhere
        if isinstance(wish, Only):
            hosts = wish.hosts
        elif isinstance(wish, AtMost):
            hosts = hosts_of(host for host, domains in wish.domains.items() if domains)
        for vm in concerned(wish):
            allowed[vm] = allowed.get(vm, everywhere) & (hosts if vm in wish.vms else everywhere)
    return allowed


def _joined(vms: Iterable[int], wishes: Iterable[Wish], *kinds: type) -> list[frozenset[int]]:
    """The VMs in the parts that wishes of these kinds tie together."""
    leader = {vm: vm for vm in vms}

    def first(vm: int) -> int:
        while leader[vm] != vm:
            leader[vm] = leader[leader[vm]]
            vm = leader[vm]
        return vm

    for wish in wishes:
        if isinstance(wish, kinds):
            for one, other in pairwise(sorted(concerned(wish))):
                leader[first(other)] = first(one)
    parts: dict[int, set[int]] = {}
    for vm in leader:
        parts.setdefault(first(vm), set()).add(vm)
    return [frozenset(part) for part in parts.values()]


def _too_large(groups: Sequence[Group], ground: Ground) -> Iterator[str]:
    most_room = {
        hosts: max(ground.room[host] for host in numbers_of(hosts)) for hosts in {g.hosts for g in groups} if hosts
    }
    for group in groups:
        if not group.hosts:
            yield "no host is left for all that are together"
        elif group.size > (most := most_room[group.hosts]):
            size, room = spoken(group.size, Kind.SIZE), spoken(most, Kind.SIZE)
            who = "together they need" if len(group.vms) > 1 else f"{ground.names[min(group.vms)]} needs"
            yield f"{who} {size}, no host left has more than {room}"


@dataclass(frozen=True, slots=True)
class _Puzzle:
    """Wishes about groups, each of which has a host that is left for it."""

    wishes: Sequence[Wish]
    ground: Ground
    group: Mapping[int, Group]

    def at_odds(self) -> Iterator[str]:
        """Groups that are to be together and apart."""
        for wish in self.wishes:
            if isinstance(wish, AtMost) and any(count > wish.count for count in self._counted(wish).values()):
                yield "they cannot be both together and apart"
            if isinstance(wish, Parted) and self._meet(wish):
                yield "they cannot be both together and apart"

    def too_many(self) -> Iterator[str]:
        """More VMs than places, or more memory than room, on hosts that some of them cannot leave."""
        for wish in self.wishes:
            if isinstance(wish, AtMost):
                yield from self._too_many(wish)
        need_of: dict[Hosts, float] = {}
        for group in set(self.group.values()):
            need_of[group.hosts] = need_of.get(group.hosts, 0.0) + group.size
        for hosts in _closed(need_of):
            need = sum(size for reached, size in need_of.items() if not reached & ~hosts)
            room = sum(self.ground.room[host] for host in numbers_of(hosts))
            if need > room:
                yield f"they need {spoken(need, Kind.SIZE)}, the hosts left have {spoken(room, Kind.SIZE)}"

    def alone(self) -> Iterator[str]:
        """Who can never meet company."""
        for wish in self.wishes:
            if isinstance(wish, Beside):
                for vm in sorted(wish.vms - wish.company):
                    if not any(self.group[vm].hosts & self.group[other].hosts for other in wish.company):
                        yield f"no host is left for {self.ground.names[vm]} with company"

    def searched(self) -> Iterator[str]:
        """What only trying finds, part by part."""
        for part in _joined(self.group, self.wishes, AtMost, Parted, Together, Beside):
            groups = list(dict.fromkeys(self.group[vm] for vm in sorted(part)))
            if len(groups) > 1 and Search(self.wishes, groups, self.ground).fails():
                yield "there is no way to place them"

    def _counted(self, wish: AtMost) -> Counter[Group]:
        return Counter(self.group[vm] for vm in wish.vms)

    def _meet(self, wish: Parted) -> bool:
        pairs = ((vm, other) for vm in wish.vms for other in self.group[vm].vms & wish.others)
        return any(vm != other for vm, other in pairs)

    def _too_many(self, wish: AtMost) -> Iterator[str]:
        """By the first domain of each host: what is there fills it, whatever else it fills."""
        wanted_on: Counter[Hosts] = Counter()
        for group, count in self._counted(wish).items():
            wanted_on[group.hosts] += count
        reach = {hosts: hosts_of({wish.domains[host][0] for host in numbers_of(hosts)}) for hosts in wanted_on}
        for domains in _closed(reach.values()):
            wanted = sum(count for hosts, count in wanted_on.items() if not reach[hosts] & ~domains)
            places = wish.count * domains.bit_count()
            if wanted > places:
                count = domains.bit_count()
                take = f"{wish.per} takes" if count == 1 else f"{wish.per}s take"
                yield f"with at most {wish.count} per {wish.per}, {count} {take} {places} of them, not {wanted}"


def _closed(sets: Iterable[Hosts]) -> Iterator[Hosts]:
    """Each distinct set, the smallest first, and all of them together: what lies within one cannot get out."""
    distinct = sorted(set(sets), key=lambda each: (each.bit_count(), each))
    yield from distinct
    yield reduce(or_, distinct, 0)
