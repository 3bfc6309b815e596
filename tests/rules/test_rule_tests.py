"""The tests that stand beside the shipped rule files pass, and leave nothing of the rules unused."""

from functools import reduce
from operator import add
from pathlib import Path

import pytest

from balancer.trials import outcomes

FOLDER = Path(__file__).parents[2] / "rules"
FILES = sorted(FOLDER.glob("*.test.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_all_pass_and_together_they_use_every_statement_and_clause(file: Path) -> None:
    ended = list(outcomes(file))
    assert [(each.verdict.name, each.verdict.failures) for each in ended if not each.verdict.is_passed] == []
    covered = reduce(add, (each.coverage for each in ended if each.coverage is not None))
    assert [(spot, seen) for spot, seen in covered.seen.items() if 0 in seen.values()] == []


def test_every_rule_file_has_its_tests_beside_it() -> None:
    assert {file.name.removesuffix(".test.yaml") for file in FILES} == {file.stem for file in FOLDER.glob("*.rules")}
