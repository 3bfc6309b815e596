"""How much longer a round of the core takes for a file of a thousand statements than for an empty one.

Rule: the farm and the files are the same on every machine; the times are CPU times of this machine, and nobody is
judged by them. In a quiet round no rule is reached; in a busy one some hosts have been in trouble for long enough.

    make bench
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from time import process_time
from typing import Final

from msgspec import structs

from agents.report import Report, VmReport
from balancer.adapters.calendar import LANGUAGE, wall_times
from balancer.core.cycle import as_ever, primed, step, suppose
from balancer.core.model import Decision, Gathering, State
from dsl.loading import load
from dsl.ruleset import Ruleset
from tests.bench.core_round import INTERVAL, RULES, gathering, later
from tests.bench.thousand import FILES, RACKS, STATEMENTS

HOSTS, VMS = 100, 2_000
GROUPS: Final = 160
BEGAN: Final = 1_000_000.0
NOW: Final = BEGAN + 86_400.0
WALL: Final = wall_times(["Europe/Paris"], NOW)
ROUNDS: Final = 7


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


FIRST: Final = tagged(gathering(HOSTS, VMS))
SECOND: Final = later(FIRST)


def quiet(rules: Ruleset) -> State:
    """The state of a balancer that has known this farm for a day, and to which no host is in trouble yet."""
    seen = primed(primed(State(), FIRST, BEGAN), FIRST, NOW - INTERVAL)
    return replace(as_ever(seen, FIRST, rules, NOW - INTERVAL), streaks=())


def busy(rules: Ruleset) -> State:
    """The same, and hosts have been in trouble for long enough since the round before."""
    before = suppose(replace(quiet(rules), time=NOW - 2 * INTERVAL), FIRST, rules, INTERVAL, None)
    return step(before, FIRST, rules, NOW - INTERVAL, WALL).state


def best(state: State, rules: Ruleset) -> tuple[float, int]:
    """The shortest CPU time of some rounds in ms, and the moves of each."""

    def timed() -> tuple[float, Decision]:
        began = process_time()
        decision = step(state, SECOND, rules, NOW, WALL)
        return process_time() - began, decision

    rounds = [timed() for _ in range(ROUNDS)]
    return min(seconds for seconds, _ in rounds) * 1000, len(rounds[0][1].plan.moves)


def measured(title: str, text: str, states: dict[str, Callable[[Ruleset], State]], empty: dict[str, float]) -> str:
    """One line: by kind of round how much longer it takes than with an empty file, and its moves."""
    rules = _loaded(title, text)
    told = {kind: best(state(rules), rules) for kind, state in states.items()}
    columns = (f"{kind} + {cost - empty[kind]:5.1f} ms ({moves:2} moves)" for kind, (cost, moves) in told.items())
    return title.ljust(24) + "  ".join(columns)


def _loaded(title: str, text: str) -> Ruleset:
    loaded = load(title, text.encode(), LANGUAGE)
    if loaded.ruleset is None:
        sys.exit(f"{title}: {loaded.findings[0].message}")
    return loaded.ruleset


def main() -> None:
    """A line for each file."""
    states = {"quiet": quiet, "busy": busy}
    nothing = _loaded("an empty file", "")
    empty = {kind: best(state(nothing), nothing)[0] for kind, state in states.items()}
    told = ", ".join(f"{kind} {cost:.1f} ms" for kind, cost in empty.items())
    sys.stdout.write(
        f"{HOSTS} hosts, {VMS:,} VMs; a round with an empty file: {told}; with {STATEMENTS:,} statements, more\n"
    )
    for title, text in {"default.rules": RULES.read_text(encoding="utf-8"), **FILES}.items():
        sys.stdout.write(f"{measured(title, text, states, empty)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
