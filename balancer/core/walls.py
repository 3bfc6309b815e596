"""What no move may break: the statements `keep` and `never`, and what always holds whatever the file says.

Rule: a wall answers two questions for whole columns: which VMs of a host may not leave, and which hosts may not
receive a VM. Who belongs to it uncertainly counts as belonging: unknown counts against moving.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from balancer.core.model import Observation, Order, OrderState, State
from balancer.core.projection import Floats, Places, Projection
from balancer.core.scope import ClauseScope, Sets, of_targets
from dsl.evaluation import Column, Flags, truth
from dsl.ruleset import RestTimes, Ruleset
from dsl.syntax import All, Keep, Kind, Never, Set

MOVABLE = frozenset({"running", "blocked"})


@dataclass(frozen=True, slots=True)
class Barred:
    """Which of a column of candidates are refused, why, and by which numbers where there are any."""

    flags: Flags
    reason: str
    line: int | None = None
    value: Column | None = None
    limit: Column | None = None
    kind: Kind = Kind.NUMBER


class Wall(Protocol):
    """One thing that no move may break. `kind` is the step that wants the move: drains, rules."""

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:
        """Which of these VMs may not leave their host at all."""
        ...

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """Which hosts may not receive this VM."""
        ...


class KeepWall(Wall, Protocol):
    """A wall about neighbourhood, which may stand broken before anything moves."""

    def strays(self, projection: Projection) -> int:
        """How many VMs are where the statement does not want them."""
        ...


def walls(
    rules: Ruleset, sets: Sets, observation: Observation, state: State, projection: Projection
) -> tuple[Wall, ...]:
    """All walls of a round, the cheapest and most final first."""
    untouchable = _untouchable(observation, state.orders)
    drained = np.zeros(len(observation.hosts), dtype=bool)
    for drain in rules.drains:
        drained |= sets.members(drain.hosts, projection).true
    doubtful = np.array([host.name in untouchable for host in observation.hosts], dtype=bool)
    return (
        Always(frozenset(doubt.uuid for doubt in observation.doubts)),
        Closed("in doubt", doubtful),
        Closed("maintenance", np.array([host.maintenance for host in observation.hosts], dtype=bool)),
        Closed("drain", drained),
        Quiet(rules.rest, state.orders, observation.now),
        *(keep_wall(keep, sets, projection) for keep in rules.keeps),
        *(never_wall(never, sets, projection) for never in rules.nevers),
        Memory(),
    )


def _untouchable(observation: Observation, orders: Iterable[Order]) -> frozenset[str]:
    """Hosts on which something is in doubt: neither source nor target of anything."""
    doubtful = {host for doubt in observation.doubts for host in doubt.hosts}
    for order in orders:
        if order.state is OrderState.IN_DOUBT:
            doubtful |= {order.move.source, order.move.target}
    return frozenset(doubtful)


@dataclass(frozen=True, slots=True)
class Always:
    """Only a running VM moves, that one host alone reports, that holds no device of its host and is not under way."""

    doubted: frozenset[str]

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:  # noqa: ARG002  (the port's)
        """State, device, doubt, under way."""
        seen = [projection.observation.vms[vm] for vm in vms]
        yield Barred(np.array([vm.uuid in self.doubted for vm in seen], dtype=bool), "in doubt")
        yield Barred(projection.leaving[vms], "under way")
        yield Barred(np.array([vm.state not in MOVABLE for vm in seen], dtype=bool), "not running")
        yield Barred(np.array([vm.passthrough for vm in seen], dtype=bool), "passthrough")
        yield Barred(projection.vm_moves[vms] > 0, "moved already")

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:  # noqa: ARG002  (the port's)
        """Not where it is, not where a VM of its name is."""
        namesakes = projection.names["vm"] == projection.names["vm"][vm]
        namesakes[vm] = False
        if namesakes.any():
            yield Barred(projection.count(namesakes) > 0, "same name")


@dataclass(frozen=True, slots=True)
class Closed:
    """Hosts that take nothing: drained, in maintenance, or part of a doubt, which bars leaving as well."""

    reason: str
    hosts: Flags

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:  # noqa: ARG002  (the port's)
        """A doubt is left alone at both ends."""
        if self.reason == "in doubt":
            yield Barred(self.hosts[projection.where[vms]], self.reason)

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:  # noqa: ARG002  (the port's)
        """None of them."""
        yield Barred(self.hosts, self.reason)


@dataclass(frozen=True, slots=True)
class Quiet:
    """What has just moved rests. It binds the rules; drains do not wait."""

    times: RestTimes
    orders: tuple[Order, ...]
    now: float

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:
        """VMs that moved less than `rest vm` ago."""
        if kind == "rules":
            tired = {order.move.uuid: since for order, since in self._ended() if since < self.times.vm}
            since = np.array([tired.get(projection.observation.vms[vm].uuid, np.inf) for vm in vms], dtype=float)
            yield Barred(np.isfinite(since), "rest", value=since, limit=np.asarray(self.times.vm), kind=Kind.TIME)

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """Hosts that took part in a move less than `rest host` ago, and those this VM left a while ago."""
        if kind != "rules":
            return
        resting, left = np.full(len(projection.cores), np.inf), np.full(len(projection.cores), np.inf)
        for order, since in self._ended():
            for end in (order.move.source, order.move.target):
                if since < self.times.host and end in projection.place:
                    resting[projection.place[end]] = since
            if (
                order.state is OrderState.DONE
                and order.move.uuid == projection.observation.vms[vm].uuid
                and since < self.times.no_return
                and order.move.source in projection.place
            ):
                left[projection.place[order.move.source]] = since
        yield Barred(np.isfinite(resting), "rest", value=resting, limit=np.asarray(self.times.host), kind=Kind.TIME)
        yield Barred(np.isfinite(left), "no return", value=left, limit=np.asarray(self.times.no_return), kind=Kind.TIME)

    def resting(self, host: str) -> bool:
        """Whether a host has taken part in a move less than `rest host` ago."""
        return any(
            since < self.times.host and host in (order.move.source, order.move.target) for order, since in self._ended()
        )

    def _ended(self) -> Iterator[tuple[Order, float]]:
        """Ended orders with the seconds since; a clock that jumped back makes nothing older or younger than now."""
        return ((order, max(0.0, self.now - order.ended)) for order in self.orders if order.ended is not None)


@dataclass(frozen=True, slots=True)
class Memory:
    """The VM's memory must be free at the target."""

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:  # noqa: ARG002  (the port's)
        """Nothing leaves less."""
        return iter(())

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:  # noqa: ARG002  (the port's)
        """Where it does not fit, or nobody knows."""
        free = projection.free
        fits = free >= projection.memory[vm]
        yield Barred(
            ~fits, "memory", value=np.broadcast_to(projection.memory[vm], free.shape), limit=free, kind=Kind.SIZE
        )


