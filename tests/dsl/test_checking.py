import pytest

from dsl.loading import load
from dsl.ruleset import DEFAULT_CAPS, DEFAULT_FREEZE, RestTimes, Ruleset
from dsl.syntax import (
    All,
    Amount,
    Arithmetic,
    Both,
    Compare,
    Keep,
    Kind,
    Member,
    Name,
    NamedSet,
    Pick,
    Sum,
    Test,
)
from dsl.vocabulary import Vocabulary

FARM = """\
let db = vms tagged "db"
let old = hosts named "old*"
rule relieve
  when  {when}
  move  vm by most cpu where {move}
  to    host by least after.cpu where {to}
  until {until}
never move vms where {vms} to hosts where {arrivals}
drain hosts where {hosts}
freeze when {freeze}
"""
FINE = {
    "when": "host.cpu > 85%", "move": "cpu > 1", "to": "cpu < 80%", "until": "source.cpu < 80%",
    "vms": "cpu > 1", "arrivals": "cpu > 90%", "hosts": "cpu > 90%", "freeze": "reports < 50%",
}  # fmt: skip


def rules(text: str, vocabulary: Vocabulary) -> Ruleset:
    loaded = load("farm.rules", text.encode(), vocabulary)
    assert [finding for finding in loaded.findings if finding.severity == "error"] == []
    assert loaded.ruleset is not None
    return loaded.ruleset


def clauses_of(ruleset: Ruleset) -> dict[str, Test | None]:
    """The tests of all clauses of FARM."""
    (rule,), (never,), (drain,), (freeze,) = ruleset.rules, ruleset.nevers, ruleset.drains, ruleset.freezes
    assert isinstance(never.vms, All)
    assert isinstance(never.target, All)
    assert isinstance(drain.hosts, All)
    return {
        "when": rule.when.held, "move": rule.move.where[0].test, "to": rule.to.where[0].test, "until": rule.until,
        "vms": never.vms.test, "arrivals": never.target.test, "hosts": drain.hosts.test, "freeze": freeze.test,
    }  # fmt: skip


def owners(of: Test | Sum | None) -> list[str | None]:
    """Whose the names of a test are, in the order they stand."""
    match of:
        case Name(owner=owner) | Pick(owner=owner) | Member(owner=owner):
            return [owner]
        case Compare() | Both() | Arithmetic():
            return owners(of.left) + owners(of.right)
        case _:
            return []


@pytest.mark.parametrize(
    ("clause", "said", "whose"),
    [
        ("when", "host.cpu > 85% and farm.reports > 90%", ["host", "farm"]),
        ("when", 'host tagged "prod" and host in old', ["host", "host"]),
        ("move", "cpu > 1 and vm.memory > 1 GiB", ["vm", "vm"]),
        ("move", "host.cpu > 1% and source.cpu > 1% and farm.reports > 1%", ["source", "source", "farm"]),
        ("move", 'in db and host named "a*" and source in old', ["vm", "source", "source"]),
        ("to", "cpu < 80% and after.cpu < 80% and source.cpu > vm.share", ["host", "after", "source", "vm"]),
        ("to", 'tagged "prod" and vm tagged "prod" and source in old', ["host", "vm", "source"]),
        ("until", "source.cpu < 80% and farm.reports > 50%", ["source", "farm"]),
        ("vms", 'cpu > 1 and host.xen < 4.17 and tagged "x" and host in old', ["vm", "source", "vm", "source"]),
        ("hosts", "cpu > 90% and in old and maintenance", ["host", "host", "host"]),
        ("arrivals", "xen < source.xen and after.memory > 90%", ["host", "source", "after"]),
        ("arrivals", "memory_free < vm.memory and vm in db", ["host", "vm", "vm"]),
        ("freeze", "reports < 50% and farm.failures > 2", ["farm", "farm"]),
    ],
)
def test_every_name_gets_the_owner_of_its_clause(
    clause: str, said: str, whose: list[str], vocabulary: Vocabulary
) -> None:
    checked = clauses_of(rules(FARM.format(**{**FINE, clause: said}), vocabulary))

    assert owners(checked[clause]) == whose


@pytest.mark.parametrize(
    ("said", "value", "kind"),
    [
        ("host.cpu > 85%", 0.85, Kind.SHARE),
        ("host.load > 0.4", 0.4, Kind.NUMBER),
        ("host.memory_free > 2 GiB", 2048.0, Kind.SIZE),
        ("host.age > 15 min", 900.0, Kind.TIME),
        ("host.xen > 4.9", 4e10 + 9e5, Kind.VERSION),
        ("host.load / host.vms > 20%", 0.2, Kind.SHARE),
        ("host.load / host.vms > 0.2", 0.2, Kind.NUMBER),
        ("host.memory_free / 2 > 512 KiB", 0.5, Kind.SIZE),
        ("host.cpu - 10% > 70%", 0.7, Kind.SHARE),
        ("(host.age + 5 min) * 2 > 1 h", 3600.0, Kind.TIME),
        ("host.memory_free / 2 GiB > 3", 3.0, Kind.NUMBER),
    ],
)
def test_every_amount_is_in_its_base_unit(said: str, value: float, kind: Kind, vocabulary: Vocabulary) -> None:
    test = clauses_of(rules(FARM.format(**{**FINE, "when": said}), vocabulary))["when"]

    assert isinstance(test, Compare)
    assert isinstance(test.right, Amount)
    assert (test.right.value, test.right.unit, test.right.kind) == (value, None, kind)
    assert test.right.text == said.rpartition("> ")[2]


def test_a_literal_left_of_a_version_is_one(vocabulary: Vocabulary) -> None:
    test = clauses_of(rules(FARM.format(**{**FINE, "hosts": "4.17 <= xen"}), vocabulary))["hosts"]

    assert isinstance(test, Compare)
    assert isinstance(test.left, Amount)
    assert (test.left.value, test.left.kind) == (4e10 + 17e5, Kind.VERSION)


