"""What has to be so before anything can move: who answers, whose clock is right, who reaches whom, what is shared.

Rule: pure; a check that found nothing says what it looked at, one that found something says where and what to do.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from agents.report import Report
from balancer.core.doctor.prospects import Prospect
from balancer.core.model import Gathering, Observation

SKEW: Final = 2.0
"""Seconds by which a clock may be wrong. An order is valid for 20: what is ten times less does no harm."""
STORAGE: Final = "storage:"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: `told` in a few words, and what is wrong with it."""

    name: str
    told: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checkup:
    """All checks, and for each VM where it could go."""

    checks: tuple[Check, ...]
    prospects: tuple[Prospect, ...] = ()

    @property
    def is_well(self) -> bool:
        """Nothing is wrong."""
        return not any(check.problems for check in self.checks)


Reached = Mapping[str, Mapping[str, str]]
"""By source and target, why that one's libvirt cannot be reached from there; empty where it can."""


def of_agents(gathering: Gathering) -> Check:
    """Whether every host that is expected reports."""
    reported = {report.host for report in gathering.reports}
    silent = [host for host in gathering.expected if host not in reported]
    problems = [f"{host} does not report: is its agent running, and its libvirtd? see its log" for host in silent]
    problems += [f"{reason}: {count}" for reason, count in sorted(gathering.refused.items())]
    return Check("agents", f"{len(reported)} of {len(gathering.expected)} hosts report", tuple(problems))


def of_clocks(reports: Iterable[Report], asked: float, answered: float) -> Check:
    """Whether hosts' clocks agree with ours: a report was made between our question and the last answer."""
    wrong = [
        (report.host, report.time - min(max(report.time, asked), answered))
        for report in reports
    ]  # fmt: skip
    problems = tuple(
        f"{host} is {abs(by):.0f} s {'ahead' if by > 0 else 'behind'}: set the clocks, or orders come too late"
        for host, by in wrong
        if abs(by) > SKEW
    )
    worst = max((abs(by) for _, by in wrong), default=0.0)
    return Check("clocks", f"right within {max(worst, answered - asked):.1f} s", problems)


def of_libvirt(reached: Reached, hosts: Iterable[str]) -> Check:
    """Whether every host's machine reaches every other one's libvirt."""
    names = tuple(hosts)
    problems = tuple(_unreached(reached, names))
    return Check("libvirt", f"{len(names)} hosts, each asked for the way to every other", problems)


def of_storage(reports: Iterable[Report]) -> Check:
    """What is shared: storage that is declared somewhere is there on every host."""
    offers = {report.host: {each for each in report.offers if each.startswith(STORAGE)} for report in reports}
    known = sorted(set().union(*offers.values())) if offers else []
    problems = tuple(
        f"{each.removeprefix(STORAGE)} is not on {', '.join(lacking)}: VMs with disks there cannot go to them"
        for each in known
        if (lacking := sorted(host for host, own in offers.items() if each not in own))
    )
    return Check("storage", ", ".join(each.removeprefix(STORAGE) for each in known) or "none is shared", problems)


def of_own_vm(own: str | None, observation: Observation) -> Check:
    """Which VM the balancer knows to be its own, so that it is never moved."""
    found = [f"{vm.name} on {vm.host} is never moved" for vm in observation.vms if own in {vm.uuid, vm.name}]
    return Check("own VM", "; ".join(found) or "none of these VMs; if it runs in one, say `own_vm: NAME`")


def _unreached(reached: Reached, hosts: tuple[str, ...]) -> Iterator[str]:
    for source in hosts:
        told = reached.get(source)
        if told is None:
            yield f"{source} did not answer whom it reaches"
            continue
        for target in hosts:
            if target != source and (why := told.get(target, "it was not asked")):
                yield f"{source} does not reach {target}: {why}"
