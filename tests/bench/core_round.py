"""How long one round of the core takes: observe, assess and plan, with default.rules, on farms made here.

Rule: the farms are the same on every machine; the times are this machine's, and nobody is judged by them.

    make bench
"""

import random
import resource
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import process_time

from msgspec import structs

from agents.report import Counter, Report, VmReport
from balancer.core.cycle import primed, step, suppose
from balancer.core.figures.signals import VOCABULARY
from balancer.core.model import Gathering, State
from dsl.loading import load
from dsl.ruleset import Ruleset

RULES = Path(__file__).parents[2] / "rules" / "default.rules"
FARMS = ((20, 200), (100, 1_000), (1_000, 10_000))
ROUNDS = 5
INTERVAL = 30.0
SEED = 20_10
CPU = " ".join(f"feature{number}" for number in range(80))
OFFERS = ("bridge:xenbr0", "guest:pvh", "guest:hvm", "storage:san")


def gathering(hosts: int, vms: int) -> Gathering:
    """Reports of a farm in which about one host in ten is in trouble."""
    chance = random.Random(SEED)
    demands = [(chance.paretovariate(1.6) - 1.0) * 0.5 for _ in range(vms)]
    homes: list[list[int]] = [[] for _ in range(hosts)]
    for vm in range(vms):
        homes[chance.randrange(hosts)].append(vm)
    reports = (_report(host, homes[host], demands) for host in range(hosts))
    return Gathering(tuple(reports), tuple(f"h{host:04}" for host in range(hosts)))


def _report(host: int, home: list[int], demands: list[float]) -> Report:
    cores = (8.0, 16.0, 24.0)[host % 3]
    wanted = sum(min(demands[vm], 8.0) for vm in home)
    shared = min(1.0, cores / wanted) if wanted else 1.0
    return Report(
        host=f"h{host:04}", boot_id="boot", sequence=1, time=0.0, cores=cores, memory_mb=131_072.0,
        memory_free_mb=max(0.0, 131_072.0 - 4096.0 * (len(home) + 1)), load=wanted,
        vms=tuple(_vm(vm, min(demands[vm], 8.0) * shared) for vm in home), xen="4.17", cpu=CPU, offers=OFFERS,
    )  # fmt: skip


def _vm(vm: int, cpu: float) -> VmReport:
    counter = Counter(10**12, 1000.0, round(cpu * INTERVAL * 1e9), INTERVAL)
    return VmReport(f"uuid-{vm:05}", f"vm{vm:05}", 1, "running", 8, 4096.0, counter, needs=OFFERS[:2])


def later(before: Gathering) -> Gathering:
    """The same farm one interval on."""
    reports = (structs.replace(report, vms=tuple(_grown(vm) for vm in report.vms)) for report in before.reports)
    return replace(before, reports=tuple(reports))


def _grown(vm: VmReport) -> VmReport:
    was = vm.counter
    grown = structs.replace(was, cpu_ns=was.cpu_ns + (was.eaten_ns or 0), instant=was.instant + INTERVAL)
    return structs.replace(vm, counter=grown)


def measured(hosts: int, vms: int, rules: Ruleset) -> str:
    """One line: the median time of a round, its moves, and what the process holds."""
    first = gathering(hosts, vms)
    second = later(first)
    state = suppose(primed(State(), first, 0.0), first, rules, INTERVAL, None)
    times, moves = zip(*_rounds(state, second, rules), strict=True)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return f"{hosts:5} hosts {vms:6} VMs  {median(times) * 1000:7.1f} ms a round  {moves[0]:4} moves  {held:4} MiB"


def _rounds(state: State, second: Gathering, rules: Ruleset) -> Iterator[tuple[float, int]]:
    for _ in range(ROUNDS):
        began = process_time()
        decision = step(state, second, rules, INTERVAL)
        yield process_time() - began, len(decision.plan.moves)


def main() -> None:
    """A line for each farm."""
    rules = load(RULES.name, RULES.read_bytes(), VOCABULARY).ruleset
    if rules is None:
        sys.exit(f"{RULES} cannot be run with: xen-balancer rules check {RULES}")
    for hosts, vms in FARMS:
        sys.stdout.write(f"{measured(hosts, vms, rules)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