@dataclass(frozen=True, slots=True)
class Apart:
    """`keep S apart`: never two on one host."""

    members: Flags
    text: str
    line: int

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:  # noqa: ARG002  (the port's)
        """To leave never hurts."""
        return iter(())

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:  # noqa: ARG002  (the port's)
        """Hosts that have another member, or await one."""
        if self.members[vm]:
            others = self.members.copy()
            others[vm] = False
            yield Barred(projection.count(others) > 0, self.text, self.line)

    def strays(self, projection: Projection) -> int:
        """Every member beyond the first of its host."""
        return int(np.maximum(_standing(projection, self.members) - 1, 0).sum())


@dataclass(frozen=True, slots=True)
class Beside:
    """`keep S with S2`: each of S has one of S2 on its host. A wall that was broken before may stay so, not spread."""

    members: Flags
    company: Flags
    text: str
    line: int

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:  # noqa: ARG002  (the port's)
        """The last of the company may not leave members alone."""
        members, company = projection.count(self.members), projection.count(self.company)
        where = projection.where[vms]
        alone = members[where] - self.members[vms] > 0
        yield Barred(self.company[vms] & (company[where] == 1) & alone, self.text, self.line)

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:  # noqa: ARG002  (the port's)
        """A member goes only where company is."""
        if self.members[vm] and not self.company[vm]:
            staying = self.company & ~projection.leaving
            yield Barred(projection.count(staying) == 0, self.text, self.line)

    def strays(self, projection: Projection) -> int:
        """Every member on a host without company."""
        alone = _standing(projection, self.company) == 0
        return int((_standing(projection, self.members) * alone).sum())


