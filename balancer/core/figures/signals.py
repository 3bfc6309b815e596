"""What the rules can speak of: one row per signal, with its kind, its meaning and how it is read off the columns.

Rule: a new signal is one row here (and a field in `model` where it is a new figure). Of a host a share, of a VM an
amount. `after` is the host's figure once a given VM has arrived there; rows without it do not change by a move.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from balancer.core.figures.projection import Projection
from dsl.evaluation import Column
from dsl.syntax import Kind
from dsl.units import version_number
from dsl.vocabulary import Vocabulary, Word


@dataclass(frozen=True, slots=True)
class Signal:
    """One name of the language.

    `phrase` is how a value is told of its owner: `{}` stands for the value, a second one for its plural's s. `whole`
    is the name that this one is a part of, for whoever writes a share where an amount is; `can_be_even` marks what
    `balance` can even out. What is `counted` is what happens, and begins anew each round; what is `discrete` is a whole
    number.
    """

    owner: str
    name: str
    kind: Kind
    meaning: str
    of: Callable[[Projection], Column]
    after: Callable[[Projection, int], Column] | None = None
    phrase: str = ""
    whole: str = ""
    can_be_even: bool = False
    counted: bool = False
    discrete: bool = False


def _numbers(values: list[float | None]) -> Column:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _texts(values: list[str | None]) -> Column:
    return np.array(values, dtype=object)


def _share(part: Column, whole: Column) -> Column:
    """Unknown where there is no whole."""
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0)


def _one(value: float) -> Column:
    return np.asarray(value, dtype=float)


SIGNALS: Final = (
    Signal("host", "cpu", Kind.SHARE, "busy share of its cores, Domain-0 included",
           lambda p: p.share, lambda p, vm: (p.busy + p.cpu[vm]) / p.cores, can_be_even=True),
    Signal("host", "memory", Kind.SHARE, "share of its memory in use, Domain-0 included",
           lambda p: _share(p.used, p.total), lambda p, vm: _share(p.used + p.memory[vm], p.total),
           can_be_even=True),
    Signal("host", "load", Kind.NUMBER, "1-minute run queue",
           lambda p: p.load, lambda p, vm: p.load + p.cpu[vm], can_be_even=True),
    Signal("host", "contention", Kind.SHARE, "share of its time in which Domain-0 had to wait for a CPU",
           lambda p: p.figures("host", "contention")),
    Signal("host", "cores", Kind.NUMBER, "physical CPUs", lambda p: p.cores),
    Signal("host", "vms", Kind.NUMBER, "VMs on it",
           lambda p: p.vms, lambda p, _: p.vms + 1, discrete=True),
    Signal("host", "vcpus", Kind.NUMBER, "sum of its VMs' vCPUs",
           lambda p: p.vcpus, lambda p, vm: p.vcpus + p.vm_vcpus[vm], discrete=True),
    Signal("host", "memory_free", Kind.SIZE, "memory that no domain holds",
           lambda p: p.free, lambda p, vm: p.free - p.memory[vm]),
    Signal("host", "memory_total", Kind.SIZE, "physical memory", lambda p: p.total),
    Signal("host", "age", Kind.TIME, "time since it booted",
           lambda p: p.figures("host", "uptime")),
    Signal("host", "moves", Kind.NUMBER, "moves planned to or from it this round",
           lambda p: p.host_moves, lambda p, _: p.host_moves + 1, counted=True),
    Signal("host", "failures", Kind.NUMBER, "moves to or from it that failed since the last round",
           lambda p: p.host_failures, counted=True),
    Signal("host", "xen", Kind.VERSION, "version of its hypervisor",
           lambda p: _numbers([version_number(host.xen) if host.xen else None for host in p.observation.hosts])),
    Signal("host", "cpu_group", Kind.TEXT, "hosts of one group have like CPUs",
           lambda p: _texts([host.cpu_group for host in p.observation.hosts])),
    Signal("host", "maintenance", Kind.BOOL, "its operator wants it empty",
           lambda p: p.figures("host", "maintenance")),
    Signal("vm", "cpu", Kind.NUMBER, "busy CPUs: 1 is one CPU full",
           lambda p: p.cpu, phrase="uses {} CPU{}", whole="vcpus"),
    Signal("vm", "memory", Kind.SIZE, "memory it holds", lambda p: p.memory, phrase="holds {}"),
    Signal("vm", "share", Kind.SHARE, "its CPU as a share of its host's cores",
           lambda p: p.cpu / p.cores[p.where], phrase="uses {} of its host"),
    Signal("vm", "cpu_time", Kind.TIME, "CPU seconds eaten since its last report",
           lambda p: p.figures("vm", "eaten"), phrase="ate {} of CPU"),
    Signal("vm", "vcpus", Kind.NUMBER, "virtual CPUs", lambda p: p.vm_vcpus, discrete=True),
    Signal("vm", "age", Kind.TIME, "time since it was first seen; a move does not reset it",
           lambda p: p.figures("vm", "age")),
    Signal("vm", "moves", Kind.NUMBER, "its moves planned this round", lambda p: p.vm_moves, counted=True),
    Signal("vm", "failures", Kind.NUMBER, "its moves that failed since the last round",
           lambda p: p.vm_failures, counted=True),
    Signal("vm", "passthrough", Kind.BOOL, "it holds a device of its host",
           lambda p: p.figures("vm", "passthrough")),
    Signal("farm", "reports", Kind.SHARE, "share of the expected hosts that reported",
           lambda p: _one(p.observation.complete)),
    Signal("farm", "cpu", Kind.SHARE, "busy share of all cores", lambda p: _share(p.busy.sum(), p.cores.sum())),
    Signal("farm", "memory", Kind.SHARE, "share of all memory in use", lambda p: _share(p.used.sum(), p.total.sum())),
    Signal("farm", "hosts", Kind.NUMBER, "hosts that reported",
           lambda p: _one(len(p.observation.hosts)), discrete=True),
    Signal("farm", "vms", Kind.NUMBER, "VMs on them", lambda p: _one(len(p.observation.vms)), discrete=True),
    Signal("farm", "moves", Kind.NUMBER, "moves under way", lambda p: _one(p.moves_under_way), counted=True),
    Signal("farm", "failures", Kind.NUMBER, "moves that failed since the last round",
           lambda p: _one(p.failures), counted=True),
)  # fmt: skip

TABLE: Final[Mapping[tuple[str, str], Signal]] = MappingProxyType({(each.owner, each.name): each for each in SIGNALS})

VOCABULARY: Final = Vocabulary.of(
    Word(
        each.owner,
        each.name,
        each.kind,
        each.meaning,
        whole=each.whole,
        can_be_even=each.can_be_even,
        counted=each.counted,
        discrete=each.discrete or each.counted,
    )
    for each in SIGNALS
)
