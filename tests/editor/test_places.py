"""What may be named where."""

import dsl.clauses
from balancer.editor.places import CLAUSES, OWN, clause, kinds, own
from dsl.clauses import ARRIVALS, HOSTS, Clause
from dsl.parser.grammar import reserved_words
from dsl.syntax import Kind


def test_each_clause_of_the_language_has_a_place() -> None:
    every = {value.title for value in vars(dsl.clauses).values() if isinstance(value, Clause)}

    assert {each.title for each in CLAUSES.values()} == every


def test_the_tables_are_made_of_words_of_the_grammar() -> None:
    assert {word for words in (*CLAUSES, *OWN) for word in words} - reserved_words() == {"="}


def test_the_word_that_was_begun_last_decides_and_then_the_longest_row() -> None:
    assert clause(("never", "move", "to", "hosts", "where")) == ARRIVALS
    assert clause(("never", "move", "from", "hosts", "where")) == HOSTS
    assert own(("keep", "apart", "from")).sets == ("vm",)
    assert own(("never", "move", "from")).sets == ("host",)


def test_where_nothing_is_reckoned_there_is_no_clause() -> None:
    assert clause(("keep",)) is None
    assert clause(()) is None
    assert own(()).sets == ()


def test_inside_of_an_aggregate_nothing_is_to_come() -> None:
    around = clause(("rule", "to", "host", "by", "least", "avg", "("))

    assert around is not None
    assert "after" not in around.owners


def test_min_is_an_aggregate_only_before_a_bracket() -> None:
    assert kinds(("freeze", "when", "min", "(", ",")) == {Kind.TIME}
    assert Kind.SHARE in kinds(("freeze", "when", "min"))
