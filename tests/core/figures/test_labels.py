"""Whom a pattern picks, by name or by tag."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.core.figures.labels import Labels

NAMES = ("web2", "pg-1", "w[1]", "pg-2", "web1", "pg")


def picked(pattern: str) -> list[str]:
    found = Labels((name,) for name in NAMES).matching(pattern)
    return [name for name, is_meant in zip(NAMES, found, strict=True) if is_meant]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("pg", ["pg"]),
        ("pg*", ["pg-1", "pg-2", "pg"]),
        ("pg-?", ["pg-1", "pg-2"]),
        ("*1", ["pg-1", "web1"]),
        ("w*b*2", ["web2"]),
        ("*", list(NAMES)),
        ("w[1]", ["w[1]"]),
        ("w[?]", ["w[1]"]),
        ("nobody", []),
        ("", []),
    ],
)
def test_a_pattern_picks_these_names(pattern: str, names: list[str]) -> None:
    assert picked(pattern) == names


def test_a_thing_is_picked_by_any_of_its_labels() -> None:
    tagged = Labels([("db", "prod"), (), ("dc:a", "prod")])
    assert tagged.matching("d?").tolist() == [True, False, False]
    assert tagged.matching("d*").tolist() == [True, False, True]
    assert tagged.matching("prod").tolist() == [True, False, True]


def test_a_name_in_full_is_no_pattern() -> None:
    assert Labels([("a*",), ("ab",)]).called("a*").tolist() == [True, False]


LETTERS = st.text("ab*?[]-", max_size=4)


@given(st.lists(st.lists(LETTERS, max_size=3), max_size=6), LETTERS)
def test_it_is_what_looking_at_each_label_would_pick(labels: list[list[str]], pattern: str) -> None:
    glob = pattern.replace("[", "[[]")
    expected = [any(fnmatchcase(label, glob) for label in each) for each in labels]
    assert Labels(labels).matching(pattern).tolist() == expected
