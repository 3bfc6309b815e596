"""Which aggregates a file speaks of; what is said of wrong ones stands in cases/histories.txt."""

from dsl.loading import load
from dsl.syntax import Kind
from dsl.vocabulary import Vocabulary

SAME = """
let warm = vms where avg(cpu, 30 min) > 1
drain hosts where avg(cpu, 30 min) > 85%
drain hosts where avg(cpu, 1800 s) > 90% or max(cpu, 30 min) > 95%
drain hosts where avg(cpu, 20 min) > 90%
"""


def test_equal_aggregates_are_one(vocabulary: Vocabulary) -> None:
    ruleset = load("farm.rules", SAME.encode(), vocabulary).ruleset
    assert ruleset is not None
    told = [(over.function, getattr(over.of, "owner", None), over.window.value) for over in ruleset.aggregates]
    assert told == [("avg", "vm", 1800.0), ("avg", "host", 1800.0), ("max", "host", 1800.0), ("avg", "host", 1200.0)]
    assert [over.number for over in ruleset.aggregates] == [0, 1, 2, 3]
    assert {(over.window.unit, over.window.kind) for over in ruleset.aggregates} == {(None, Kind.TIME)}


def test_a_file_without_aggregates_has_none(vocabulary: Vocabulary) -> None:
    ruleset = load("farm.rules", b"drain hosts where cpu > 85%", vocabulary).ruleset
    assert ruleset is not None
    assert ruleset.aggregates == ()
