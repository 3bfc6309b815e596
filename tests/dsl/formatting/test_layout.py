"""Rule files before and after; the folder `cases` shows the layout, one thing at a time."""

from pathlib import Path

import pytest

from dsl.formatting import format_source
from dsl.parser import parse
from tests.dsl.told import cases

CANONICAL = Path(__file__).parents[1] / "farm.rules"


@pytest.mark.parametrize(("before", "after"), list(cases(Path(__file__).parent / "cases")))
def test_this_is_laid_out_as(before: str, after: str) -> None:
    formatted = format_source(before.encode())

    assert formatted.findings == ()
    assert formatted.text == f"{after}\n"
    assert format_source(formatted.text.encode()).text == formatted.text


def test_a_whole_file_that_is_laid_out_stays_as_it_is() -> None:
    source = CANONICAL.read_bytes()

    assert format_source(source).text == source.decode()


def test_a_file_that_would_outgrow_the_limit_is_left_alone() -> None:
    gates = " where a" * 1000
    rule = f"rule r when a move vm by most b{gates} to host by least c{gates}\n"

    formatted = format_source((rule * 12).encode())

    assert formatted.text is None
    assert [finding.code for finding in formatted.findings] == ["too-big"]


def test_a_statement_that_would_outgrow_the_limit_is_left_alone() -> None:
    kinds = ", ".join(["drains"] * 2498)

    formatted = format_source(f"never move vms passthrough except {kinds}".encode())

    assert parse(f"never move vms passthrough except {kinds}").findings == ()
    assert formatted.text is None
    assert [finding.code for finding in formatted.findings] == ["too-long"]
