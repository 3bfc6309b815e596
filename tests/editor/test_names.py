"""Sets: where they are named, and their renaming."""

import pytest

from balancer.editor.names import RefusedError, mentioned, mentions, places, renamed
from tests.editor.written import document, shown, written

FILE = """\
let db = vms tagged "db"          # not the db in quotes, nor this one
let big_db = vms in db and vcpus > 4
keep db with big_db
rule db
  when  host.cpu > 85%
  move  vm   by most cpu          where not in db
  to    host by least after.cpu
"""


def test_every_place_of_a_set_is_found_and_no_other() -> None:
    of = document(FILE)

    assert [(each.name, each.gives, of.text.count("\n", 0, each.where.start) + 1) for each in mentions(of)] == [
        ("db", True, 1), ("big_db", True, 2), ("db", False, 2),
        ("db", False, 3), ("big_db", False, 3), ("db", False, 6),
    ]  # fmt: skip
    assert {shown(of, each.where) for each in places(of, "db")} == {"db"}


@pytest.mark.parametrize("text", ["let |db = vms\n", "let d|b = vms\n", "let db = vms\nkeep db| apart"])
def test_the_set_at_a_place(text: str) -> None:
    of, cursor = written(text)
    mention = mentioned(of, cursor)

    assert mention is not None
    assert mention.name == "db"


@pytest.mark.parametrize("text", ['let a = vms tagged "d|b"', "ru|le r", "|", "let a = vms # a|"])
def test_elsewhere_there_is_none(text: str) -> None:
    assert mentioned(*written(text)) is None


def test_a_new_name_is_written_in_all_places() -> None:
    of, cursor = written(FILE.replace("let db", "let d|b"))
    text = of.text
    for where in reversed(renamed(of, cursor, "databases")):
        text = f"{text[: where.start]}databases{text[where.end :]}"

    assert text == FILE.replace("let db", "let databases").replace("in db", "in databases").replace(
        "keep db", "keep databases"
    )
    assert document(text).loaded.findings == ()


def test_a_set_may_keep_its_name() -> None:
    assert renamed(*written("let d|b = vms"), "db") != ()


@pytest.mark.parametrize(
    ("new", "refusal"),
    [
        ("host", "“host” is a word of the language; call it my_host"),
        ("cpu", "“cpu” is a word of the language; call it my_cpu"),
        ("big_db", "“big_db” is the set of line 2 already; take another name"),
        ("my db", "“my db” is no name; write letters, digits and _, a letter first"),
        ("a = vms\nlet b", "“a = vms\nlet b” is no name; write letters, digits and _, a letter first"),
        ("9", "“9” is no name; write letters, digits and _, a letter first"),
        ("", "“” is no name; write letters, digits and _, a letter first"),
    ],
)
def test_a_name_that_will_not_do_is_refused(new: str, refusal: str) -> None:
    with pytest.raises(RefusedError) as refused:
        renamed(*written(FILE.replace("let db", "let d|b")), new)
    assert str(refused.value) == refusal


def test_a_statement_that_may_use_the_name_and_cannot_be_read_is_mended_first() -> None:
    with pytest.raises(RefusedError, match="the statement of line 3 speaks of db and cannot be read; mend it first"):
        renamed(*written("let d|b = vms\n\nkeep db apar\n"), "pg")


def test_a_mistake_elsewhere_does_not_matter() -> None:
    assert len(renamed(*written("let d|b = vms\n\nkeep vms apar # db\n"), "pg")) == 1


def test_what_is_no_set_cannot_be_renamed() -> None:
    with pytest.raises(RefusedError, match="no set is named here"):
        renamed(*written("rule |r"), "s")
