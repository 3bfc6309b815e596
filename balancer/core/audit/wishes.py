"""What statements want of the places of VMs, each VM and each host a number.

Rule: certain members and possible hosts, so that what cannot be had of these cannot be had at all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

Hosts = int
"""A set of hosts: bit N is host N."""


@dataclass(frozen=True, slots=True)
class Only:
    """These VMs on these hosts alone."""

    vms: frozenset[int]
    hosts: Hosts


@dataclass(frozen=True, slots=True)
class AtMost:
    """So many of these VMs in each domain; `domains` are those of each host, and a host of none takes no VM.

    `per` is what a domain is called: host, or the key of a tag.
    """

    vms: frozenset[int]
    count: int
    domains: Mapping[int, tuple[int, ...]]
    per: str = "host"


@dataclass(frozen=True, slots=True)
class Parted:
    """No host has one of each; who is on both sides is no pair with himself."""

    vms: frozenset[int]
    others: frozenset[int]


@dataclass(frozen=True, slots=True)
class Together:
    """All on one host."""

    vms: frozenset[int]


@dataclass(frozen=True, slots=True)
class Beside:
    """Each of these VMs has one of the company on its host; company may be its own."""

    vms: frozenset[int]
    company: frozenset[int]


Wish = Only | AtMost | Parted | Together | Beside


@dataclass(frozen=True, slots=True)
class Ground:
    """What all VMs stand on: the room of each host and the size of each VM, MiB, and the VMs' names for telling."""

    room: Sequence[float]
    sizes: Sequence[float]
    names: Sequence[str]


def concerned(wish: Wish) -> frozenset[int]:
    """The VMs of which a wish speaks."""
    match wish:
        case Parted(vms=vms, others=others) | Beside(vms=vms, company=others):
            return vms | others
        case _:
            return wish.vms


def hosts_of(numbers: Iterable[int]) -> Hosts:
    """These hosts as a set."""
    return sum(1 << host for host in numbers)


def numbers_of(hosts: Hosts) -> Iterator[int]:
    """The hosts of a set, in order."""
    while hosts:
        yield (hosts & -hosts).bit_length() - 1
        hosts &= hosts - 1
