"""How the outcome of tests is told: to people a line a test and what went wrong, to programs one document.

Rule: pure; the same outcome is told in the same words in every format.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from balancer.core.formats import Document, figure
from balancer.core.trials.coverage import FALSE, TRUE, USED, Coverage, Spot
from balancer.core.trials.record import Failure

SAID: Final = {True: "ok", False: "FAILED"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one test ended with one rule file: nothing failed, or what did.

    `rounds` and `moves` are what was played, in so many `seconds` of this machine; `line` is where the test begins.
    `again` is a test file that fails in the same way, where a fuzz found one.
    """

    file: str
    name: str
    rules: str
    rounds: int
    moves: int
    failures: tuple[Failure, ...] = ()
    again: str = ""
    line: int = 1
    seconds: float = field(default=0.0, compare=False)

    @property
    def is_passed(self) -> bool:
        """Nothing failed."""
        return not self.failures


def verdict_lines(verdict: Verdict) -> list[str]:
    """One test in text."""
    count = f"{_many(verdict.rounds, 'round')}, {_many(verdict.moves, 'move')}"
    headline = f"{SAID[verdict.is_passed]:<6} {verdict.name} ({count})"
    return [headline, *(f"       {line}" for line in failure_lines(verdict))]


def failure_lines(verdict: Verdict) -> list[str]:
    """What went wrong and where the file wants it otherwise, with what explains it."""
    lines = [
        line
        for each in verdict.failures
        for line in (
            f"{verdict.file}:{each.line or verdict.line}: {each.what}",
            *(f"  {detail}" for detail in each.details),
        )
    ]
    again = ["this test fails in the same way:", *(f"  {line}" for line in verdict.again.splitlines())]
    return lines + (again if verdict.again else [])


def summary_line(verdicts: Sequence[Verdict]) -> str:
    """`3 tests: 2 passed, 1 failed`."""
    failed = sum(not each.is_passed for each in verdicts)
    return f"{_many(len(verdicts), 'test')}: {len(verdicts) - failed} passed, {failed} failed"


def coverage_lines(coverages: Iterable[Coverage]) -> list[str]:
    """Every spot of every file with how often it was seen, and the share that was."""
    lines = []
    for coverage in coverages:
        lines += [f"{coverage.file}:{spot.line}: {spot.name}: {_seen(seen)}" for spot, seen in _by_line(coverage)]
        lines.append(f"{coverage.file}: {coverage.percent:.0f}% covered")
    return lines


def _by_line(coverage: Coverage) -> list[tuple[Spot, dict[str, int]]]:
    return [(spot, dict(seen)) for spot, seen in sorted(coverage.seen.items(), key=lambda each: each[0].line)]


def _seen(seen: dict[str, int]) -> str:
    words = {USED: "used {}", TRUE: "true {}", FALSE: "false {}"}
    never = {USED: "NEVER USED", TRUE: "NEVER TRUE", FALSE: "NEVER FALSE"}
    return ", ".join(words[way].format(_many(count, "time")) if count else never[way] for way, count in seen.items())


def document(verdicts: Iterable[Verdict], coverages: Iterable[Coverage]) -> Document:
    """rules-test-result/1."""
    tests = [_verdict_document(each) for each in verdicts]
    return {
        "format": "rules-test-result/1",
        "passed": sum(test["passed"] for test in tests),
        "failed": sum(not test["passed"] for test in tests),
        "tests": tests,
        "coverage": [_coverage_document(each) for each in coverages],
    }


def _verdict_document(verdict: Verdict) -> Document:
    return {
        "file": verdict.file,
        "line": verdict.line,
        "name": verdict.name,
        "rules": verdict.rules,
        "passed": verdict.is_passed,
        "rounds": verdict.rounds,
        "moves": verdict.moves,
        "seconds": figure(verdict.seconds),
        "failures": [
            {"line": each.line or verdict.line, "what": each.what, "details": list(each.details)}
            for each in verdict.failures
        ],
        "again": verdict.again or None,
    }


def _coverage_document(coverage: Coverage) -> Document:
    spots = [{"line": spot.line, "name": spot.name} | dict(seen) for spot, seen in coverage.seen.items()]
    return {"rules": coverage.file, "percent": figure(coverage.percent, 1), "spots": spots}


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
