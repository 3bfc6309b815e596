"""What the text of a fact is worth."""

import math

import pytest

from dsl.facts import READINGS, read, reading
from dsl.syntax import NOWHERE, Amount, Kind
from dsl.units import version_number

PLAIN = frozenset({Kind.NUMBER, Kind.VERSION})


def literal(text: str) -> Amount:
    return Amount(float(text), None, text, NOWHERE)


@pytest.mark.parametrize(
    ("kinds", "amount", "kind"),
    [
        (PLAIN, literal("8"), Kind.NUMBER),
        (PLAIN, literal("5.10"), Kind.VERSION),
        (frozenset({Kind.NUMBER}), None, Kind.NUMBER),
        (frozenset({Kind.VERSION}), None, Kind.VERSION),
        (frozenset({Kind.SIZE}), literal("5.5"), Kind.SIZE),
        (frozenset({Kind.NUMBER, Kind.SHARE}), None, Kind.NUMBER),
        (READINGS, None, Kind.TEXT),
    ],
)
def test_a_fact_is_read_as_what_it_is_held_against(kinds: frozenset[Kind], amount: Amount | None, kind: Kind) -> None:
    assert reading(kinds, amount) is kind


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.NUMBER, "131072", 131072.0),
        (Kind.NUMBER, " 7976.40 ", 7976.4),
        (Kind.NUMBER, "-3", -3.0),
        (Kind.NUMBER, "8 GiB", math.nan),
        (Kind.NUMBER, "nan", math.nan),
        (Kind.NUMBER, "1e400", math.nan),
        (Kind.NUMBER, "", math.nan),
        (Kind.NUMBER, "٣", math.nan),
        (Kind.VERSION, "5.10.0-28-amd64", version_number("5.10.0")),
        (Kind.VERSION, "bookworm", math.nan),
        (Kind.SIZE, "7.79 GiB", 7.79 * 1024),
        (Kind.SIZE, "7976", math.nan),
        (Kind.SHARE, "85%", 0.85),
        (Kind.SHARE, "0.85", math.nan),
        (Kind.TIME, "10 min", 600.0),
        (Kind.TIME, "soon", math.nan),
    ],
)
def test_what_cannot_be_read_that_way_is_unknown(kind: Kind, text: str, value: float) -> None:
    assert read([text, None], kind).tolist() == pytest.approx([value, math.nan], nan_ok=True)


def test_a_text_stays_as_it_is() -> None:
    assert read(["a ", None], Kind.TEXT).tolist() == ["a ", None]