def test_the_orders_of_preference_are_resolved_as_well(vocabulary: Vocabulary) -> None:
    (rule,) = rules(FARM.format(**FINE), vocabulary).rules

    assert [owners(key.of) for key in (*rule.move.by, *rule.to.by)] == [["vm"], ["after"]]


def test_a_streak_counts_rounds_or_seconds(vocabulary: Vocabulary) -> None:
    held = [
        rules(FARM.format(**{**FINE, "when": f"host.cpu > 85% for {hold} and host.vms > 1"}), vocabulary)
        for hold in ("3 rounds", "2 min")
    ]
    amounts = [ruleset.rules[0].when.hold for ruleset in held]

    assert [(amount.value, amount.kind) for amount in amounts if amount] == [(3.0, Kind.ROUNDS), (120.0, Kind.TIME)]
    assert [owners(ruleset.rules[0].when.now) for ruleset in held] == [["host"], ["host"]]


def test_silence_means_the_defaults(vocabulary: Vocabulary) -> None:
    ruleset = rules("", vocabulary)

    assert ruleset.every is None
    assert ruleset.caps == DEFAULT_CAPS
    assert ruleset.rest == RestTimes(vm=900.0, host=0.0, no_return=7200.0, line=None)
    assert ruleset.freezes == (DEFAULT_FREEZE,)


def test_the_default_freeze_says_what_the_manual_says(vocabulary: Vocabulary) -> None:
    (freeze,) = rules("freeze when reports < 80%", vocabulary).freezes

    assert freeze.text == DEFAULT_FREEZE.text
    assert isinstance(freeze.test, Compare)
    assert isinstance(DEFAULT_FREEZE.test, Compare)
    assert isinstance(freeze.test.right, Amount)
    assert isinstance(DEFAULT_FREEZE.test.right, Amount)
    assert (freeze.test.right.value, freeze.test.right.kind) == (
        DEFAULT_FREEZE.test.right.value, DEFAULT_FREEZE.test.right.kind,
    )  # fmt: skip
    assert owners(freeze.test) == owners(DEFAULT_FREEZE.test)


def test_a_statement_replaces_its_default_as_a_whole(vocabulary: Vocabulary) -> None:
    ruleset = rules(
        "every 1 min\nlimit 20 per hour\nrest host 5 min\nfreeze when failures > 2\nfreeze when failures > 3",
        vocabulary,
    )

    assert ruleset.every == 60.0
    assert [(cap.count, cap.period, cap.per) for cap in ruleset.caps] == [(20, "hour", None)]
    assert ruleset.rest == RestTimes(vm=0.0, host=300.0, no_return=0.0, line=3)
    assert [freeze.text for freeze in ruleset.freezes] == ["failures > 2", "failures > 3"]


def test_walls_keep_their_sets_and_relations(vocabulary: Vocabulary) -> None:
    ruleset = rules(
        'let db = vms tagged "db"\nlet big = hosts where memory_free > 1 GiB\n'
        'keep db apart\nkeep vms named "app*" with db\nkeep vm "ora" on big\n'
        "never move db from big except drains, repairs",
        vocabulary,
    )

    assert [(keep.relation.how, type(keep.relation.other).__name__) for keep in ruleset.keeps] == [
        ("apart", "NoneType"), ("with", "NamedSet"), ("on", "NamedSet"),
    ]  # fmt: skip
    assert all(isinstance(keep, Keep) and keep.hard for keep in ruleset.keeps)
    assert isinstance(ruleset.keeps[0].vms, NamedSet)
    assert ruleset.nevers[0].excepted == ("drains", "repairs")
    assert isinstance(ruleset.nevers[0].source, NamedSet)


def test_each_let_stands_behind_those_it_speaks_of(vocabulary: Vocabulary) -> None:
    ruleset = rules(
        'let all_db = vms in pg or in my and not in spare\nlet pg = copy\nlet copy = vms named "pg*"\n'
        'let my = vms named "my*"\nlet spare = vms tagged "spare"',
        vocabulary,
    )
    names = [let.name for let in ruleset.lets]

    assert sorted(names) == ["all_db", "copy", "my", "pg", "spare"]
    assert names.index("copy") < names.index("pg") < names.index("all_db")
    assert names[-1] == "all_db"


def test_a_long_chain_of_lets_is_no_trouble(vocabulary: Vocabulary) -> None:
    chain = "".join(f"let s{number} = s{number + 1}\n" for number in range(3000))

    ruleset = rules(f'{chain}let s3000 = vms tagged "db"\nkeep s0 apart', vocabulary)

    assert ruleset.lets[0].name == "s3000"
    assert ruleset.lets[-1].name == "s0"


def test_what_is_checked_once_may_be_checked_again_to_the_same(vocabulary: Vocabulary) -> None:
    text = FARM.format(**FINE)

    assert rules(text, vocabulary) == rules(text, vocabulary)


@pytest.mark.parametrize(
    "text",
    [
        "every 5 s", "every 1 h", "rest vm 0 s, host 30 d", "limit 1 at once", "limit 1000 at once",
        "reserve memory for 100 lost hosts", 'prefer vms tagged "db" apart cost 1000',
        'keep at most 1000 of vms tagged "db" per host', "balance cpu within 100% by at most 1000 moves",
        "balance cpu within 0.1% by at most 1 moves, each gaining 0.1%", "balance load within 1000 by at most 1 moves",
    ],
)  # fmt: skip
def test_the_least_and_the_most_are_within_the_bounds(text: str, vocabulary: Vocabulary) -> None:
    rules(text, vocabulary)
