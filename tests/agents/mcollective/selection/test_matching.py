"""Comparisons as Ruby makes them: a table of verdicts that Ruby gave, and all combinations held against Ruby itself."""

import time
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.mcollective.errors import MessageError
from agents.mcollective.selection.matching import MAX_REGEXP, compare, compare_field, integer, named, regexp
from agents.mcollective.serializers import Symbol
from tests.agents.mcollective.oracle import FACTS, REFUSED, ruby, verdict, verdicts

OPERATORS = ("==", "=~", "!=", "<", ">", "<=", ">=")
WANTS = (
    "de", "DE", "", "4", "10", "010", "08", "8", "9", "1.5", "1x5", "1e5", "1_5", "123", "2.12.5", "/de/", "/^d/",
    "^42$", "/HV\\d$/", "(?i)HV", "/(?i-mx:HV)/", "/(?-mix:hv)/", "Deb", "x", "a.42", "/etc/xen", "//", "/", "5\n6",
    "xen-hv1", "16384", "16384.0", "Red Hat", "Z.rich", "[", "*", "name", "sdb10",
)  # fmt: skip


@pytest.mark.parametrize(
    ("have", "operator", "want", "holds"),
    [
        (None, "==", "", False),
        (None, "!=", "x", False),
        ("4", "<", "10", True),
        ("four", "<", "10", False),
        ("1.5", "<", "10.25", True),
        ("1.5", "<", "10", True),
        ("9", "<", "10.5", False),
        ("010", "<", "9", True),
        ("08", "<", "9", REFUSED),
        ("a\n42", "=~", "^42$", True),
        ("a\n42", "=~", "a.42", False),
        ("/etc/xen", "=~", "/etc/", True),
        ("xen", "=~", "XEN", False),
        ("xen", "=~", "/(?i)XEN/", True),
        (["sda", "sdb"], "==", "sdb", True),
        (["sda", "sdb"], "!=", "sdb", True),
        ({"eth0": "x"}, "==", "eth0", True),
        ({"eth0": "x"}, "==", "x", False),
        ([["x"]], "==", "x", False),
        ([["x"]], "<", "x", REFUSED),
        ("x", "=", "x", REFUSED),
        ("x", "<=>", "x", REFUSED),
        ("x", Symbol("=="), "x", REFUSED),
        ("x", ["=="], "x", REFUSED),
        ("4", "==", 4, REFUSED),
        ("x", "==", Symbol("x"), REFUSED),
        ("x", "==", None, REFUSED),
    ],
)
def test_a_fact_is_compared_as_ruby_would(have: Any, operator: Any, want: Any, holds: Any) -> None:
    assert verdict(compare, operator, have, want) == holds


@pytest.mark.ruby
def test_every_kind_of_fact_and_value_brings_the_verdict_that_ruby_gives(tmp_path: Path) -> None:
    cases = list(product([*FACTS, "absent"], OPERATORS, WANTS))
    facts = [{Symbol("fact"): fact, Symbol("value"): want, Symbol("operator"): op} for fact, op, want in cases]

    told = verdicts(ruby(tmp_path, "filter", [{"fact": [fact]} for fact in facts]))

    ours = [verdict(compare, operator, FACTS.get(fact), want) for fact, operator, want in cases]
    assert [(case, said, truth) for case, said, truth in zip(cases, ours, told, strict=True) if said != truth] == []


@pytest.mark.parametrize(
    ("have", "operator", "want", "holds"),
    [
        (None, "==", "", False),
        (None, "!=", "x", False),
        (None, "!=~", "x", False),
        ("abc", "==", "abc", True),
        ("abc", "=", "abc", True),
        ("abc", "<", "abd", False),
        ("abc", "=~", "b", True),
        ("abc", "!=~", "b", False),
        (5, "=~", "5", False),
        (5, "!=~", "6", False),
        (5, "==", " 5 ", True),
        (5, "==", "0x5", True),
        (5, "<", "5.5", True),
        (8, "==", "010", True),
        (5, "==", "five", REFUSED),
        (True, "==", "true", True),
        (True, "!=", "false", True),
        (True, ">", "false", False),
        (True, "==", "1", REFUSED),
        (0, "==", "false", REFUSED),
        ("abc", "=~", "(?=b)", REFUSED),
        ("abc", "~", "b", REFUSED),
    ],
)
def test_a_field_is_compared_by_its_own_type(have: Any, operator: str, want: str, holds: Any) -> None:
    assert verdict(compare_field, operator, have, want) == holds


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        ("xen", True),
        ("xe", False),
        ("/xe/", True),
        ("/^en/", False),
        ("/role::data/", True),
        ("//^ro//le/", True),
        ("nothing\n/xen", False),
        ("/[/", REFUSED),
    ],
)
def test_a_name_with_a_slash_before_it_is_a_regular_expression_without_slashes(wanted: str, holds: Any) -> None:
    assert verdict(named, wanted, ("xen", "role::database")) == holds


@pytest.mark.parametrize(
    "source",
    [
        "a(?=b)", "(?<!a)b", r"(a)\1", "a{,3}", "[a-z&&b]", "(?m)a.b", "(?s)a", "(?P<n>a)", r"\Qa\E", r"\h", r"\Z",
        "(?>a)", "a++", r"\p{L}", "(", "((a{100}){100}){100}", "a" * (MAX_REGEXP + 1), "\ud800", "(x{0,50}){20}" * 20,
    ],
)  # fmt: skip
def test_what_re2_does_not_know_or_ruby_reads_otherwise_is_refused(source: str) -> None:
    with pytest.raises(MessageError) as refused:
        regexp(source)

    assert refused.value.reason == "filter not understood"


def test_a_regular_expression_that_would_take_python_for_ever_takes_no_time() -> None:
    started = time.process_time()

    assert not regexp("(a+)+$")("a" * 100_000 + "b")

    assert time.process_time() - started < 5  # a backtracking engine would need more than the age of the universe


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10", 10), ("010", 8), ("0x1F", 31), ("0b11", 3), ("1_000", 1000), (" -5\n", -5), ("0", 0), ("00", 0),
        ("08", None), ("1__0", None), ("", None), ("1.5", None), ("ten", None), ("٣", None), ("1" * 5000, None),
    ],
)  # fmt: skip
def test_integers_are_read_as_ruby_reads_them(text: str, number: int | None) -> None:
    assert integer(text) == number


anything = (
    some.text() | some.none() | some.booleans() | some.integers() | some.binary() | some.builds(Symbol, some.text())
)


@given(some.sampled_from(OPERATORS) | anything, some.text() | some.lists(some.text()), anything)
def test_no_comparison_brings_anything_but_a_verdict_or_a_refusal(operator: Any, have: Any, want: Any) -> None:
    assert verdict(compare, operator, have, want) in (True, False, REFUSED)


@given(some.sampled_from(("==", "=~", "!=~", "<")), some.text() | some.integers() | some.booleans(), some.text())
def test_no_field_brings_anything_but_a_verdict_or_a_refusal(operator: str, have: Any, want: str) -> None:
    assert verdict(compare_field, operator, have, want) in (True, False, REFUSED)
