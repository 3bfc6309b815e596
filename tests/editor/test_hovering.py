"""What is told of the word under the pointer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.editor.hovering import hovering
from tests.editor.written import shown, written

RULE = "rule r\n  when  host.cpu > 85%\n  move  vm by most cpu where age > 15 min\n  to    host by least "


def told(text: str) -> str:
    of, cursor = written(text)
    found = hovering(of, cursor)
    return found.text if found else ""


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        (RULE.replace("most cpu", "most c|pu"), "**cpu**: number (a plain number), of a VM\n\nbusy CPUs: 1 is one CPU"),
        (f"{RULE}|cpu", "**cpu**: share (%), of a host\n\nbusy share of its cores"),
        ("vms where cpu > 1|", ""),
        ("freeze when cp|u > 85%", "**cpu**: share (%), of the farm"),
        ("drain hosts where xe|n < 4.17", "**xen**: version (such as 4.17), of a host"),
    ],
)
def test_a_bare_name_belongs_to_the_noun_of_its_clause(text: str, beginning: str) -> None:
    assert told(text).startswith(beginning)
    assert bool(told(text)) == bool(beginning)


def test_of_a_name_with_an_owner_that_owner_is_told_too() -> None:
    assert told(f"{RULE}after.m|emory") == (
        "**after.memory**: share (%), of a host\n\nshare of its memory in use, Domain-0 included\n\n"
        "`after.` is the host as it would be once the VM has arrived"
    )


def test_a_set_is_shown_as_it_was_made_where_it_is_used_and_where_it_is_given() -> None:
    made = '**db**: a set of VMs\n\n```rules\nlet db = vms tagged "db"\n```'

    assert told('let db = vms tagged "db"\nkeep d|b apart') == made
    assert told('let |db = vms tagged "db"\nkeep db apart') == made


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("|keep vms apart", "`keep VMS apart | together"),
        ("ke|ep vms apart", "`keep VMS apart | together"),
        ("keep vms a|part", "`VMS apart [from VMS]`"),
        ("never move vms t|o hosts", "`to HOSTS`"),
        (RULE.replace("to  ", "t|o  "), "`to host by most X"),
        (f"{RULE}avg|(cpu, 10 min)", "`avg(X, TIME)`"),
        ("never move vms except drai|ns", "`except drains`"),
        ("every 30 |s", "**s**: a unit of time (s, min, h, d)"),
        (RULE.replace("85%", "85|%"), "**%**: a unit of share (%)"),
        ("rule r\n  when host.memory_free < 10 Gi|B", "**GiB**: a unit of size (B, KiB"),
    ],
)
def test_a_word_of_the_language_is_told_as_the_manual_has_it(text: str, beginning: str) -> None:
    assert told(text).startswith(beginning)


@pytest.mark.parametrize(
    "text",
    ["|", "every |30 s", 'keep vms tagged "d|b" apart', "# ke|ep", "let x = nob|ody", "rule re|lieve",
     "keep vms apart  |", "drain hosts where cpuu| > 1", "rule r when c|pu > 1%"],
)  # fmt: skip
def test_of_anything_else_nothing_is_told(text: str) -> None:
    assert told(text) == ""


def test_the_word_is_shown_that_is_told_of() -> None:
    of, cursor = written("# é\U0001d11e\r\nkeep vms tog|ether")
    found = hovering(of, cursor)

    assert found is not None
    assert shown(of, found.where) == "together"


@given(st.text(st.sampled_from('let db=vms|tagged"#\n\r\t().,%0\0keep whnos')).filter(lambda text: "|" in text))
def test_any_text_can_be_pointed_at(text: str) -> None:
    hovering(*written(text))
