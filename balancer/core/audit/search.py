"""Trying out where some VMs may go, until a way is found, all ways are tried, or the budget is spent.

Rule: only “all ways are tried” is an answer. It always ends, and the same question has the same answer.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Final, Self

from balancer.core.audit.wishes import AtMost, Beside, Ground, Hosts, Parted, Wish, concerned, numbers_of

BUDGET: Final = 5000
"""Placements that one search tries."""
SEARCHED: Final = 100
"""Groups that are searched at all; of more, nobody knows."""
_NOWHERE: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """VMs that go to one host, whichever: most are one alone."""

    vms: frozenset[int]
    hosts: Hosts
    size: float

    @classmethod
    def of(cls, vms: frozenset[int], allowed: Mapping[int, Hosts], ground: Ground) -> Self:
        """VMs that are together, on the hosts that are left for all of them."""
        hosts = reduce(and_, (allowed[vm] for vm in vms))
        return cls(vms, hosts, sum(ground.sizes[vm] for vm in vms))


class _OutOfBudgetError(Exception):
    """Nobody knows."""


class Search:
    """One search: groups, what is wished of them, and what has been placed so far."""

    def __init__(self, wishes: Sequence[Wish], groups: Sequence[Group], ground: Ground) -> None:
        self._groups = sorted(groups, key=lambda each: (each.hosts.bit_count(), -each.size, min(each.vms)))
        self._of_vm = {vm: group for group in groups for vm in group.vms}
        self._wishes = [each for each in wishes if concerned(each) & self._of_vm.keys()]
        self._room = list(ground.room)
        self._alike = _alike(self._wishes, self._groups, self._room)
        self._place: dict[Group, int] = {}
        self._left = BUDGET

    def fails(self) -> bool:
        """Whether every way was tried and none is left."""
        if len(self._groups) > SEARCHED:
            return False
        try:
            return not self._placed(0)
        except _OutOfBudgetError:
            return False

    def _placed(self, number: int) -> bool:
        """Whether the groups from this one on find places beside those that have theirs."""
        if number == len(self._groups):
            return True
        group = self._groups[number]
        return any(self._tried(group, host, number) for host in self._candidates(group))

    def _candidates(self, group: Group) -> Iterator[int]:
        """Hosts with room; of empty hosts that are alike, the first."""
        used, tried = set(self._place.values()), set[int]()
        for host in numbers_of(group.hosts):
            kind = self._alike[host]
            if self._room[host] >= group.size and (host in used or kind not in tried):
                tried |= set() if host in used else {kind}
                yield host

    def _tried(self, group: Group, host: int, number: int) -> bool:
        self._left -= 1
        if self._left < 0:
            raise _OutOfBudgetError
        self._place[group] = host
        self._room[host] -= group.size
        found = all(self._may_hold(wish) for wish in self._wishes) and self._placed(number + 1)
        self._room[host] += group.size
        del self._place[group]
        return found

    def _may_hold(self, wish: Wish) -> bool:
        """Whether what is placed so far leaves a wish its chance."""
        match wish:
            case AtMost(vms=vms, count=count, domains=domains):
                held = Counter(domain for vm in vms if vm in self._of_vm for domain in domains.get(self._host(vm), ()))
                return all(number <= count for number in held.values())
            case Parted(vms=vms, others=others):
                return not any(
                    vm != other and self._host(vm) == self._host(other) != _NOWHERE
                    for vm in vms & self._of_vm.keys() for other in others & self._of_vm.keys()
                )  # fmt: skip
            case Beside(vms=vms, company=company):
                return all(self._may_meet(vm, company) for vm in (vms - company) & self._of_vm.keys())
            case _:
                return True

    def _may_meet(self, vm: int, company: frozenset[int]) -> bool:
        host = self._host(vm)
        if host == _NOWHERE:
            return True
        met = (self._of_vm[other] for other in company & self._of_vm.keys())
        return any(self._place.get(each, host) == host and each.hosts >> host & 1 for each in met)

    def _host(self, vm: int) -> int:
        return self._place.get(self._of_vm[vm], _NOWHERE)


def _alike(wishes: Sequence[Wish], groups: Sequence[Group], room: Sequence[float]) -> Mapping[int, int]:
    """The kind of each host: two of one kind are the same to all groups and wishes."""
    kinds: dict[object, int] = {}
    shared = [_shared(wish) for wish in wishes if isinstance(wish, AtMost)]
    return {
        host: kinds.setdefault(
            (size, tuple(group.hosts >> host & 1 for group in groups), tuple(each.get(host, ()) for each in shared)),
            len(kinds),
        )
        for host, size in enumerate(room)
    }


def _shared(wish: AtMost) -> Mapping[int, tuple[int, ...]]:
    """The domains of each host that it is not alone in."""
    size = Counter(domain for domains in wish.domains.values() for domain in domains)
    return {host: tuple(each for each in domains if size[each] > 1) for host, domains in wish.domains.items()}
