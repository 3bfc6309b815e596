"""Rule files and what is said of them, to the letter; the folder `cases` reads like a manual of mistakes."""

from pathlib import Path

import pytest

from dsl.findings import render
from dsl.loading import load
from dsl.vocabulary import Vocabulary
from tests.dsl.told import cases


@pytest.mark.parametrize(("text", "told"), list(cases(Path(__file__).parent / "cases")))
def test_this_file_is_told(text: str, told: str, vocabulary: Vocabulary) -> None:
    loaded = load("farm.rules", text.encode(), vocabulary)

    said = "\n".join(render(finding, "farm.rules", text) for finding in loaded.findings)
    assert (said or "nothing") == told
    assert (loaded.ruleset is None) == any(finding.severity == "error" for finding in loaded.findings)
