"""A rule file in an editor."""

import pytest

from dsl.reading import FILE_BYTES
from tests.editor.written import document, shown, written

FILE = 'let db = vms tagged "db"   # ours\nlet pg = vms in db\n\nkeep pg apart\n'


def test_a_span_is_found_in_the_text() -> None:
    of = document(FILE)

    assert [shown(of, of.stretch(each.span)) for each in of.loaded.statements] == [
        'let db = vms tagged "db"', "let pg = vms in db", "keep pg apart",
    ]  # fmt: skip


def test_what_can_be_read_is_known_beside_what_cannot() -> None:
    of = document("let db = vms tagged\nlet pg = vms\n")

    assert list(of.lets) == ["pg"]
    assert [finding.code for finding in of.loaded.findings] == ["syntax"]


@pytest.mark.parametrize(
    ("text", "underlined"), [("keep", "p"), ("keep \n\nlet a = vms", " "), ("rule r\n  when", "n")]
)
def test_what_is_missing_is_shown_where_it_should_stand_and_never_as_nothing(text: str, underlined: str) -> None:
    of = document(text)
    (finding,) = of.loaded.findings

    assert shown(of, of.shown(finding)) == underlined


def test_a_set_is_one_of_what_the_set_that_it_copies_is_one_of() -> None:
    of = document("let a = b\nlet b = hosts\nlet c = d\nlet d = c\nlet e = nobody\n")

    assert [of.thing(let) for let in of.lets.values()] == [None, None, None, "host", "host"]


def test_a_file_that_reads_can_be_laid_out() -> None:
    assert document("keep   vms\r\n  apart").laid_out() == "keep vms apart\n"
    assert document("keep vms apartt").laid_out() is None
    assert document("\0").laid_out() is None


def test_the_passage_round_a_place() -> None:
    of, cursor = written("every 30 s\nrule r\n  when |host.cpu > 1%\nkeep vms apart")
    position = of.position(cursor)

    assert position.passage.text == "rule r\n  when host.cpu > 1%"
    assert position.start == 11


@pytest.mark.parametrize("text", ["x" * (FILE_BYTES + 1), "\0", "\ufefflet a = vms", "let \ud800 = vms", "(" * 99_999])
def test_what_is_no_rule_file_has_a_finding(text: str) -> None:
    of = document(text)

    assert of.loaded.findings
    assert of.loaded.statements == ()
