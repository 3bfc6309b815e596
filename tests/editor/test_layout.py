"""Places as editors count them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.editor.layout import Layout, Place

CLEF = "\U0001d11e"


@pytest.mark.parametrize(("encoding", "column"), [("utf-16", 4), ("utf-8", 7), ("utf-32", 3)])
def test_a_column_counts_the_units_of_the_encoding(encoding: str, column: int) -> None:
    layout = Layout.of(f"é{CLEF}=x", encoding)

    assert layout.place(3) == Place(0, column)
    assert layout.offset(Place(0, column)) == 3


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_each_kind_of_line_end_ends_a_line(end: str) -> None:
    layout = Layout.of(f"let{end}keep", "utf-16")

    assert layout.place(len(f"let{end}k")) == Place(1, 1)
    assert layout.offset(Place(1, 1)) == len(f"let{end}k")


@pytest.mark.parametrize("inside", ["\u2028", "\u0085", "\x0b", "\x0c"])
def test_no_other_character_does(inside: str) -> None:
    assert Layout.of(f"a{inside}b", "utf-16").place(2) == Place(0, 2)


def test_a_place_beyond_a_line_is_its_end_and_one_beyond_the_text_is_the_end_of_all() -> None:
    layout = Layout.of("let\r\nkeep", "utf-16")

    assert layout.offset(Place(0, 99)) == 3
    assert layout.offset(Place(7, 0)) == 9
    assert layout.place(99) == Place(1, 4)


def test_a_place_inside_of_a_character_is_before_it() -> None:
    assert Layout.of(f"{CLEF}x", "utf-16").offset(Place(0, 1)) == 0


@given(st.text(st.sampled_from(["a", "é", CLEF, "\u2028", "\r", "\n"])), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_there_and_back(text: str, encoding: str) -> None:
    layout = Layout.of(text, encoding)
    inside_of_a_line_end = {place + 1 for place in range(len(text)) if text[place : place + 2] == "\r\n"}

    for offset in set(range(len(text) + 1)) - inside_of_a_line_end:
        assert layout.offset(layout.place(offset)) == offset
