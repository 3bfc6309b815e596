"""Figures as authors write them against figures as they are measured."""

import math

import pytest

from balancer.core.trials.figures import Figure, is_as_written, told, wanted
from dsl.syntax import Kind
from dsl.units import version_number


@pytest.mark.parametrize(
    ("figure", "text", "kind"),
    [
        (0.9, "90%", Kind.SHARE),
        (0.7125, "71.2%", Kind.SHARE),
        (4096.0, "4GiB", Kind.SIZE),
        (900.0, "15 min", Kind.TIME),
        (40.0, "40", Kind.NUMBER),
        (version_number("4.17.0"), "4.17", Kind.VERSION),
        (1.0, "true", Kind.BOOL),
        ("xeon", "xeon", Kind.TEXT),
        (None, "unknown", Kind.NUMBER),
        (math.nan, "unknown", Kind.SHARE),
    ],
)
def test_what_is_told_so_is_expected_so(figure: Figure, text: str, kind: Kind) -> None:
    assert is_as_written(figure, text, kind)


@pytest.mark.parametrize(
    ("figure", "text", "kind"),
    [
        (0.9, "91%", Kind.SHARE),
        (0.9, "0.9", Kind.SHARE),
        (0.0, "unknown", Kind.SHARE),
        (None, "0", Kind.NUMBER),
        (1.0, "false", Kind.BOOL),
        ("xeon", "epyc", Kind.TEXT),
        ("xeon", "7", Kind.NUMBER),
    ],
)
def test_and_nothing_else_is(figure: Figure, text: str, kind: Kind) -> None:
    assert not is_as_written(figure, text, kind)


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        ("many", Kind.NUMBER, "“many” is not a number"),
        ("inf", Kind.NUMBER, "“inf” is not a number"),
        ("yes", Kind.BOOL, "“yes” is neither true nor false"),
        ("4GB", Kind.SIZE, "“GB” is not a unit; did you mean GiB?"),
    ],
)
def test_what_is_no_figure_says_what_would_be(text: str, kind: Kind, why: str) -> None:
    with pytest.raises(ValueError, match="“") as refused:
        wanted(text, kind)
    assert str(refused.value) == why


def test_what_nobody_knows_is_told_as_unknown() -> None:
    assert [told(each, Kind.SHARE) for each in (None, math.nan, 0.5)] == ["unknown", "unknown", "50%"]
