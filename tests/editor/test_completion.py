"""What may be written at a place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.core.figures.signals import VOCABULARY
from balancer.editor.completion import Offer, completion
from balancer.editor.document import Document
from dsl.checking.statements import STEPS
from dsl.loading import load
from tests.editor.written import shown, written

RULE = "rule r\n  when  host.cpu > 85% for 3 rounds\n  move  vm by most cpu\n  to    host by least cpu\n"
SETS = 'let db = vms tagged "db"\nlet old = hosts tagged "old"\n'


def offers(text: str) -> dict[str, Offer]:
    return {offer.label: offer for offer in completion(*written(text)).offers}


def names(text: str) -> set[str]:
    return {offer.label for offer in offers(text).values() if offer.sort == "name"}


def labels(text: str, sort: str) -> list[str]:
    return [offer.label for offer in offers(text).values() if offer.sort == sort]


@pytest.mark.parametrize("text", ["|", "ru|", f"{RULE}|", f"{RULE}\n|\nevery 30 s", "|keep vms apart", "# why\n|"])
def test_at_the_margin_a_statement_begins(text: str) -> None:
    assert {"rule", "let", "keep", "never", "drain", "freeze", "limit"} <= set(labels(text, "word"))
    assert "rule … until" in labels(text, "snippet")


def test_an_indented_line_goes_on_with_its_statement() -> None:
    assert labels("rule r\n  when  host.cpu > 85%\n  |", "word") == ["and", "for", "move", "or"]
    assert labels("rule r\n  when  host.cpu > 85%\n  |", "snippet") == []


@pytest.mark.parametrize(
    ("text", "some", "none"),
    [
        ("rule r\n  when |", {"host.cpu", "farm.cpu"}, {"cpu", "source.cpu", "vm.cpu", "after.cpu"}),
        (RULE.replace("most cpu", "most |"), {"cpu", "vcpus", "source.cpu", "host.load"}, {"after.cpu", "load"}),
        (RULE.replace("least cpu", "least |"), {"cpu", "load", "after.cpu", "source.cpu", "vm.cpu"}, {"host.cpu"}),
        (f"{RULE}  until |", {"source.cpu", "farm.cpu"}, {"cpu", "host.cpu", "after.cpu"}),
        ("keep vms where |", {"vcpus", "host.cpu"}, {"cores", "after.cpu", "farm.cpu"}),
        ("drain hosts where |", {"cores", "maintenance"}, {"vcpus_", "after.cpu", "host.cpu"}),
        ("never move vms to hosts where |", {"xen", "source.xen", "after.cpu", "vm.memory"}, {"farm.cpu"}),
        ("never move vms from hosts where |", {"xen"}, {"source.xen", "after.cpu"}),
        ("freeze when |", {"reports", "farm.reports"}, {"host.cpu", "load"}),
        ("pack onto fewest hosts where |", {"cpu", "after.cpu"}, {"host.cpu"}),
        (RULE.replace("least cpu", "least avg(|"), {"cpu", "source.cpu"}, {"after.cpu"}),
    ],
)
def test_names_in_the_ways_in_which_their_clause_knows_them(text: str, some: set[str], none: set[str]) -> None:
    assert some <= names(text)
    assert names(text).isdisjoint(none)


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("drain hosts where |", {"facts.kernel", "facts.rack"}),
        ("drain hosts where facts.r|", {"facts.kernel", "facts.rack"}),
        ("rule r\n  when |", {"host.facts.kernel", "host.facts.rack"}),
        ("keep vms where |", {"host.facts.kernel", "host.facts.rack"}),
        ("rule r\n  when  avg(|", set()),
        ("freeze when |", set()),
    ],
)
def test_facts_that_the_file_names_already(text: str, offered: set[str]) -> None:
    file = 'drain hosts where facts.rack == "a" or facts.kernel < 5.10\nkeep vms where host.facts.rack == "a" apart\n'

    assert {name for name in names(file + text) if "facts." in name} == offered


def test_a_name_is_told_with_its_kind_unit_and_meaning() -> None:
    offer = offers("keep vms where |")["memory"]

    assert offer.detail == "size (B, KiB, MiB, GiB, TiB), of a VM"
    assert offer.telling.endswith("memory it holds")


@pytest.mark.parametrize(
    ("text", "sets"),
    [
        (f"{SETS}keep |", ["db"]),
        (f"{SETS}keep db apart from |", ["db"]),
        (f"{SETS}keep db on |", ["old"]),
        (f"{SETS}keep at most 2 of |", ["db"]),
        (f"{SETS}drain |", ["old"]),
        (f"{SETS}never move |", ["db"]),
        (f"{SETS}never move db from |", ["old"]),
        (f"{SETS}avoid moving db to |", ["old"]),
        (f"{SETS}let a = |", ["old", "db"]),
        (f"{SETS}keep vms in |", ["db"]),
        (f"{SETS}keep vms where host in |", ["old"]),
        (f"{SETS}rule r\n  when host in |", ["old"]),
        (f"{SETS}rule r\n  when host.cpu > 1%\n  move vm by most cpu where not in |", ["db"]),
        (f"{SETS}let |", []),
        (f"{SETS}rule |", []),
        (f"{SETS}drain host |", []),
        ("keep |\nlet later = vms", ["later"]),
    ],
)
def test_sets_where_one_of_their_things_is_wanted(text: str, sets: list[str]) -> None:
    assert sorted(labels(text, "set")) == sorted(sets)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("every 30|", ["min", "s", "h", "d"]),
        ("every 30 |", ["min", "s", "h", "d"]),
        ("rest no return within 2 |", ["min", "s", "h", "d"]),
        ("rule r\n  when avg(host.cpu, 10 |", ["min", "s", "h", "d"]),
        ("rule r\n  when host.cpu > 85% for 3 |", ["rounds", "round", "min", "s", "h", "d"]),
        ("drain hosts where cpu > 85|", ["min", "KiB", "MiB", "GiB", "TiB", "%", "s", "h", "d", "B"]),
    ],
)
def test_units_behind_a_number(text: str, units: list[str]) -> None:
    assert labels(text, "unit") == units


def test_close_behind_a_number_stands_a_unit_and_nothing_else() -> None:
    assert {offer.sort for offer in offers("drain hosts where cpu > 85|").values()} == {"unit"}
    assert {"and", "or"} <= set(labels("drain hosts where cpu > 85 |", "word"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("never move vms except |", list(STEPS)),
        ("never move vms except drains, |", list(STEPS)),
        ("limit 2 per |", ["host", "round", "hour", "day"]),
        ("keep at most 2 of vms per |", ["host"]),
        ("limit 2 |", ["at", "migrations", "per"]),
        ("limit 2 at |", ["once"]),
        ("balance |", ["cpu", "memory", "load"]),
        ("window |", ["daily", "mon-fri", "sat-sun"]),
        ("window daily |", ["20:00-06:00"]),
    ],
)
def test_the_words_of_a_list(text: str, words: list[str]) -> None:
    assert labels(text, "word") == words


def test_the_time_zones_that_the_machine_knows_and_the_grammar_takes() -> None:
    of, cursor = written("window daily 20:00-06:00 |")
    zones = of.vocabulary.with_zones({"Europe/Paris", "GB"})

    offered = completion(Document.read(of.text, zones), cursor).offers
    assert [offer.label for offer in offered] == ["Europe/Paris", "UTC"]


def test_whose_a_test_is_only_where_that_has_a_meaning() -> None:
    assert {"host", "source", "vm"} & set(labels("rule r\n  when |", "word")) == {"host"}
    assert {"host", "source", "vm"} & set(labels("drain hosts where |", "word")) == set()


def test_an_aggregate_brings_its_bracket() -> None:
    assert offers("rule r\n  when |")["avg"].insert == "avg("


@pytest.mark.parametrize("text", ["# |", "every 30 s # |", 'keep vms tagged "|', 'keep vms tagged "d|b" apart', "no |",
                                  "every every |", "keep vms apart from vms \0 |"])  # fmt: skip
def test_in_comments_and_quotes_and_behind_mistakes_nothing_is_offered(text: str) -> None:
    assert offers(text) == {}


@pytest.mark.parametrize(
    ("text", "begun"), [("rule r\n  when host.c|", "host.c"), ("ke|", "ke"), ("every 30m|", "m"), ("every |", "")]
)
def test_the_begun_word_is_replaced_as_a_whole(text: str, begun: str) -> None:
    of, cursor = written(text)

    assert shown(of, completion(of, cursor).instead) == begun


@given(st.text(st.sampled_from('let db=vms|tagged"#\n\r\t().,%0\0keep whnos')).filter(lambda text: "|" in text))
def test_any_text_can_be_completed(text: str) -> None:
    completion(*written(text))


STATEMENTS = (
    f"{SETS}keep db with vms where age > 15 min",
    f"{SETS}keep vms on old",
    f"{RULE}  until source.cpu < 70%",
    "never move vms where memory > 64 GiB to hosts where xen < source.xen except drains , repairs",
    "limit 2 at once , 1 per host , 20 per hour",
    "rest vm 15 min , host 5 min , no return within 2 h",
    "freeze when reports < 80 % or not cpu > 5 %",
)


@pytest.mark.parametrize("text", STATEMENTS, ids=lambda text: text.splitlines()[-1][:30])
def test_whatever_is_right_is_offered_word_for_word(text: str) -> None:
    """Written from left to right, each word of the language is among those offered before it."""
    assert load("", text.encode(), VOCABULARY).ruleset is not None
    last = text.rpartition("\n")[2] if "rule" not in text else text
    start = len(text) - len(last)
    for place, word in _words(last):
        before = text[: start + place]
        offered = completion(*written(f"{before}|")).offers
        known = {part for offer in offered for part in offer.label.split()}
        assert len({offer.label for offer in offered}) == len(offered), before
        assert word in known or word in {"r", "once", ",", "<", ">"} or word[0].isdigit(), (before, word)


def _words(text: str) -> list[tuple[int, str]]:
    found = []
    place = 0
    for word in text.replace("%", " %").split():
        place = text.index(word.strip(), place)
        found.append((place, word))
        place += len(word)
    return found
