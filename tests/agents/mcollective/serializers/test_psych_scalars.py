"""A plain scalar is what Ruby's Psych takes it for."""

from typing import Any

import pytest

from agents.mcollective.errors import DecodeError
from agents.mcollective.serializers import Limits, Symbol
from agents.mcollective.serializers.psych_scalars import plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("Null", None),
        ("yes", True),
        ("OFF", False),
        ("y", "y"),
        ("nothing", "nothing"),
        ("0", 0),
        ("-12", -12),
        ("1,000", 1000),
        ("010", "010"),
        ("1.0e+20", 1e20),
        ("1e5", "1e5"),
        ("2010-01-01", "2010-01-01"),
        ("08:30", "08:30"),
        (":name", Symbol("name")),
        (':"a b"', Symbol("a b")),
        (":", ":"),
        ("<", "<"),
        ("hv1.example.net", "hv1.example.net"),
    ],
)
def test_what_it_is(text: str, value: Any) -> None:
    read = plain(text, Limits())

    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "reason"), [("<<", "merge key"), (".inf", "bad number"), ("9" * 41, "bad number"), ("-.NaN", "bad number")]
)
def test_what_it_may_not_be(text: str, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        plain(text, Limits())
    assert caught.value.reason == reason
