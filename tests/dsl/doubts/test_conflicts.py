"""Statements that cannot hold together, and what is said of them, to the letter."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dsl.findings import render
from dsl.loading import load
from dsl.vocabulary import Vocabulary

CASES = Path(__file__).parent / "conflicts.txt"


def _cases() -> Iterator[object]:
    """As in `tests/dsl/cases`."""
    for case in CASES.read_text(encoding="utf-8").split("\n\n== "):
        title, _, rest = case.removeprefix("== ").strip("\n").partition("\n")
        text, _, told = rest.partition("\n--\n")
        yield pytest.param(text, told, id=title)


@pytest.mark.parametrize(("text", "told"), list(_cases()))
def test_this_file_is_told(text: str, told: str, vocabulary: Vocabulary) -> None:
    found = load("farm.rules", text.encode(), vocabulary).findings

    said = "\n".join(render(each, "farm.rules", text) for each in found)
    assert (said or "nothing") == told
