"""How long a round of the core takes with a file of a thousand statements, beside one with the shipped rules.

Rule: the farm and the file are the same on every machine; the times are CPU times of this machine, and nobody is judged
by them. In a quiet round no rule is reached, in a busy one some hosts have been in trouble for long enough.

    make bench
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from time import process_time

from msgspec import structs

from agents.report import Report, VmReport
from balancer.core.cycle import primed, step, suppose
from balancer.core.model import Gathering, State
from balancer.core.signals import VOCABULARY
from dsl.loading import load
from dsl.ruleset import Ruleset
from tests.bench.core_round import INTERVAL, RULES, gathering, later

HOSTS, VMS, RACKS = 100, 2_000, 10
GROUPS = 160
ROUNDS = 9


def statements() -> Iterator[str]:
    """A thousand, as a large site would write them: most speak of a few VMs each."""
    for number in range(60):
        yield f'let set{number} = vms tagged "group{number}" or named "vm000{number:02}*"'
    for number in range(40):
        yield (
            f'rule relieve{number} when host tagged "rack:r{number % RACKS}" and host.cpu > {85 + number / 10}% '
            f'for 3 rounds move vm by most cpu where not tagged "group{number}" to host by least cpu '
            "where after.cpu < 65% where after.memory < 90% until source.cpu < 70%"
        )
    for number in range(100):
        yield f'keep vms tagged "group{number}" apart'
        yield f'keep at most 3 of vms tagged "group{number}" per rack'
        yield f'keep vms named "vm01{number:02}*" apart from vms tagged "group{number + 60}"'
        yield f'never move vm "vm{number:05}" except drains'
        yield f'never move vms tagged "group{number}" to hosts tagged "rack:r{number % RACKS}"'
        yield f'never move vms named "vm00{number:02}*" to hosts where after.cpu > 60%'
        yield f"avoid moving vms where memory > {number + 3} GiB and cpu > 2 cost {number + 1}"
        yield f'prefer vms named "vm01{number:02}*" apart cost 2'
        yield f'avoid moving vms tagged "group{number}" from hosts tagged "rack:r1" to host "h{number:04}"'


def tagged(told: Gathering) -> Gathering:
    """The same farm, its hosts in racks and its VMs in groups."""
    return replace(told, reports=tuple(_tagged(place, report) for place, report in enumerate(told.reports)))


def _tagged(place: int, report: Report) -> Report:
    """Nine hosts in ten at half their load: there are twice as many VMs to a host as on the other farms."""
    halves = 2 if place % 10 else 1
    vms = tuple(_grouped(vm, halves) for vm in report.vms)
    return structs.replace(report, tags=(f"rack:r{place // 10 % RACKS}",), vms=vms)


def _grouped(vm: VmReport, halves: int) -> VmReport:
    eaten = structs.replace(vm.counter, eaten_ns=(vm.counter.eaten_ns or 0) // halves)
    return structs.replace(vm, counter=eaten, tags=(f"group{int(vm.name[2:]) % GROUPS}",))


def measured(rules: Ruleset, *, busy: bool) -> tuple[float, int]:
    """The median CPU time of a round in s, and its moves."""
    first = tagged(gathering(HOSTS, VMS))
    second = later(first)
    state = primed(State(), first, 0.0)
    if busy:
        state = suppose(state, first, rules, INTERVAL, None)
    times, moves = [], 0
    for _ in range(ROUNDS):
        began = process_time()
        moves = len(step(state, second, rules, INTERVAL).plan.moves)
        times.append(process_time() - began)
    return median(times), moves


def main() -> None:
    """A line for each file."""
    many = "\n".join(statements())
    for title, text in (("default.rules", RULES.read_text(encoding="utf-8")), ("1,000 statements", many)):
        loaded = load("many.rules", text.encode(), VOCABULARY)
        if loaded.ruleset is None:
            sys.exit(f"{title}: {loaded.findings[0].message}")
        told = (measured(loaded.ruleset, busy=busy) for busy in (False, True))
        quiet, busy = (f"{seconds * 1000:6.1f} ms ({moves} moves)" for seconds, moves in told)
        sys.stdout.write(f"{HOSTS:5} hosts {VMS:6} VMs  {title:16}  quiet round {quiet}  busy round {busy}\n")


if __name__ == "__main__":
    main()
