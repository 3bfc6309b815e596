import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark import Lark

import dsl
from dsl.parser import parse
from dsl.parser.grammar import reserved_words
from dsl.syntax import (
    All,
    Amount,
    Arithmetic,
    Balance,
    Both,
    Compare,
    Drain,
    Either,
    Every,
    Freeze,
    Gate,
    Keep,
    Let,
    Limit,
    Member,
    Name,
    NamedSet,
    Never,
    Not,
    One,
    Over,
    Pick,
    Relation,
    Reserve,
    Rest,
    Rule,
    Span,
    Statement,
    Text,
    Window,
    without_places,
)

SAMPLE = """\
# farm.rules: what we watch, what we want, what must never be.
every 30 s

let db       = vms tagged "db" or named "pg-*"
let pets     = vms tagged "pet" or passthrough
let licensed = hosts tagged "oracle"

rule relieve                            # too busy for too long: ease it down to 70%
  when  host.cpu > 85% for 3 rounds and host.vms > 1
  move  vm   by most cpu                where age > 15 min and not in pets
  to    host by least cpu, least vms    where vms < 40            as "max VMs"
                                        where after.cpu < 65%     as "max load"
                                        where after.memory < 90%  as "max memory"
  until source.cpu < 70%

rule slow_burn                          # never alarming, but warm all day
  when  host tagged "prod" and avg(host.cpu, 30 min) > 75% for 10 min
  move  vm   by least memory            where avg(cpu, 30 min) / vcpus > 20%
  to    host by least avg(cpu, 30 min)  where after.cpu < source.cpu - 10%

drain host "hv7"                        # empty it, put nothing on it
drain hosts where maintenance

keep db apart                           # never two on one host
keep at most 2 of db per rack           # rack is a tag key: rack:a, rack:b
keep db apart from vms tagged "batch"   # never a host in common
keep vms named "erp-*" together         # all on one host
keep vms named "app*" with vms named "cache*"
keep vms tagged "oracle" on licensed
prefer vms named "web*" apart cost 2    # the same words, soft

never move pets except drains
never move vms to hosts where xen < source.xen
never move vms tagged "backup" during daily 01:00-04:00 Europe/Paris
avoid moving vms where memory > 64 GiB cost 5
avoid moving vms to hosts tagged "old"

reserve memory for 1 lost host
limit 2 at once, 1 per host, 20 per hour
rest vm 15 min, host 5 min, no return within 2 h
window mon-fri 20:00-06:00 Europe/Paris except drains, repairs
freeze when reports < 80% or sum(failures, 15 min) >= 2
balance cpu within 5% by at most 10 moves, each gaining 1%
pack onto fewest hosts where after.cpu < 70% and after.memory < 85% by at most 4 moves
"""


def one(text: str) -> Statement:
    parsed = parse(text)
    assert parsed.findings == ()
    (statement,) = parsed.statements
    return statement


def test_the_whole_language_is_read() -> None:
    parsed = parse(SAMPLE)

    assert parsed.findings == ()
    assert [type(each).__name__ for each in parsed.statements] == [
        "Every", "Let", "Let", "Let", "Rule", "Rule", "Drain", "Drain",
        "Keep", "Keep", "Keep", "Keep", "Keep", "Keep", "Keep",
        "Never", "Never", "Never", "Never", "Never",
        "Reserve", "Limit", "Rest", "Window", "Freeze", "Balance", "Pack",
    ]  # fmt: skip


def test_a_rule_keeps_every_clause_in_its_place() -> None:
    rule = parse(SAMPLE).statements[4]

    assert isinstance(rule, Rule)
    assert rule.name == "relieve"
    assert isinstance(rule.when.hold, Amount)
    assert (rule.when.hold.value, rule.when.hold.unit, rule.when.hold.text) == (3.0, "rounds", "3 rounds")
    assert isinstance(rule.when.now, Compare)
    assert [key.direction for key in rule.to.by] == ["least", "least"]
    assert [gate.label for gate in rule.to.where] == ["max VMs", "max load", "max memory"]
    assert isinstance(rule.until, Compare)


def test_places_are_those_of_the_file() -> None:
    rule = parse(SAMPLE).statements[4]

    assert isinstance(rule, Rule)
    assert rule.span == Span(8, 1, 14, 25)
    assert isinstance(rule.until, Compare)
    assert rule.until.left.span == Span(14, 9, 14, 19)


