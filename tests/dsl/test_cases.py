"""Rule files and what is said of them, to the letter; the folder `cases` reads like a manual of mistakes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dsl.findings import render
from dsl.loading import load
from dsl.vocabulary import Vocabulary

CASES = Path(__file__).parent / "cases"


def _cases() -> Iterator[object]:
    """`== title`, the rule file, `--`, what is said of it (`nothing` where it is fine)."""
    for file in sorted(CASES.glob("*.txt")):
        for case in file.read_text(encoding="utf-8").split("\n\n== "):
            title, _, rest = case.removeprefix("== ").strip("\n").partition("\n")
            text, _, told = rest.partition("\n--\n")
            yield pytest.param(text, told, id=f"{file.stem}: {title}")


@pytest.mark.parametrize(("text", "told"), list(_cases()))
def test_this_file_is_told(text: str, told: str, vocabulary: Vocabulary) -> None:
    loaded = load("farm.rules", text.encode(), vocabulary)

    said = "\n".join(render(finding, "farm.rules", text) for finding in loaded.findings)
    assert (said or "nothing") == told
    assert (loaded.ruleset is None) == any(finding.severity == "error" for finding in loaded.findings)
