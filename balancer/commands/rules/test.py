"""`rules test FILE…`: whether a rule file does what its author wants."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from itertools import groupby
from operator import add
from pathlib import Path
from types import MappingProxyType
from typing import Final

from agents.progress import progress
from balancer.adapters.trials.junit import write_junit
from balancer.commands.arguments import add_format, percent
from balancer.core.trials.coverage import Coverage
from balancer.core.trials.telling import coverage_lines, document, summary_line, verdict_lines
from balancer.errors import Exit, UsageError
from balancer.trials import Outcome, outcomes

HELP = "play the tests of rule files, and tell what was not as expected"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `rules test`."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a rules-test/1 file: NAME.test.yaml")
    parser.add_argument("-k", dest="pattern", default="", metavar="PATTERN", help="only tests with this in their name")
    parser.add_argument("--junit", type=Path, metavar="REPORT", help="write the outcome as JUnit's XML as well")
    parser.add_argument("--coverage", action="store_true", help="tell which statements and clauses were put to use")
    parser.add_argument("--coverage-min", type=percent, metavar="N", help="fail where less than N%% were")
    add_format(parser)


def run(arguments: Namespace) -> Exit:
    """Play them all, each told as soon as it has ended, and say how many failed."""
    tell, conclude = _FORMATS[arguments.format]
    ended: list[Outcome] = []
    watched = partial(progress, sys.stderr)
    for outcome in (each for file in arguments.files for each in outcomes(file, arguments.pattern, watched)):
        tell(outcome, ended)
        ended.append(outcome)
    if not ended:
        raise UsageError(f"no test has “{arguments.pattern}” in its name")
    coverages = _together(ended) if arguments.coverage or arguments.coverage_min is not None else []
    conclude(ended, coverages)
    if arguments.junit is not None:
        write_junit(arguments.junit, [each.verdict for each in ended])
    is_short = any(each.percent < (arguments.coverage_min or 0.0) for each in coverages)
    return Exit.DONE if all(each.verdict.is_passed for each in ended) and not is_short else Exit.FINDINGS


def _together(ended: Sequence[Outcome]) -> list[Coverage]:
    """What all tests of a rule file covered, taken together."""
    covered = sorted((each.coverage for each in ended if each.coverage is not None), key=lambda each: each.file)
    return [reduce(add, of_file) for _, of_file in groupby(covered, key=lambda each: each.file)]


def _tell_text(outcome: Outcome, before: Sequence[Outcome]) -> None:
    """One test, below the files that it belongs to."""
    verdict = outcome.verdict
    if not before or (before[-1].verdict.file, before[-1].verdict.rules) != (verdict.file, verdict.rules):
        print(f"{verdict.file} with {verdict.rules}")
    print("\n".join(verdict_lines(verdict)), flush=True)


def _conclude_text(ended: Sequence[Outcome], coverages: Sequence[Coverage]) -> None:
    for line in (*coverage_lines(coverages), summary_line([each.verdict for each in ended])):
        print(line)


def _tell_nothing(_outcome: Outcome, _before: Sequence[Outcome]) -> None:
    """A document comes as a whole."""


def _conclude_json(ended: Sequence[Outcome], coverages: Sequence[Coverage]) -> None:
    print(json.dumps(document([each.verdict for each in ended], coverages)))


_Tell = Callable[[Outcome, Sequence[Outcome]], None]
_Conclude = Callable[[Sequence[Outcome], Sequence[Coverage]], None]

_FORMATS: Final[Mapping[str, tuple[_Tell, _Conclude]]] = MappingProxyType({
    "text": (_tell_text, _conclude_text),
    "json": (_tell_nothing, _conclude_json),
})  # fmt: skip
"""How a test is told as soon as it has ended, and how all are."""