@dataclass(frozen=True, slots=True)
class On:
    """`keep S on H`: S only there."""

    members: Flags
    hosts: Flags
    text: str
    line: int

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:  # noqa: ARG002  (the port's)
        """Where it goes is what matters."""
        return iter(())

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:  # noqa: ARG002  (the port's)
        """Every host that is not certainly one of them."""
        if self.members[vm]:
            yield Barred(~self.hosts, self.text, self.line)

    def strays(self, projection: Projection) -> int:
        """Every member elsewhere."""
        return int((self.members & ~self.hosts[projection.where]).sum())


@dataclass(frozen=True, slots=True)
class NeverMove:
    """`never move S from H to H2 except …`."""

    members: Flags
    sources: Flags | None
    target: Set | None
    sets: Sets
    excepted: tuple[str, ...]
    text: str
    line: int

    def leaving(self, projection: Projection, vms: Places, kind: str) -> Iterator[Barred]:
        """Without a target, the VM stays."""
        if self.target is None and kind not in self.excepted:
            yield Barred(self._concerned(projection, vms), self.text, self.line)

    def arriving(self, projection: Projection, vm: int, kind: str) -> Iterator[Barred]:
        """With a target, these hosts are closed to it."""
        if self.target is not None and kind not in self.excepted and self._concerned(projection, np.array([vm])).all():
            yield Barred(self._targets(projection, vm), self.text, self.line)

    def _concerned(self, projection: Projection, vms: Places) -> Flags:
        concerned = self.members[vms]
        return concerned if self.sources is None else concerned & self.sources[projection.where[vms]]

    def _targets(self, projection: Projection, vm: int) -> Flags:
        """The target's test may speak of this very journey, so it is asked anew for each VM."""
        if isinstance(self.target, All) and self.target.test is not None:
            scope: ClauseScope = of_targets(projection, self.sets, vm)
            return np.broadcast_to(truth(self.target.test, scope).possible, projection.cores.shape)
        assert self.target is not None, "asked only where there is a target"
        return self.sets.members(self.target, projection).possible


def broken(rules: Ruleset, sets: Sets, reported: Projection) -> int:
    """How many VMs stand against a `keep`, as reported."""
    return sum(keep_wall(keep, sets, reported).strays(reported) for keep in rules.keeps)


def _standing(projection: Projection, members: Flags) -> Floats:
    """How many of these VMs run on each host, wherever they are bound for."""
    return np.bincount(projection.where[members], minlength=len(projection.cores)).astype(float)


def keep_wall(keep: Keep, sets: Sets, projection: Projection) -> KeepWall:
    """The wall that a `keep` statement builds."""
    members = sets.members(keep.vms, projection).possible
    text, line, other = keep.text, keep.span.line, keep.relation.other
    match keep.relation.how:
        case "apart":
            return Apart(members, text, line)
        case "with" if other is not None:
            return Beside(members, sets.members(other, projection).true, text, line)
        case "on" if other is not None:
            return On(members, sets.members(other, projection).true, text, line)
    raise AssertionError(f"the checker refuses what is not built: {text}")


def never_wall(never: Never, sets: Sets, projection: Projection) -> Wall:
    """The wall that a `never move` statement builds."""
    return NeverMove(
        members=sets.members(never.vms, projection).possible,
        sources=None if never.source is None else sets.members(never.source, projection).possible,
        target=never.target,
        sets=sets,
        excepted=never.excepted,
        text=never.text,
        line=never.span.line,
    )
