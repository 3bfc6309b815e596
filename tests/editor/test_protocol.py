"""Our values as the protocol has them."""

import pytest
from lsprotocol import types

from balancer.editor import protocol
from balancer.editor.completion import Offer
from balancer.editor.document import Stretch
from balancer.editor.layout import Layout
from tests.editor.written import document

LAYOUT = Layout.of("é\U0001d11e x\r\nkeep", "utf-16")


def test_a_place_is_counted_in_the_units_of_the_client() -> None:
    assert protocol.position(LAYOUT, 3) == types.Position(0, 4)
    assert protocol.offset(LAYOUT, types.Position(0, 4)) == 3
    assert protocol.span(LAYOUT, Stretch(2, 8)) == types.Range(types.Position(0, 3), types.Position(1, 2))


@pytest.mark.parametrize("sort", ["name", "set", "word", "unit", "snippet"])
def test_each_sort_of_offer_has_a_kind(sort: str) -> None:
    item = protocol.item(LAYOUT, Offer("x", sort), Stretch(0, 0), 3)

    assert item.kind is not None
    assert item.sort_text == "0003"
    assert (item.insert_text_format == types.InsertTextFormat.Snippet) == (sort == "snippet")


def test_an_offer_may_insert_something_else_than_its_label() -> None:
    item = protocol.item(LAYOUT, Offer("avg", "word", insert="avg("), Stretch(7, 8), 0)

    assert item.text_edit == types.TextEdit(types.Range(types.Position(1, 1), types.Position(1, 2)), "avg(")


def test_the_way_out_stands_behind_the_message_where_there_is_one() -> None:
    text = "keep\nlet host = vms\n"
    of = document(text)
    told = [protocol.diagnostic(of, Layout.of(text, "utf-16"), finding).message for finding in of.loaded.findings]

    assert told[0].startswith("the statement cannot end after “keep”; wanted: ")
    assert told[1] == "“host” is a word of the language; call it my_host"
