"""What no move may break, and what always holds whatever the rules say.

Rule: a wall answers two questions for whole columns: which VMs of a host may not leave, and which hosts may not receive
a VM. Who belongs to it uncertainly counts as belonging: unknown counts against moving.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from agents.report import FALSELY_PAUSED, RUNNING, UNKNOWN_TO_LIBVIRT
from balancer.core.figures.projection import Places, Projection
from balancer.core.model import Observation
from dsl.evaluation import Column, Flags
from dsl.syntax import Kind

NOTES: Final = (FALSELY_PAUSED, UNKNOWN_TO_LIBVIRT)
"""What a report may note of a VM; another one comes from a newer agent, and nobody knows what it means."""


@dataclass(frozen=True, slots=True)
class Barred:
    """Which of a column of candidates are refused, why, and by which numbers where there are any.

    `line` is that of the statement that refuses them, None where the rules do not say it.
    """

    flags: Flags
    reason: str
    line: int | None = None
    value: Column | None = None
    limit: Column | None = None
    kind: Kind = Kind.NUMBER


class Wall:
    """One thing that no move may break. `kind` is the step that wants the move, such as rules.

    Alone it bars nothing: each wall says what it bars.
    """

    __slots__ = ()

    @property
    def concerns(self) -> Flags | None:
        """The VMs that it speaks of; None: of all."""
        return None

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:
        """Which of these VMs may not leave their host at all."""
        return iter(())

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """Which hosts may not receive this VM."""
        return iter(())

    def is_tight(self, projection: Projection, memory: float) -> bool:
        """Whether moves of so much memory in all, begun side by side, might break what none breaks in its turn."""
        return False


class Mendable(Wall, ABC):
    """A wall that may stand broken before anything moves. `rule` is the statement that it is of.

    Whether it does is asked of the places that VMs are bound for: what is under way need not be mended again.
    """

    __slots__ = ()

    rule: str
    text: str
    line: int

    @abstractmethod
    def strays(self, projection: Projection) -> float:
        """How far from what the statement wants; 0 where it is whole."""

    @abstractmethod
    def against(self, projection: Projection) -> Flags:
        """The VMs that it is about where it is broken; none where it is whole."""

    def menders(self, projection: Projection) -> Flags:
        """The VMs any one of which may make it less broken by moving."""
        return self.against(projection)


@dataclass(frozen=True, slots=True)
class Always(Wall):
    """Only a running VM moves, that one host alone reports, that holds no device of its host and is not under way.

    `kept` are the VMs that stay, by reason; reasons that keep nobody are left out.
    """

    doubted: Flags
    kept: Mapping[str, Flags]

    @classmethod
    def of(cls, observation: Observation) -> Self:
        """By what the reports say of each VM."""
        doubted, vms = {doubt.uuid for doubt in observation.doubts}, observation.vms
        kept = {
            "not running": [vm.state not in RUNNING for vm in vms],
            **{note: [vm.note == note for vm in vms] for note in NOTES},
            "unknown": [bool(vm.note) for vm in vms],
            "passthrough": [vm.passthrough for vm in vms],
        }
        return cls(
            np.array([vm.uuid in doubted for vm in vms], dtype=bool),
            {reason: np.array(flags, dtype=bool) for reason, flags in kept.items() if any(flags)},
        )

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:
        """State, device, doubt, under way."""
        yield Barred(self.doubted[vms], "in doubt")
        yield Barred(projection.leaving[vms], "under way")
        for reason, flags in self.kept.items():
            yield Barred(flags[vms], reason)
        yield Barred(projection.vm_moves[vms] > 0, "moved already")

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """Not where it is, not where a VM of its name is."""
        name = projection.names["vm"][vm]
        if name in projection.shared_names:
            namesakes = projection.names["vm"] == name
            namesakes[vm] = False
            yield Barred(projection.count(namesakes) > 0, "same name")


@dataclass(frozen=True, slots=True)
class Closed(Wall):
    """Hosts that take nothing: drained, in maintenance, not measured, or in doubt; the last give nothing either."""

    reason: str
    hosts: Flags
    gives: bool = True
    line: int | None = None

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:
        """All of theirs, where they give nothing."""
        if not self.gives:
            yield Barred(self.hosts[projection.where[vms]], self.reason, self.line)

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """None of them."""
        yield Barred(self.hosts, self.reason, self.line)


@dataclass(frozen=True, slots=True)
class Memory(Wall):
    """The VM's memory must be free at the target."""

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """Where it does not fit, or nobody knows."""
        free = projection.free
        fits = free >= projection.memory[vm]
        yield Barred(~fits, "memory", value=np.asarray(projection.memory[vm]), limit=free, kind=Kind.SIZE)
