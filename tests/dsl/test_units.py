import math

import pytest

from dsl.syntax import Kind
from dsl.units import MISTAKEN, UNITS, based, quantity, version_number, version_text


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("30s", Kind.TIME, 30.0),
        ("15 min", Kind.TIME, 900.0),
        ("2 d", Kind.TIME, 172800.0),
        ("32GiB", Kind.SIZE, 32768.0),
        ("512 KiB", Kind.SIZE, 0.5),
        ("5%", Kind.SHARE, 0.05),
        ("3 rounds", Kind.ROUNDS, 3.0),
    ],
)
def test_amounts_are_read_into_their_base_unit(text: str, kind: Kind, value: float) -> None:
    assert quantity(text, kind) == value


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("30", Kind.TIME, "“30” is not a time: write a number and a unit, s or min or h or d"),
        ("32 GB", Kind.SIZE, "“GB” is not a unit; did you mean GiB?"),
        ("5 min", Kind.SIZE, "“5 min” is a time, wanted is a size (B or KiB or MiB or GiB or TiB)"),
        ("9e9 s", Kind.TIME, "“9e9 s” is not a time: write a number and a unit, s or min or h or d"),
    ],
)
def test_what_is_no_such_amount_is_told_with_what_would_be(text: str, kind: Kind, said: str) -> None:
    with pytest.raises(ValueError, match="is") as refusal:
        quantity(text, kind)

    assert str(refusal.value) == said


@pytest.mark.parametrize("percent", range(101))
def test_a_percentage_is_exactly_the_share_that_a_person_would_write(percent: int) -> None:
    assert based(percent, "%") == (Kind.SHARE, float(f"{percent / 100:.2f}"))


def test_every_mistaken_unit_leads_to_a_real_one() -> None:
    assert set(MISTAKEN.values()) <= set(UNITS)
    assert not set(MISTAKEN) & set(UNITS)


def test_versions_compare_as_versions_do() -> None:
    ordered = ["3.4", "4.9", "4.17", "4.17.0.1", "4.17.2-rc1", "4.18", "5.0"]
    numbers = [version_number(version) for version in ordered]

    assert numbers == sorted(numbers)
    assert version_number("4.17") == version_number("4.17.0")
    assert math.isnan(version_number("unstable"))


def test_a_version_is_told_as_people_write_it() -> None:
    assert [version_text(version_number(text)) for text in ("4.17", "4.17.2", "4.9", "4")] == [
        "4.17", "4.17.2", "4.9", "4.0",
    ]  # fmt: skip
