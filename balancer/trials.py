"""`rules test`: test files read, every test played on the same loop as ever, judged, and what the tests left unused.

Rule: it decides nothing: reading is the adapters', playing the assembly's, judging the core's.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from time import perf_counter
from typing import Self

from agents.documents import Places
from balancer.adapters.calendar import LANGUAGE
from balancer.adapters.rule_file import read, read_bytes
from balancer.adapters.trials.calendar import is_open
from balancer.adapters.trials.chance import RandomFarm, Words, random_farm
from balancer.adapters.trials.checks import load_trials
from balancer.adapters.trials.grounds import Ground, ground_of, stage_of
from balancer.adapters.trials.model import CaseModel, ExpectModel, FuzzModel, MoveModel, TrialFile
from balancer.assembly.virtual import play_trial
from balancer.core.trials.always import Always, demand, judge_always
from balancer.core.trials.coverage import Coverage, cover
from balancer.core.trials.expectations import Expectation, WantedMove, judge, judge_moves
from balancer.core.trials.judge import judge_walls
from balancer.core.trials.record import Failure, Record
from balancer.core.trials.shrinking import shrunk
from balancer.core.trials.telling import Verdict
from dsl.parser import parse
from dsl.ruleset import Ruleset
from dsl.syntax import Statement

Line = Callable[..., int]
"""The line at which a part of a test stands, by the keys and numbers that lead to it."""
Watched = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Of so many runs: who is told how many are done."""


@dataclass(frozen=True, slots=True)
class Book:
    """A rule file: as bytes, as statements, and as rules that may be run."""

    source: bytes
    statements: tuple[Statement, ...]
    rules: Ruleset

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read it; RulesError where it cannot be run with."""
        source, rules = read_bytes(path), read(path, LANGUAGE)
        return cls(source, parse(source.decode()).statements, rules)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a test ended; what it covered, where it says what it expects (a fuzz expects nothing in particular)."""

    verdict: Verdict
    coverage: Coverage | None = None


def _unwatched(_runs: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _done: None)


def outcomes(path: Path, pattern: str = "", watched: Watched = _unwatched) -> Iterator[Outcome]:
    """The tests of a file whose name has the pattern in it, each with each of its rule files, one after the other.

    A fuzz is `watched`: what that makes of its number of runs is told how many are done.
    """
    file, places = load_trials(path)
    for rules in file.rules:
        book = Book.of(rules)
        for number, case in enumerate(file.tests):
            if _is_meant(case.name, pattern):
                begin = perf_counter()
                outcome = _Tried(path, file, book, _lines(places, number), watched).outcome(case)
                verdict = replace(outcome.verdict, seconds=perf_counter() - begin)
                yield replace(outcome, verdict=verdict)


def _lines(places: Places, test: int) -> Line:
    """Where the parts of a test stand."""
    return lambda *path: places(("tests", test, *path))[0]


def _is_meant(name: str, pattern: str) -> bool:
    return fnmatchcase(name.lower(), f"*{pattern.lower()}*")


