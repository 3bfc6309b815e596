"""What the manual and editors are told of each word."""

import pytest

from balancer.adapters.calendar import LANGUAGE
from dsl.checking.statements import STEPS
from dsl.clauses import THING
from dsl.loading import load
from dsl.manual import CLAUSES, STATEMENTS, WORDS, Entry, entry
from dsl.parser import parse
from dsl.parser.expectation import expectation
from dsl.parser.grammar import reserved_words
from dsl.units import UNITS

SILENT = {"each", "fewest", "lost", "memory", "migrations", "moves", "moving", "no", "onto", "return"}
"""Words of which the statement's first word tells all."""


def test_each_word_that_can_begin_a_statement_is_a_row() -> None:
    beginnings = {word for words in expectation("").following.values() for word in words}

    assert {each.word for each in STATEMENTS} == beginnings


def test_each_word_of_the_grammar_is_told() -> None:
    told = {each.word for each in (*STATEMENTS, *CLAUSES, *WORDS)}

    assert reserved_words() - told == (SILENT | set(UNITS)) - told - {"%"}


def test_each_kind_of_move_and_each_owner_of_a_name_is_told() -> None:
    assert [word for word in (*STEPS, *(f"{owner}." for owner in THING)) if entry(word, "") is None] == []


def test_no_word_stands_twice() -> None:
    rows = [(each.statement, each.word) for each in (*STATEMENTS, *CLAUSES, *WORDS)]

    assert len(rows) == len(set(rows))


@pytest.mark.parametrize("told", STATEMENTS, ids=lambda told: told.word)
def test_an_example_is_a_statement_of_its_word(told: Entry) -> None:
    (statement,) = parse(told.example).statements

    assert told.example.startswith(f"{told.word} ")
    assert statement is not None
    findings = load("", told.example.encode(), LANGUAGE).findings
    assert findings == ()


def test_a_word_means_what_it_means_in_its_statement() -> None:
    in_rule, elsewhere = entry("to", "rule"), entry("to", "never")

    assert in_rule is not None
    assert in_rule.shape.startswith("to host by")
    assert elsewhere is not None
    assert elsewhere.shape == "to HOSTS"


def test_a_word_that_means_nothing_by_itself_is_not_told() -> None:
    assert entry("onto", "pack") is None