def test_a_gate_without_a_label_is_called_by_its_own_text() -> None:
    rule = one(
        "rule r\n  when host.cpu > 85%\n  move vm by most cpu\n"
        '  to host by least cpu where after.cpu   # why\n      <   65% and not named "a  b"\n'
    )

    assert isinstance(rule, Rule)
    assert [gate.label for gate in rule.to.where] == ['after.cpu < 65% and not named "a  b"']


def test_walls_keep_their_own_words_without_comments() -> None:
    keep = one('keep vms named "a  b"   # two blanks\n  apart')
    never = one("never move vms\n  except   drains")

    assert isinstance(keep, Keep)
    assert keep.text == 'keep vms named "a  b" apart'
    assert isinstance(never, Never)
    assert (never.text, never.excepted) == ("never move vms except drains", ("drains",))


def test_a_freeze_is_called_by_its_test() -> None:
    freeze = one("freeze when reports   < 80%  # half the farm is silent")

    assert isinstance(freeze, Freeze)
    assert freeze.text == "reports < 80%"


def test_and_binds_closer_than_or_and_not_closer_still() -> None:
    freeze = one("freeze when a or not b and c")

    assert isinstance(freeze, Freeze)
    assert isinstance(freeze.test, Either)
    assert isinstance(freeze.test.right, Both)
    assert isinstance(freeze.test.right.left, Not)


def test_brackets_bind_tests_and_sums_alike() -> None:
    freeze = one("freeze when (a or b) and (c + d) * 2 > 3")

    assert isinstance(freeze, Freeze)
    assert isinstance(freeze.test, Both)
    assert isinstance(freeze.test.left, Either)
    assert isinstance(freeze.test.right, Compare)
    assert isinstance(freeze.test.right.left, Arithmetic)
    assert freeze.test.right.left.operator == "*"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("drain host hv7", 'drain host "hv7"'),
        ('drain hosts where tagged "db"', 'drain hosts tagged "db"'),
        ("limit 2", "limit 2 migrations at once"),
        ("rest\n  vm 5 min,\n\n# a thought\n  host 0 s\r\n", "rest vm 5 min, host 0 s"),
    ],
)
def test_two_ways_to_say_the_same(left: str, right: str) -> None:
    assert without_places(one(left)) == without_places(one(right))


def test_a_number_and_its_unit_need_no_blank_between_them() -> None:
    every = one("every 10min")

    assert isinstance(every, Every)
    assert (every.amount.value, every.amount.unit) == (10.0, "min")


def test_budgets_know_their_period_and_whose_they_are() -> None:
    limit = one("limit 2 at once, 1 per host, 20 per hour, 5 per host per day, 1 per rack")

    assert isinstance(limit, Limit)
    assert [(cap.count, cap.period, cap.per) for cap in limit.caps] == [
        (2, None, None), (1, None, "host"), (20, "hour", None), (5, "day", "host"), (1, None, "rack"),
    ]  # fmt: skip


def test_journeys_have_a_start_an_end_and_hours() -> None:
    never = one('never move vm "a" from host "h1" to hosts in old during daily 01:00-04:00 UTC except drains, repairs')

    assert isinstance(never, Never)
    assert never.hard
    assert isinstance(never.vms, One)
    assert isinstance(never.source, One)
    assert isinstance(never.target, All)
    assert isinstance(never.target.test, Member)
    assert never.during is not None
    assert (never.during.days, never.during.hours, never.during.zone) == ("daily", "01:00-04:00", "UTC")
    assert never.excepted == ("drains", "repairs")


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("keep a apart", "apart"),
        ("keep a apart from b", "apart_from"),
        ("keep a together", "together"),
        ("keep a with b", "with"),
        ("keep a on b", "on"),
        ("keep at most 2 of a per rack", "at_most"),
    ],
)
def test_neighbourhoods_are_told_apart(text: str, how: str) -> None:
    keep = one(text)

    assert isinstance(keep, Keep)
    assert isinstance(keep.vms, NamedSet)
    assert keep.relation.how == how


def test_soft_walls_have_their_price() -> None:
    keep = one("prefer a apart cost 2.5")
    never = one("avoid moving a to b cost 5")

    assert isinstance(keep, Keep)
    assert (keep.hard, keep.cost, keep.relation) == (False, 2.5, Relation("apart"))
    assert isinstance(never, Never)
    assert (never.hard, never.cost) == (False, 5.0)


