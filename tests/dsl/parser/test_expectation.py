"""What may stand behind the beginning of a statement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.parser.expectation import expectation

RULE = "rule r when host.cpu > 85% for 3 rounds "


def words(beginning: str) -> set[str]:
    return {word for choice in expectation(beginning).following.values() for word in choice}


@pytest.mark.parametrize(
    ("beginning", "following"),
    [
        ("", {"rule", "let", "keep", "never", "every", "freeze"}),
        ("keep vms ", {"apart", "together", "with", "on", "where", "tagged", "named"}),
        ("drain ", {"host", "hosts"}),
        (RULE, {"and", "move"}),
        (f"{RULE}move vm by ", {"most", "least"}),
        (f"{RULE}# a comment\n  move vm by most cpu ", {"where", "to"}),
    ],
)
def test_the_words_that_may_follow(beginning: str, following: set[str]) -> None:
    assert following <= words(beginning)


def test_no_other_words_may_follow() -> None:
    assert words("drain ") == {"host", "hosts", "vm", "vms"}
    assert words("freeze ") == {"when"}


def test_a_pattern_may_follow_without_being_a_word() -> None:
    assert expectation("every ").following == {"NUMBER": ()}


@pytest.mark.parametrize(
    ("beginning", "begun"),
    [
        ("", ()),
        ("keep vms where", ("keep", "vms", "where")),
        ("keep vms where age > 1 d apart", ("keep", "apart")),
        ("never move vms to hosts where ", ("never", "move", "to", "hosts", "where")),
        ("freeze when sum(failures, ", ("freeze", "when", "sum", "(", ",")),
        (f"{RULE}move vm by most cpu where ", ("rule", "move", "vm", "where")),
    ],
)
def test_what_is_begun_and_not_ended(beginning: str, begun: tuple[str, ...]) -> None:
    assert expectation(beginning).begun == begun


@pytest.mark.parametrize("beginning", ["nonsense ", "every every ", "every 30 s 5", '"', "9**9", "(" * 100_000, "\0"])
def test_behind_what_no_statement_begins_with_nothing_is_expected(beginning: str) -> None:
    assert expectation(beginning).following == {}


@given(st.text())
def test_any_text_has_an_expectation(text: str) -> None:
    assert expectation(text) is not None