@dataclass(frozen=True, slots=True)
class _Tried:
    """A test of one file with one rule file; `line` says where its parts stand, `watched` is how far a fuzz is."""

    path: Path
    file: TrialFile
    book: Book
    line: Line
    watched: Watched

    def outcome(self, case: CaseModel) -> Outcome:
        if case.fuzz is not None:
            with self.watched(case.fuzz.runs) as done:
                return Outcome(self._fuzzed(case.name, case.fuzz, done))
        record = self._played(case, ground_of(self.file, str(case.farm), self.path.parent), self.file.start)
        covered = cover(self.book.rules, self.book.statements, record)
        return Outcome(self._verdict(case.name, [record], self._failures(case, record)), covered)

    def _played(self, case: CaseModel, ground: Ground, start: float) -> Record:
        """The test played, with what its demands aggregate over time remembered beside what the rules do."""
        asked = (over for each in self._demands(case) for over in each.rules.aggregates)
        rules = replace(self.book.rules, aggregates=(*self.book.rules.aggregates, *asked))
        return play_trial(stage_of(case, ground), rules, start)

    def _demands(self, case: CaseModel) -> list[Always]:
        demands = (demand(text, self.book.rules, self.book.source, LANGUAGE) for text in case.always)
        return [replace(each, line=self.line("always", number)) for number, each in enumerate(demands)]

    def _failures(self, case: CaseModel, record: Record) -> list[Failure]:
        moves = [] if case.moves == "any" else judge_moves(self._wanted(case.moves), record)
        walls = judge_walls(self.book.rules, record, is_open) if case.walls else []
        claims = (_expectation(each) for each in case.expect)
        told = judge([replace(each, line=self.line("expect", number)) for number, each in enumerate(claims)], record)
        return [*record.failures(), *moves, *told, *judge_always(self._demands(case), record), *walls]

    def _wanted(self, moves: Iterable[MoveModel]) -> list[WantedMove]:
        return [replace(_wanted(move), line=self.line("moves", number)) for number, move in enumerate(moves)]

    def _verdict(self, name: str, records: Sequence[Record], failures: Sequence[Failure], again: str = "") -> Verdict:
        rounds, moves = sum(len(each.decisions) for each in records), sum(len(each.orders) for each in records)
        file, rules = str(self.path), self.book.rules.file
        return Verdict(file, name, rules, rounds, moves, tuple(failures), again, self.line())

    # -- fuzz ----------------------------------------------------------------------------------------------------------

    def _fuzzed(self, name: str, fuzz: FuzzModel, done: Callable[[int], None]) -> Verdict:
        words, records = Words.of(self.book.rules), list[Record]()
        for run in range(1, fuzz.runs + 1):
            farm = random_farm(fuzz, run, words)
            record, failures = self._on(farm)
            records.append(Record(record.decisions, record.orders))
            if failures:
                least = self._smallest(farm)
                _, left = self._on(least)
                told = Failure(f"run {run} of seed {fuzz.seed} breaks what always holds")
                return self._verdict(name, records, [told, *left], self._again(least, fuzz.seed))
            done(run)
        return self._verdict(name, records, [])

    def _on(self, farm: RandomFarm) -> tuple[Record, list[Failure]]:
        case, model = farm.ground()
        record = self._played(case, Ground(model), self.file.start + farm.start * 60.0)
        return record, [*record.failures(), *judge_walls(self.book.rules, record, is_open)]

    def _smallest(self, farm: RandomFarm) -> RandomFarm:
        """The same farm with as few VMs, then hosts, as break something still."""
        farm = farm.with_vms(shrunk(list(farm.vms), lambda names: bool(self._on(farm.with_vms(names))[1])))
        hosts = shrunk(list(farm.hosts), lambda names: bool(names) and bool(self._on(farm.with_hosts(names))[1]))
        return farm.with_hosts(hosts)

    def _again(self, farm: RandomFarm, seed: int) -> str:
        moment = datetime.fromtimestamp(self.file.start + farm.start * 60.0, UTC)
        return farm.text(Path(self.book.rules.file).name, f"{moment:%Y-%m-%d %H:%M} UTC", seed)


def _wanted(move: MoveModel) -> WantedMove:
    return WantedMove(move.round, move.vm, move.to, move.source, move.rule, move.outcome, move.why)


def _expectation(told: ExpectModel) -> Expectation:
    (claim,) = told.claims
    wanted, figures = getattr(told, claim), {}
    if told.value is not None:
        wanted, figures = "", told.value
    elif told.rejected is not None:
        its = told.rejected
        wanted = its.reason
        figures = {name: text for name, text in (("value", its.value), ("limit", its.limit)) if text is not None}
    return Expectation(told.round, claim, str(wanted), told.host, told.vm, told.rule, figures)
