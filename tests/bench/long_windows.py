"""What it costs to aggregate over time: a round of 1,000 hosts and 10,000 VMs with histories of different length.

Rule: the farm is that of core_round.py; in the past each figure has gone up and down by half of what it is now. The
times are this machine's.

    make bench
"""

import resource
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np

from balancer.adapters.journal import SqliteJournal, open_journal
from balancer.adapters.journal_file import FILE
from balancer.core.blocks import Block
from balancer.core.cycle import as_ever, primed, step, suppose
from balancer.core.figures.signals import VOCABULARY
from balancer.core.model import Gathering, State
from balancer.ports import RoundDecided
from dsl.loading import load
from dsl.ruleset import Ruleset
from tests.bench.core_round import SEED, gathering, later

HOSTS, VMS = 1_000, 10_000
ROUNDS = 5
INTERVAL = 30.0
NONE = """
let busy = vms where cpu > 2

rule slow_burn
  when  host.cpu > 100%
  move  vm   by most cpu      where in busy
  to    host by least cpu     where after.cpu < 60%
"""
CASES = (
    ("no history", NONE),
    *(
        (f"{function}, {window}", NONE.replace("host.cpu", f"{function}(host.cpu, {window})").replace(
            "where cpu", f"where {function}(cpu, {window})"
        ))
        for window in ("30 min", "1 d")
        for function in ("avg", "max", "p95")
    ),
    ("ratio, 30 min", NONE.replace("cpu > 2", "avg(cpu / vcpus, 30 min) > 25%")),
)  # fmt: skip
"""Nothing is moved, so that a round is what it takes to look at the farm."""


def rules_of(text: str) -> Ruleset:
    """The rules of a case."""
    loaded = load("bench.rules", text.encode(), VOCABULARY)
    assert loaded.ruleset is not None, loaded.findings
    return replace(loaded.ruleset, every=INTERVAL)


def measured(title: str, text: str, first: Gathering, second: Gathering) -> str:
    """One line: the least CPU time of a round, what the journal takes, what is held."""
    rules = rules_of(text)
    state = suppose(primed(State(), first, 0.0), first, rules, INTERVAL, None)
    state = unsteady(as_ever(state, second, rules, INTERVAL))
    times, decision = [], None
    for _ in range(ROUNDS):
        began = process_time()
        decision = step(state, second, rules, INTERVAL)
        times.append(process_time() - began)
    assert decision is not None
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    lines = sum(len(block.times) for block in decision.state.history.blocks)
    decided = RoundDecided(decision, second, 0.0, INTERVAL, "bench", state, text)
    written = journalled(decided) if "1 d" not in title else ""
    told = f"{min(times) * 1000:7.1f} ms a round  {lines:5} lines  {held:5} MiB"
    return f"{title:14} {told}  {written}"


def unsteady(state: State) -> State:
    """The same with a history in which nothing stood still: figures that are all alike are sorted in no time."""
    chance = np.random.default_rng(SEED)
    blocks = (
        Block.of(
            block.times,
            {signal: lines * chance.uniform(0.5, 1.5, lines.shape) for signal, lines in block.figures.items()},
        )
        for block in state.history.blocks
    )
    return replace(state, history=replace(state.history, blocks=tuple(blocks)))


def journalled(decided: RoundDecided) -> str:
    """How long a round takes to write, and how much of the disk its line has."""
    with TemporaryDirectory() as folder, open_journal(Path(folder) / "state", lambda: 0.0) as journal:
        before = _bytes(journal)
        began = process_time()
        journal.record(decided)
        took = process_time() - began
        return f"written in {took * 1000:6.1f} ms, {(_bytes(journal) - before) // 1024} KiB"


def _bytes(journal: SqliteJournal) -> int:
    path = journal._path.parent
    return sum(each.stat().st_size for each in path.iterdir() if each.name.startswith(FILE))


def main() -> None:
    """A line for each case."""
    first = gathering(HOSTS, VMS)
    second = later(first)
    for title, text in CASES:
        sys.stdout.write(f"{measured(title, text, first, second)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