def test_names_carry_their_owner_or_none() -> None:
    freeze = one("freeze when cpu > host.cpu and after.memory < facts.rack + host.facts.row")

    assert isinstance(freeze, Freeze)
    assert isinstance(freeze.test, Both)
    assert isinstance(freeze.test.left, Compare)
    assert isinstance(freeze.test.right, Compare)
    assert freeze.test.left.left == Name(None, "cpu", Span(1, 13, 1, 16))
    assert freeze.test.left.right == Name("host", "cpu", Span(1, 19, 1, 27))
    assert isinstance(freeze.test.right.right, Arithmetic)
    assert isinstance(freeze.test.right.right.left, Name)
    assert (freeze.test.right.right.left.owner, freeze.test.right.right.left.name) == (None, "facts.rack")
    assert isinstance(freeze.test.right.right.right, Name)
    assert (freeze.test.right.right.right.owner, freeze.test.right.right.right.name) == ("host", "facts.row")


def test_other_small_statements() -> None:
    assert isinstance(one("every 30 s"), Every)
    assert isinstance(one("drain hosts where maintenance"), Drain)
    assert isinstance(one('let a = vms tagged "x"'), Let)
    reserve = one("reserve memory for 2 lost hosts")
    assert isinstance(reserve, Reserve)
    assert reserve.lost == 2
    rest = one("rest no return within 2 h")
    assert isinstance(rest, Rest)
    assert rest.vm is None
    assert rest.no_return is not None
    window = one("window sat 20:00-06:00 UTC")
    assert isinstance(window, Window)
    assert window.excepted == ()
    balance = one("balance cpu within 5% by at most 10 moves")
    assert isinstance(balance, Balance)
    assert (balance.signal, balance.at_most, balance.gaining) == ("cpu", 10, None)


def test_aggregates_and_texts_and_tags_in_tests() -> None:
    freeze = one('freeze when p95(host.cpu, 10 min) > 80% or zone == "a" or source tagged "b?"')

    assert isinstance(freeze, Freeze)
    assert isinstance(freeze.test, Either)
    assert isinstance(freeze.test.right, Pick)
    assert (freeze.test.right.owner, freeze.test.right.how, freeze.test.right.pattern) == ("source", "tagged", "b?")
    assert isinstance(freeze.test.left, Either)
    assert isinstance(freeze.test.left.left, Compare)
    assert isinstance(freeze.test.left.left.left, Over)
    assert isinstance(freeze.test.left.right, Compare)
    assert isinstance(freeze.test.left.right.right, Text)


def test_labels_that_are_empty_give_way_to_the_text() -> None:
    rule = one('rule r when host.a move vm by most b to host by least c where d < 3 as ""')

    assert isinstance(rule, Rule)
    (gate,) = rule.to.where
    assert isinstance(gate, Gate)
    assert gate.label == "d < 3"


def test_reserved_are_all_words_of_the_grammar() -> None:
    assert {"every", "apart", "at", "most", "min", "avg", "host", "vms", "within", "GiB"} <= reserved_words()
    assert "cpu" not in reserved_words()


def test_the_grammar_has_no_conflict(caplog: pytest.LogCaptureFixture) -> None:
    grammar = Path(dsl.__file__).with_name("rules.lark").read_text(encoding="utf-8")

    with caplog.at_level(logging.DEBUG, logger="lark"):
        Lark(grammar, start="statement", parser="lalr", debug=True)

    assert [record.getMessage() for record in caplog.records if "onflict" in record.getMessage()] == []


@pytest.mark.parametrize(
    "depth",
    [
        pytest.param("freeze when " + "(" * 64 + "a" + ")" * 64, id="64 brackets"),
        pytest.param("freeze when " + "not " * 199 + "a", id="199 times not"),
        pytest.param("freeze when a > 1" + " or a > 1" * 199, id="200 alternatives"),
    ],
)
def test_what_is_just_deep_enough_can_be_walked(depth: str) -> None:
    statement = one(depth)

    assert repr(statement)
    assert hash(statement)
    assert without_places(statement)


SIGNS = ["<", ">", "==", "(", ")", "\n", "\n  ", ",", "=", "+", "-", "*", "/", "#"]
WORDS = [*sorted(reserved_words()), "db", "cpu", "host.cpu", "after.cpu", '"x"', "3", "85%", *SIGNS]


@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_no_salad_of_words_brings_an_exception(words: list[str]) -> None:
    parsed = parse(" ".join(words))

    assert all(finding.span.line >= 1 and finding.span.column >= 1 for finding in parsed.findings)


@given(st.text(max_size=200))
def test_no_text_brings_an_exception(text: str) -> None:
    parse(text)
