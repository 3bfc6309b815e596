"""Each statement in one English sentence."""

from dataclasses import replace

import pytest

from balancer.core.explanation.sentences import Sentence, sentences
from dsl.ruleset import Ruleset
from dsl.syntax import Keep, Relation
from tests.farms import rules

DB = 'let db = vms tagged "db"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            ('rule ease\n  when host.cpu > 85% for 3 rounds and host.vms > 1\n  move vm by most cpu where age > 1 h\n'
            '  to host by least cpu, least vms where vms < 40 as "max VMs"\n  until source.cpu < 70%\n'),
            ("when host.cpu > 85% for 3 rounds, and while host.vms > 1, move the VM with most cpu where age > 1 h to "
            'the host with least cpu, least vms where vms < 40 (as "max VMs"): until source.cpu < 70%'),
        ),
        (
            "rule r\n  when host.load > 4\n  move vm by least memory\n  to host by least load\n",
            "when host.load > 4, move the VM with least memory to the host with least load: one VM a round",
        ),
        ("drain hosts where maintenance\n", "empty hosts where maintenance and put nothing there"),
        ('drain hosts where facts.status == "retired"\n',
         'empty hosts where facts.status == "retired" and put nothing there'),
        ("keep at most 2 of db per rack\n", "at most 2 of db on each rack"),
        ("prefer db together\n", "better: all of db on one host (cost 1 for each that is not so)"),
        (
            "avoid moving db to hosts where avg(cpu, 30 min) > 70%\n",
            "only where nothing cheaper helps, move db to hosts where avg(cpu, 30 min) > 70% (cost 1 for each move)",
        ),
        ("keep db apart\n", "never two of db on one host"),
        ('keep vms named "app*" with db\n', 'each of vms named "app*" has one of db on its host'),
        ('keep vm "ora1" on hosts where cores > 8\n', 'vm "ora1" only on hosts where cores > 8'),
        ("never move db except drains\n", "never move db, drains excepted"),
        (
            "never move db to hosts where xen < source.xen during daily 01:00-04:00 Europe/Paris\n",
            "never move db to hosts where xen < source.xen during daily 01:00-04:00 Europe/Paris",
        ),
    ],
)  # fmt: skip
def test_a_statement_in_a_sentence(text: str, told: str) -> None:
    (sentence,) = sentences(rules(DB + text))
    assert (sentence.line, sentence.told) == (2, told)


def test_they_come_in_the_order_of_the_file() -> None:
    book = rules(DB + 'drain host "a"\nkeep db apart\nnever move db\ndrain host "b"\n')
    assert [(each.line, each.statement) for each in sentences(book)] == [
        (2, "drain"), (3, "keep"), (4, "never"), (5, "drain"),
    ]  # fmt: skip


def relation(how: str, **details: object) -> Relation:
    return Relation(how, **details)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("its", "told"),
    [
        (relation("together"), "all of db on one host"),
        (relation("at_most", count=2, per="rack"), "at most 2 of db on each rack"),
        (relation("apart_from", other=rules(DB).lets[0].set), 'no host has both of db and of vms tagged "db"'),
    ],
)
def test_neighbourhoods_that_the_grammar_has_beside(its: Relation, told: str) -> None:
    keep = rules(DB + "keep db apart\n").keeps[0]
    assert (
        told_of(
            Ruleset("f", "s", keeps=(Keep(hard=True, vms=keep.vms, relation=its, cost=None, text="", span=keep.span),))
        )
        == told
    )
    soft = Ruleset("f", "s", prefers=(Keep(hard=False, vms=keep.vms, relation=its, cost=2.0, text="", span=keep.span),))
    assert told_of(soft) == f"better: {told} (cost 2 for each that is not so)"


def told_of(book: Ruleset) -> str:
    (sentence,) = sentences(book)
    assert isinstance(sentence, Sentence)
    return sentence.told


def test_what_is_only_avoided() -> None:
    never = rules(DB + "never move db\n").nevers[0]
    soft = replace(never, hard=False, cost=5.0)
    assert (
        told_of(Ruleset("f", "s", avoids=(soft,))) == "only where nothing cheaper helps, move db (cost 5 for each move)"
    )
