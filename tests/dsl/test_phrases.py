from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.parser import parse
from dsl.phrases import _SAID, phrase, plain_number, set_phrase
from dsl.syntax import Drain, Freeze, Set, Statement, Sum, Test, without_places
from tests.dsl.sentences import STATEMENTS


@pytest.mark.parametrize("name", STATEMENTS)
@settings(max_examples=25)
@given(data=st.data())
def test_what_a_statement_is_said_to_be_is_read_as_the_same(name: str, data: st.DataObject) -> None:
    (statement,) = parse(" ".join(data.draw(STATEMENTS[name]))).statements

    (again,) = parse(phrase(statement)).statements

    assert without_places(again) == without_places(statement)
    assert phrase(again) == phrase(statement)


def test_every_node_can_be_said() -> None:
    unions = (Statement, Set, Test, Sum)

    assert {node for union in unions for node in get_args(union)} <= set(_SAID)


@given(st.decimals(0, 999_999_999_999_999, places=6))
def test_a_number_is_written_without_an_exponent_and_read_as_the_same(number: object) -> None:
    written = plain_number(float(str(number)))

    assert "e" not in written
    assert float(written) == float(str(number))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("freeze when " + "not " * 199 + "a", id="199 times not"),
        pytest.param("freeze when a > 1" + " or a > 1" * 199, id="200 alternatives"),
        pytest.param("freeze when " + "avg(" * 64 + "a" + ", 1 s)" * 64 + " > 1", id="64 aggregates"),
        pytest.param(
            "freeze when " + "not " * 100 + "(a > " * 63 + "(" + "not " * 99 + "a" + ")" * 64, id="all at once"
        ),
    ],
)
def test_what_is_just_deep_enough_can_be_said(text: str) -> None:
    (statement,) = parse(text).statements

    (again,) = parse(phrase(statement)).statements

    assert without_places(again) == without_places(statement)


@pytest.mark.parametrize(
    "text",
    [
        "reports < 80%", "(cpu - memory) / 2 > 10%", "cpu - (memory - 10%) > 1%", "cpu / vcpus * 2 > 1",
        "maintenance or not (cpu > 1 and memory > 2)", "(a or b) and c", 'not tagged "x"', 'host named "y*" and in db',
        'cpu_group == "a"', "avg(host.cpu, 10 min) > 80%", "not cpu > 80%",
    ],
)  # fmt: skip
def test_a_test_is_told_as_it_is_written(text: str) -> None:
    (freeze,) = parse(f"freeze when {text}").statements

    assert isinstance(freeze, Freeze)
    assert phrase(freeze.test) == text


@pytest.mark.parametrize("text", ['host "hv7"', "old", "hosts", 'hosts tagged "x"', "hosts where cores > 16"])
def test_a_set_is_told_as_it_is_written(text: str) -> None:
    (drain,) = parse(f"drain {text}").statements

    assert isinstance(drain, Drain)
    assert set_phrase(drain.hosts) == text


def test_the_bare_owner_of_a_clause_is_left_out() -> None:
    (freeze,) = parse('freeze when host.cpu > vm.cpu and host tagged "x"').statements

    assert isinstance(freeze, Freeze)
    assert phrase(freeze.test, "host") == 'cpu > vm.cpu and tagged "x"'
