"""From reports to what is so: who answered, what every VM ate since its reference, what is in doubt.

Rule: a counter is compared with its own past only. One that is new, runs backwards or changes identity (vm, host, boot,
domain id) is a new reference and eats nothing this round. The order in which reports came changes nothing. A VM that is
on its way is where it still runs; where it arrives it is no VM yet.
"""

from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from agents.report import ARRIVING, RUNNING, Counter, Report, VmReport
from balancer.core.model import (
    Doubt,
    Gathering,
    Host,
    Journey,
    Observation,
    Order,
    OrderState,
    Reference,
    Sighting,
    State,
    Vm,
)
from balancer.core.orders.puzzles import puzzle
from dsl.hours import WallTime

OWN: Final = "Domain-0"
STOLEN: Final = "stolen"
FORGET_SIGHTING: Final = 7 * 86400.0
SLACK: Final = 1.05
"""Nothing eats more than its CPUs; counters and clocks are read one after the other, hence five per cent."""
DIGITS: Final = 9
"""Of a rate. What is beyond is the noise of divisions and sums, and noise must not decide between equals."""
SHORTEST: Final = 0.5
"""Seconds an agent's own interval must have before a rate is made of it."""

Key = tuple[str, str, str, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation, and what of it must be remembered."""

    observation: Observation
    references: tuple[Reference, ...]
    sightings: tuple[Sighting, ...]


def observe(
    state: State, gathering: Gathering, now: float, wall: Mapping[str, WallTime] = MappingProxyType({})
) -> Seen:
    """Compare this round's reports with the references of earlier ones."""
    refused = Tally(gathering.refused)
    reports = _usable(gathering, refused)
    past = _Past(state, now)
    for report in reports:
        past.take(report, refused)
    answered = {report.host for report in reports}
    arrivals = _arrivals(past.vms, state, now)
    ours = _ours(state)
    observation = Observation(
        round=state.round + 1,
        now=now,
        hosts=tuple(past.hosts),
        vms=tuple(sorted(past.vms, key=lambda vm: (vm.name, vm.host, vm.uuid))),
        silent=tuple(sorted(set(gathering.expected) - answered)),
        doubts=_doubts(reports, state.orders),
        expected=len(gathering.expected),
        refused=dict(sorted(refused.items())),
        found=tuple(each for each in gathering.discovered if not each.takes_part),
        closed=gathering.closed,
        journeys=tuple(each for each in arrivals if (each.uuid, each.target) not in ours),
        arrivals=arrivals,
        wall=wall,
    )
    return Seen(observation, past.references(set(observation.silent)), past.sightings())


def _usable(gathering: Gathering, refused: Tally[str]) -> list[Report]:
    """Reports of expected hosts, one each, by name. Two different answers of one host make both worthless."""
    by_host: dict[str, list[Report]] = {}
    for report in gathering.reports:
        by_host.setdefault(report.host, []).append(report)
    expected = set(gathering.expected)
    usable = []
    for host, reports in sorted(by_host.items()):
        if host not in expected:
            refused["unknown host"] += len(reports)
        elif any(report != reports[0] for report in reports):
            refused["conflicting answers"] += len(reports)
        else:
            usable.append(reports[0])
    return usable


@dataclass(frozen=True, slots=True)
class _Eaten:
    """What a counter says: CPU seconds since its reference, busy CPUs (None: no interval), whether it is new."""

    seconds: float
    rate: float | None
    is_new: bool


class _Past:
    """The references and sightings of earlier rounds, and those this round leaves behind."""

    def __init__(self, state: State, now: float) -> None:
        self.now = now
        self.hosts: list[Host] = []
        self.vms: list[Vm] = []
        self._old: Mapping[Key, Reference] = {_key(each): each for each in state.references}
        self._new: dict[Key, Reference] = {}
        self._before: Mapping[str, Sighting] = {each.uuid: each for each in state.sightings}
        self._sightings = dict(self._before)
        self._met: set[str] = set()

    def take(self, report: Report, refused: Tally[str]) -> None:
        vms = [self._vm(report, vm, refused) for vm in report.vms if vm.state != ARRIVING]
        own = self._own(report, refused)
        self.hosts.append(_host(report, _busy(own, vms), self._contention(report, refused)))
        self.vms.extend(vms)

    def references(self, silent: set[str]) -> tuple[Reference, ...]:
        """Those of this round; a silent host's counters wait for its next word."""
        kept = {key: each for key, each in self._old.items() if each.host in silent}
        return tuple(each for _, each in sorted((kept | self._new).items()))

    def sightings(self) -> tuple[Sighting, ...]:
        recent = (each for each in self._sightings.values() if self.now - each.last_seen < FORGET_SIGHTING)
        return tuple(sorted(recent, key=lambda each: each.uuid))

    def _vm(self, report: Report, vm: VmReport, refused: Tally[str]) -> Vm:
        """The VM, or a copy of it that a move has left behind: that one does not run, and says nothing of the VM.

        One that runs in several places, as for a moment at the end of a move, is where it was before.
        """
        reference = _reference(report, vm.uuid, vm.domain_id, vm.counter)
        eaten = self._eaten(reference, vm.counter, float(vm.vcpus), refused)
        sighting = self._sightings.get(vm.uuid)
        is_copy = sighting is not None and vm.state not in RUNNING and sighting.host not in {None, report.host}
        known = sighting.cpu if sighting and not is_copy else None
        is_measured = eaten.rate is not None and (known is None or not eaten.is_new)
        cpu = eaten.rate if is_measured else known
        first = min(sighting.first_seen, self.now) if sighting else self.now
        if not is_copy:
            before = self._before.get(vm.uuid) if vm.uuid in self._met else None
            place = report.host if before is None else before.host
            self._sightings[vm.uuid] = Sighting(vm.uuid, first, self.now, cpu, place)
            self._met.add(vm.uuid)
        return Vm(
            uuid=vm.uuid, name=vm.name, host=report.host, state=vm.state, vcpus=vm.vcpus, memory=vm.memory_mb, cpu=cpu,
            eaten=eaten.seconds, counter=vm.counter.cpu_ns / 1e9, is_new=eaten.is_new, age=self.now - first,
            passthrough=vm.passthrough, tags=vm.tags, domain_id=vm.domain_id, needs=vm.needs, note=vm.note,
        )  # fmt: skip

    def _own(self, report: Report, refused: Tally[str]) -> _Eaten | None:
        if report.own is None:
            return None
        return self._eaten(_reference(report, OWN, 0, report.own), report.own, report.cores, refused)

    def _contention(self, report: Report, refused: Tally[str]) -> float | None:
        """The share of its time in which Domain-0 had to wait for a CPU."""
        if report.stolen is None:
            return None
        return self._eaten(_reference(report, STOLEN, 0, report.stolen), report.stolen, 1.0, refused).rate

    def _eaten(self, new: Reference, counter: Counter, cpus: float, refused: Tally[str]) -> _Eaten:
        key = _key(new)
        self._new[key] = new
        old = self._old.get(key)
        if old is None or new.cpu_ns < old.cpu_ns or new.instant <= old.instant:
            return _Eaten(0.0, _own_rate(counter, cpus) if old is None else None, is_new=True)
        seconds = (new.cpu_ns - old.cpu_ns) / 1e9
        rate = round(seconds / (new.instant - old.instant), DIGITS)
        if not _plausible(rate, cpus):
            refused["implausible counter"] += 1
            return _Eaten(0.0, None, is_new=True)
        return _Eaten(seconds, rate, is_new=False)


def _own_rate(counter: Counter, cpus: float) -> float | None:
    """The agent's own delta: it knew this counter before we did, so that our first round is not blind."""
    if counter.eaten_ns is None or counter.interval is None or counter.interval < SHORTEST:
        return None
    rate = round(counter.eaten_ns / 1e9 / counter.interval, DIGITS)
    return rate if _plausible(rate, cpus) else None


def _plausible(rate: float, cpus: float) -> bool:
    return not cpus or rate <= cpus * SLACK


def _reference(report: Report, uuid: str, domain_id: int, counter: Counter) -> Reference:
    return Reference(uuid, report.host, report.boot_id, domain_id, counter.cpu_ns, counter.instant)


def _key(reference: Reference) -> Key:
    return reference.uuid, reference.host, reference.boot_id, reference.domain_id


def _busy(own: _Eaten | None, vms: Iterable[Vm]) -> float | None:
    """Busy CPUs of a host, Domain-0 included; None while that, or every VM, has not been measured over an interval."""
    rates = [vm.cpu for vm in vms]
    known = [rate for rate in rates if rate is not None]
    if (own is not None and own.rate is None) or (rates and not known):
        return None
    return round(sum(known) + (own.rate or 0.0 if own is not None else 0.0), DIGITS)


def _host(report: Report, busy: float | None, contention: float | None) -> Host:
    return Host(
        name=report.host, boot_id=report.boot_id, cores=report.cores, memory=report.memory_mb,
        memory_free=report.memory_free_mb, load=report.load, busy=busy, uptime=report.uptime,
        maintenance=report.maintenance, tags=report.tags, xen=report.xen, cpu_group=report.cpu_group,
        contention=contention, cpu=report.cpu, offers=frozenset(report.offers), facts=report.facts,
    )  # fmt: skip


def _doubts(reports: Iterable[Report], orders: Iterable[Order]) -> tuple[Doubt, ...]:
    """VMs that more than one place reports, unless an order under way between just these hosts explains it."""
    places: dict[str, list[tuple[str, VmReport]]] = {}
    for report in reports:
        for vm in report.vms:
            places.setdefault(vm.uuid, []).append((report.host, vm))
    explained = {(each.move.uuid, frozenset((each.move.source, each.move.target))) for each in orders if each.is_open}
    return tuple(
        Doubt(uuid, seen[0][1].name, tuple(sorted(host for host, _ in seen)), puzzle(seen))
        for uuid, seen in sorted(places.items())
        if len(seen) > 1 and (uuid, frozenset(host for host, _ in seen)) not in explained
    )


def _arrivals(vms: Iterable[Vm], state: State, now: float) -> tuple[Journey, ...]:
    """VMs that run elsewhere than when last seen."""
    was = {each.uuid: each.host for each in state.sightings}
    places: dict[str, list[Vm]] = {}
    for vm in vms:
        if vm.state in RUNNING:
            places.setdefault(vm.uuid, []).append(vm)
    return tuple(
        Journey(vm.name, vm.uuid, source, vm.host, now)
        for vm in (seen[0] for _, seen in sorted(places.items()) if len(seen) == 1)
        if (source := was.get(vm.uuid)) is not None and source != vm.host
    )


def _ours(state: State) -> set[tuple[str, str]]:
    """Which VM an order of ours may have brought to which host since the last round."""
    return {
        (order.move.uuid, order.move.target)
        for order in state.orders
        if order.is_open or (order.state is OrderState.DONE and (order.ended or 0.0) >= state.time)
    }
