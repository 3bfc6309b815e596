"""A test of the language, clause by clause, with what would have to change."""

import pytest

from balancer.core.explanation.clauses import Clause, clauses, needs
from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets, of_hosts
from tests.farms import Rounds, farm, rules


def told(
    test: str, text: str = "xen1: web1 2.84 | xen2: a 3.6", lets: str = "", **changes: dict[str, object]
) -> list[Clause]:
    """The clauses of a `when` on xen1."""
    rule = f"{lets}rule r\n  when {test}\n  move vm by most cpu\n  to host by least cpu\n"
    play = Rounds(farm(text).with_(**changes), rule)
    columns = Projection(play.next().observation)
    held = rules(rule).rules[0].when.held
    return list(clauses(held, of_hosts(columns, Sets.of(play.rules.lets, columns)), columns.place["xen1"], "host"))


@pytest.mark.parametrize(
    ("test", "text", "holds", "needed"),
    [
        ("host.cpu > 70%", "cpu 71% > 70%", True, ""),
        ("host.cpu > 85%", "cpu 71% > 85%", False, "cpu 71% would have to rise above 85%"),
        ("host.cpu >= 85%", "cpu 71% >= 85%", False, "cpu 71% would have to rise to 85%"),
        ("host.cpu < 50%", "cpu 71% < 50%", False, "cpu 71% would have to fall below 50%"),
        ("host.cpu <= 50%", "cpu 71% <= 50%", False, "cpu 71% would have to fall to 50%"),
        ("host.vms == 3", "vms 1 == 3", False, "vms 1 would have to be 3"),
        ("host.vms != 1", "vms 1 != 1", False, "vms 1 would have to be anything but 1"),
        ("not host.cpu < 85%", "not cpu 71% < 85%", False, "cpu 71% would have to rise to 85%"),
        (
            "host.cpu > farm.cpu",
            "cpu 71% > farm.cpu 80.5%",
            False,
            "cpu 71% would have to rise above farm.cpu (80.5%)",
        ),
        (
            "(host.cpu > 85% or host.vms > 3)",
            "(cpu 71% > 85% or vms 1 > 3)",
            False,
            "cpu 71% would have to rise above 85% or vms 1 would have to rise above 3",
        ),
        ("(host.cpu > 70% or host.vms > 3)", "(cpu 71% > 70% or vms 1 > 3)", True, ""),
        ("not (host.cpu > 1% and host.vms > 0)", "not cpu 71% > 1% and vms 1 > 0", False,
         "would have to be no longer cpu 71% > 1% and vms 1 > 0"),
        ('host tagged "prod"', 'tagged "prod"', False, 'would have to be tagged "prod"'),
        ('host named "xen*"', 'named "xen*"', True, ""),
        ("host in few", "in few", False, "would have to be in few"),
        ("host.maintenance", "maintenance", False, "would have to be maintenance"),
        ('host.cpu_group == "epyc"', 'cpu_group intel == "epyc"', False, 'cpu_group intel would have to be "epyc"'),
    ],
)  # fmt: skip
def test_a_clause_tells_its_figures_and_what_would_make_it_hold(
    test: str,
    text: str,
    holds: bool,  # noqa: FBT001
    needed: str,
) -> None:
    lets = 'let few = hosts named "xen2"\n'
    assert [(each.text, each.holds, each.needs) for each in told(test, lets=lets, xen1={"cpu_group": "intel"})] == [
        (text, holds, needed)
    ]


def test_the_parts_that_must_all_hold_are_clauses_of_their_own() -> None:
    both = told("host.cpu > 85% and host.vms > 1 and host.load < 9")
    assert [each.holds for each in both] == [False, False, True]
    assert needs(both) == "cpu 71% would have to rise above 85% and vms 1 would have to rise above 1"


def test_what_nobody_knows_is_neither_and_would_have_to_be_known() -> None:
    (clause,) = told("host.contention > 5%")
    assert (clause.text, clause.holds) == ("contention unknown > 5%", None)
    assert (clause.needs, clause.value, clause.limit) == ("contention would have to be known", None, 0.05)
    (either,) = told("(host.contention > 5% or host.vms > 3)")
    assert either.needs == "contention would have to be known or vms 1 would have to rise above 3"


def test_for_programs_a_comparison_has_its_figures_and_their_kind() -> None:
    (clause,) = told("host.cpu > 85%")
    assert (clause.value, clause.limit, clause.kind) == (0.71, 0.85, "share")
    (text,) = told('host.cpu_group == "epyc"')
    assert (text.value, text.limit) == (None, None)
