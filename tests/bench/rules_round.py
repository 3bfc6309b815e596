"""How much longer a round of the core takes for a file of a thousand statements than for an empty one.

Rule: the farm and the files are the same on every machine; the times are CPU times of this machine, and nobody is
judged by them. At first the farm is as nobody has ever looked after it, and no rule is reached yet; in trouble some
hosts have been for long enough; at rest all that the file wants has been done. Then one keep alone that stands broken
all over, which takes hundreds of moves or is beyond mending. What a large site costs beyond its rest is the planning of
its moves: for each, some VMs are held against all hosts, and every wall, rule and wish has its say.

    make bench
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import process_time
from types import MappingProxyType
from typing import Final

from msgspec import structs

from agents.report import Report, VmReport
from balancer.adapters.calendar import LANGUAGE, wall_times
from balancer.core.cycle import as_ever, primed, step, suppose
from balancer.core.model import Decision, Gathering, Move, State
from dsl.loading import load
from dsl.ruleset import Ruleset
from tests.bench.core_round import INTERVAL, RULES, gathering, later
from tests.bench.thousand import FILES, RACKS, STATEMENTS

HOSTS, VMS = 100, 2_000
GROUPS: Final = 160
BROKEN: Final = (
    "keep at most 1 of vms per host", "keep at most 20 of vms per host", "keep at most 150 of vms per rack",
    'keep vms tagged "group1" apart from vms', 'keep vms on hosts tagged "rack:r1"', "keep vms together",
)  # fmt: skip
BEGAN: Final = 1_000_000.0
NOW: Final = BEGAN + 86_400.0
WALL: Final = wall_times(["Europe/Paris"], NOW)
ROUNDS: Final = 7
TURNS: Final = 20


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


FARM: Final = tagged(gathering(HOSTS, VMS))


@dataclass(frozen=True, slots=True)
class Round:
    """What a round begins with."""

    rules: Ruleset
    state: State
    farm: Gathering

    def held(self) -> Decision:
        """The round, one interval after these reports."""
        return step(self.state, later(self.farm), self.rules, NOW, WALL)


def at_first(rules: Ruleset, farm: Gathering = FARM) -> Round:
    """A balancer has known this farm for a day, and no host is in trouble yet."""
    seen = primed(primed(State(), farm, BEGAN), farm, NOW - INTERVAL)
    return Round(rules, replace(as_ever(seen, farm, rules, NOW - INTERVAL), streaks=()), farm)


def in_trouble(rules: Ruleset) -> Round:
    """Hosts have been in trouble for long enough since the round before."""
    first = at_first(rules)
    before = suppose(replace(first.state, time=NOW - 2 * INTERVAL), FARM, rules, INTERVAL, None)
    return replace(first, state=step(before, FARM, rules, NOW - INTERVAL, WALL).state)


def at_rest(rules: Ruleset) -> Round:
    """All that is to be moved has been moved, as far as it comes to an end."""
    now = at_first(rules)
    for _ in range(TURNS):
        moves = now.held().plan.moves
        if not moves:
            break
        now = at_first(rules, moved(now.farm, moves))
    return now


def moved(farm: Gathering, moves: Sequence[Move]) -> Gathering:
    """The farm once all of these moves are done."""
    targets = {move.uuid: move.target for move in moves}
    here: dict[str, list[VmReport]] = {report.host: [] for report in farm.reports}
    for report in farm.reports:
        for vm in report.vms:
            here[targets.get(vm.uuid, report.host)].append(vm)
    return replace(farm, reports=tuple(_with(report, here[report.host]) for report in farm.reports))


def _with(report: Report, vms: Sequence[VmReport]) -> Report:
    came = sum(vm.memory_mb for vm in vms) - sum(vm.memory_mb for vm in report.vms)
    return structs.replace(report, vms=tuple(vms), memory_free_mb=report.memory_free_mb - came)


def best(begun: Round) -> tuple[float, int]:
    """The shortest CPU time of some rounds in ms, and the moves of each."""

    def timed() -> tuple[float, Decision]:
        began = process_time()
        decision = begun.held()
        return process_time() - began, decision

    rounds = [timed() for _ in range(ROUNDS)]
    return min(seconds for seconds, _ in rounds) * 1000, len(rounds[0][1].plan.moves)


def measured(title: str, text: str, empty: Mapping[str, float]) -> str:
    """One line: by kind of round how much longer it takes than with an empty file, and its moves."""
    rules = _loaded(title, text)
    told = {kind: best(KINDS[kind](rules)) for kind in empty}
    columns = (f"{kind} +{cost - empty[kind]:6.1f} ms ({moves:2} moves)" for kind, (cost, moves) in told.items())
    return title.ljust(42) + "  ".join(columns)


def _loaded(title: str, text: str) -> Ruleset:
    loaded = load(title, text.encode(), LANGUAGE)
    if loaded.ruleset is None:
        sys.exit(f"{title}: {loaded.findings[0].message}")
    return loaded.ruleset


KINDS: Final[Mapping[str, Callable[[Ruleset], Round]]] = MappingProxyType({
    "at rest": at_rest, "at first": at_first, "in trouble": in_trouble,
})  # fmt: skip


def main() -> None:
    """A line for each file."""
    nothing = _loaded("an empty file", "")
    empty = {kind: best(begin(nothing))[0] for kind, begin in KINDS.items()}
    told = ", ".join(f"{kind} {cost:.1f} ms" for kind, cost in empty.items())
    sys.stdout.write(f"{HOSTS} hosts, {VMS:,} VMs, an empty file: {told}; with {STATEMENTS:,} statements that and\n")
    for title, text in {"default.rules": RULES.read_text(encoding="utf-8"), **FILES}.items():
        sys.stdout.write(f"{measured(title, text, empty)}\n")
        sys.stdout.flush()
    for text in BROKEN:
        sys.stdout.write(f"{measured(text, text, {'at first': empty['at first']})}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
