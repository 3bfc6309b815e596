"""Whole statements to begin with."""

import re

import pytest

from balancer.core.figures.signals import VOCABULARY
from balancer.editor.snippets import SNIPPETS, Snippet
from dsl.loading import load

HOLE = re.compile(r"\$\{\d:([^}]*)\}|\$0")


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.label)
def test_filled_in_as_it_stands_a_snippet_is_a_good_statement(snippet: Snippet) -> None:
    text = HOLE.sub(lambda hole: hole[1] or "", snippet.body)

    assert load("", text.encode(), VOCABULARY).findings == ()
    assert "$" not in text
    assert snippet.body.endswith("\n$0")


def test_each_has_a_label_of_its_own() -> None:
    assert len({snippet.label for snippet in SNIPPETS}) == len(SNIPPETS)
