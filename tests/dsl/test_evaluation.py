"""What is certainly true, what is certainly false, and what nobody knows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.checking import check
from dsl.evaluation import Column, Flags, Truth, conjuncts, leaves, truth, value
from dsl.facts import read
from dsl.parser import parse
from dsl.syntax import NOWHERE, All, Amount, Compare, Kind, Name, Over, Pick, Test
from dsl.units import version_number
from dsl.vocabulary import Vocabulary

T, F, U = True, False, None
"""Three values, as the tables of the logic books write them."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """A scope of four hosts."""

    columns: Mapping[str, Column]
    facts: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    names: tuple[str, ...] = ("hv1", "hv2", "db1", "db2")

    def value(self, owner: str, name: str) -> Column:
        assert owner == "host"
        return self.columns[name]

    def fact(self, owner: str, name: str, kind: Kind) -> Column:
        assert owner == "host"
        return read(self.facts[name], kind)

    def over(self, over: Over) -> Column:
        assert (over.function, over.window.value) == ("avg", 600.0)
        assert isinstance(over.of, Name)
        return self.columns[over.of.name] / 2

    def picks(self, owner: str, how: str, pattern: str) -> Flags:
        assert (owner, how) == ("host", "named")
        return np.array([fnmatchcase(name, pattern) for name in self.names])

    def member(self, owner: str, set_name: str) -> Truth:
        assert (owner, set_name) == ("host", "old")
        return three([T, F, U, U])


FACTS = {
    "facts.rack": ("a", "b", None, "a"),
    "facts.weight": ("2", "10", "heavy", None),
    "facts.kernel": ("5.9", "5.10.0-28-amd64", "6", None),
    "facts.memory": ("64 GiB", "65536", "63.5GiB", "64 GB"),
    "facts.fill": ("85%", "86 %", "0.9", "full"),
    "facts.up": ("3 d", "100 h", "3", None),
}  # fmt: skip

HOSTS = Hosts({
    "cpu": np.array([0.2, 0.85, 0.9, np.nan]),
    "load": np.array([0.0, 4.0, np.nan, 2.0]),
    "vms": np.array([0.0, 2.0, 3.0, 4.0]),
    "xen": np.array([4.9e10, 4.17e10, np.nan, 4.17e10]),
    "cpu_group": np.array(["intel", "amd", None, "intel"], dtype=object),
    "maintenance": np.array([1.0, 0.0, np.nan, 0.0]),
}, FACTS)  # fmt: skip


def three(values: list[bool | None]) -> Truth:
    return Truth(np.array([each is T for each in values]), np.array([each is F for each in values]))


def told(found: Truth) -> list[bool | None]:
    true, false = np.broadcast_to(found.true, 4), np.broadcast_to(found.false, 4)
    return [T if yes else F if no else U for yes, no in zip(true, false, strict=True)]


def checked(test: str, vocabulary: Vocabulary) -> Test:
    """A test of hosts as a rule file would say it."""
    parsed = parse(f'let old = hosts tagged "old"\ndrain hosts where {test}')
    ruleset, findings = check(parsed.statements, vocabulary, "farm.rules", "")
    assert (parsed.findings, findings) == ((), ())
    assert ruleset is not None
    hosts = ruleset.drains[0].hosts
    assert isinstance(hosts, All)
    assert hosts.test is not None
    return hosts.test


@pytest.mark.parametrize(
    ("test", "answer"),
    [
        ("cpu > 85%", [F, F, T, U]),
        ("cpu >= 85%", [F, T, T, U]),
        ("cpu != 85%", [T, F, T, U]),
        ("load / vms > 1", [U, T, U, F]),
        ("load / 0 > 1", [U, U, U, U]),
        ("2 * load - vms == 0", [T, F, U, T]),
        ("vms + 1 <= 3", [T, T, F, F]),
        ("cpu - 10% > 70%", [F, T, T, U]),
        ('cpu_group == "intel"', [T, F, U, T]),
        ('cpu_group != "intel"', [F, T, U, F]),
        ("maintenance", [T, F, U, F]),
        ("not maintenance", [F, T, U, T]),
        ('named "hv*"', [T, T, F, F]),
        ('not named "hv?"', [F, F, T, T]),
        ("in old", [T, F, U, U]),
        ("cpu > 85% or load > 1", [F, T, T, T]),
        ("cpu > 85% and load > 1", [F, F, U, U]),
        ("maintenance and cpu > 85% or vms > 3", [F, F, U, T]),
        ("avg(load, 10 min) >= 2", [F, T, U, F]),
        ("avg(vms, 10 min) * 2 == vms", [T, T, T, T]),
        ('facts.rack == "a"', [T, F, U, T]),
        ('facts.rack != "a"', [F, T, U, F]),
        ("facts.weight > 2", [F, T, U, U]),
        ("facts.weight * 2 == 4", [T, F, U, U]),
        ("facts.weight > vms", [T, T, U, U]),
        ("facts.kernel >= 5.10", [F, T, T, U]),
        ("facts.kernel >= 5", [T, U, T, U]),
        ("facts.memory >= 64 GiB", [T, U, F, U]),
        ("facts.fill > 85%", [F, T, U, U]),
        ("facts.fill > cpu", [T, T, U, U]),
        ("facts.up > 3 d", [F, T, U, U]),
    ],
)
def test_a_test_is_answered_for_all_hosts_at_once(test: str, answer: list[bool | None], vocabulary: Vocabulary) -> None:
    assert told(truth(checked(test, vocabulary), HOSTS)) == answer


def test_versions_are_compared_part_by_part(vocabulary: Vocabulary) -> None:
    scope = Hosts({"xen": np.array([version_number("4.9"), version_number("4.17"), np.nan, version_number("4.18.1")])})

    assert told(truth(checked("xen < 4.17", vocabulary), scope)) == [T, F, U, F]


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (T, T, T, T), (T, F, F, T), (T, U, U, T),
        (F, T, F, T), (F, F, F, F), (F, U, F, U),
        (U, T, U, T), (U, F, F, U), (U, U, U, U),
    ],
)  # fmt: skip
def test_the_tables_of_kleene(left: bool | None, right: bool | None, both: bool | None, either: bool | None) -> None:  # noqa: FBT001  # a truth table is made of truth values
    assert told(three([left]) & three([right]))[0] is both
    assert told(three([left]) | three([right]))[0] is either


@given(st.lists(st.sampled_from([T, F, U]), min_size=4, max_size=4))
def test_nothing_is_both_true_and_false(values: list[bool | None]) -> None:
    found = three(values)

    assert told(~~found) == told(found)
    assert not (found.true & found.false).any()
    assert (found.unknown == np.array([each is U for each in values])).all()
    assert (found.possible == np.array([each is not F for each in values])).all()


def test_the_parts_that_must_all_hold_are_told_one_by_one(vocabulary: Vocabulary) -> None:
    test = checked("cpu > 80% and (load > 1 or vms > 2) and maintenance", vocabulary)

    assert [type(part).__name__ for part in conjuncts(test)] == ["Compare", "Either", "Name"]


def test_a_value_may_be_one_for_all() -> None:
    assert value(Amount(30.0, None, "30", NOWHERE), HOSTS).shape == ()


def test_a_name_without_an_owner_never_reaches_evaluation() -> None:
    with pytest.raises(AssertionError, match="the checker gives every name an owner"):
        value(Name(None, "cpu", NOWHERE), HOSTS)

    with pytest.raises(AssertionError, match="the checker gives every test an owner"):
        truth(Pick(None, "tagged", "prod", NOWHERE), HOSTS)


def test_what_is_measured_in_a_sum_are_its_names_and_aggregates(vocabulary: Vocabulary) -> None:
    test = checked("2 * load + avg(load / vms, 10 min) > vms", vocabulary)

    assert isinstance(test, Compare)
    assert [type(leaf).__name__ for leaf in leaves(test.left)] == ["Name", "Over"]
