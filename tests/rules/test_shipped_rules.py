"""The rule files that come with the balancer can be run with as they are."""

from pathlib import Path

import pytest

from balancer.adapters.calendar import LANGUAGE
from dsl.loading import load
from dsl.ruleset import DEFAULT_CAPS, Ruleset
from dsl.syntax import Kind

FOLDER = Path(__file__).parents[2] / "rules"
FILES = sorted(FOLDER.glob("*.rules"))


def shipped(name: str) -> Ruleset:
    ruleset = load(name, (FOLDER / name).read_bytes(), LANGUAGE).ruleset
    assert ruleset is not None
    return ruleset


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_is_to_be_said_of(file: Path) -> None:
    assert load(file.name, file.read_bytes(), LANGUAGE).findings == ()


def test_both_files_are_there() -> None:
    assert {"classic.rules", "default.rules"} <= {file.name for file in FILES}


def test_the_default_counts_in_rounds_and_leaves_their_length_open() -> None:
    ruleset = shipped("default.rules")
    (rule,) = ruleset.rules

    assert ruleset.every is None
    assert rule.when.hold is not None
    assert (rule.when.hold.value, rule.when.hold.kind) == (3.0, Kind.ROUNDS)
    assert [gate.label for gate in rule.to.where] == ["max VMs", "max load", "max memory"]
    assert ruleset.caps == DEFAULT_CAPS


def test_the_classic_rules_have_the_figures_of_2010() -> None:
    ruleset = shipped("classic.rules")
    (rule,) = ruleset.rules

    assert ruleset.every == 30.0
    assert [gate.label for gate in rule.to.where] == ["max VMs", "max load"]
    assert rule.until is None
