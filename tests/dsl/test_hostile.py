"""What no person wrote is a finding with a line, for a check and for a layout alike; what is only odd is read."""

import pytest

from dsl.findings import render
from dsl.formatting import format_source
from dsl.loading import load
from dsl.vocabulary import Vocabulary
from tests.dsl.hostile import HARMLESS, HOSTILE, MISTAKEN


@pytest.mark.parametrize("kind", [*HOSTILE, *MISTAKEN])
def test_a_hostile_file_is_told_with_its_line(kind: str, vocabulary: Vocabulary) -> None:
    source, code = {**HOSTILE, **MISTAKEN}[kind]

    loaded = load("farm.rules", source, vocabulary)

    assert loaded.ruleset is None
    assert loaded.findings[0].code == code
    for finding in loaded.findings:
        assert render(finding, "farm.rules", loaded.text).startswith(f"farm.rules:{finding.span.line}:")
        assert 1 <= finding.span.line <= source.count(b"\n") + 1


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_hostile_file_is_laid_out(kind: str) -> None:
    source, code = HOSTILE[kind]

    formatted = format_source(source)

    assert formatted.text is None
    assert formatted.findings[0].code == code


@pytest.mark.parametrize("kind", HARMLESS)
def test_an_odd_file_is_read_and_laid_out(kind: str, vocabulary: Vocabulary) -> None:
    source = HARMLESS[kind]

    formatted = format_source(source)

    assert load("farm.rules", source, vocabulary).ruleset is not None
    assert formatted.text is not None
    assert format_source(formatted.text.encode()).text == formatted.text
