"""Tests of tests: a rule file and its test file, written into a folder and played as `rules test` plays them."""

from collections.abc import Iterable
from pathlib import Path

from balancer.adapters.calendar import LANGUAGE
from balancer.adapters.rule_file import read
from balancer.adapters.trials.checks import load_trials
from balancer.adapters.trials.grounds import ground_of, stage_of
from balancer.assembly.virtual import play_trial
from balancer.core.trials.coverage import Coverage
from balancer.core.trials.record import Record
from balancer.core.trials.telling import Verdict
from balancer.trials import outcomes

HOT = """
rule relieve
  when  host.cpu > 85% for 3 rounds
  move  vm   by most cpu         where cpu > 0.5       as "too small"
  to    host by least after.cpu  where after.cpu < 70% as "max load"
"""

FARM = """
format: rules-test/1
rules: farm.rules
farms:
  three:
    hosts:
      hv1: {cores: 8, memory: 64GiB, tags: [prod]}
      hv2: {cores: 8, memory: 64GiB}
      hv3: {cores: 8, memory: 64GiB}
    vms:
      web1: {host: hv1, vcpus: 8, memory: 4GiB, tags: [web]}
      web2: {host: hv1, vcpus: 8, memory: 4GiB, tags: [web]}
tests:
"""

GETS_HOT = """
  - name: gets hot
    farm: three
    series: {hv1.cpu: "65% 90%x2", web1.cpu: "4", web2.cpu: "0.6"}
    rounds: 4
"""
"""web1 moves to hv2 in round 4."""


def written(folder: Path, tests: str, rules: str = HOT) -> Path:
    """The test file, with its rule file beside it; `tests` may go on where FARM ends."""
    (folder / "farm.rules").write_text(rules, encoding="utf-8")
    file = folder / "farm.test.yaml"
    file.write_text(tests if "format:" in tests else FARM + tests, encoding="utf-8")
    return file


def verdicts(folder: Path, tests: str, rules: str = HOT) -> list[Verdict]:
    """How each test ended."""
    return [each.verdict for each in outcomes(written(folder, tests, rules))]


def verdict(folder: Path, tests: str, rules: str = HOT) -> Verdict:
    """How the only test ended."""
    (only,) = verdicts(folder, tests, rules)
    return only


def record(folder: Path, tests: str, rules: str = HOT) -> Record:
    """What the only test left behind."""
    path = written(folder, tests, rules)
    file, _ = load_trials(path)
    (case,) = file.tests
    stage = stage_of(case, ground_of(file, str(case.farm), folder))
    return play_trial(stage, read(folder / "farm.rules", LANGUAGE), file.start)


def said(one: Verdict) -> str:
    """All that is said of what went wrong."""
    return "\n".join(line for each in one.failures for line in (each.what, *each.details))


def covered(folder: Path, tests: str, rules: str = HOT) -> dict[str, dict[str, int]]:
    """How often each statement and clause was seen, by its name."""
    return merged(each.coverage for each in outcomes(written(folder, tests, rules)) if each.coverage is not None)


def merged(coverages: Iterable[Coverage]) -> dict[str, dict[str, int]]:
    """Several plays taken together."""
    first, *others = coverages
    for other in others:
        first += other
    return {spot.name: dict(seen) for spot, seen in first.seen.items()}
