"""Whose figures the names of a clause mean."""

import pytest

from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets
from tests.farms import AT_ONCE, Rounds, decided, farm, moves, refused, rules

FARM = "xen1: db1 2, web1 1.7 | xen2: db2 0.1 | xen3: web3 0.4"


def members(lets: str, name: str) -> list[str]:
    """The names of those who certainly belong to a set."""
    projection = Projection(Rounds(farm(FARM).with_(xen2={"tags": ("rack:b",)}), AT_ONCE).next().observation)
    found = Sets.of(rules(lets).lets, projection).named[name].true
    things = projection.observation.vms if len(found) == 4 else projection.observation.hosts
    return [thing.name for thing, is_member in zip(things, found, strict=True) if is_member]


@pytest.mark.parametrize(
    ("lets", "expected"),
    [
        ('let x = vms named "db*"', ["db1", "db2"]),
        ('let x = vm "web3"', ["web3"]),
        ("let x = vms", ["db1", "db2", "web1", "web3"]),
        ("let x = vms where cpu > 1", ["db1", "web1"]),
        ("let x = vms where host.cpu < 50%", ["db2", "web3"]),
        ('let x = hosts tagged "rack:*"', ["xen2"]),
        ('let x = host "xen3"', ["xen3"]),
        ("let x = hosts", ["xen1", "xen2", "xen3"]),
        ("let x = hosts where vms > 1", ["xen1"]),
        ('let x = vms in y and not named "db2"\nlet y = vms named "db*"', ["db1"]),
        ("let x = vms where not cpu > 1", ["db2", "web3"]),
        ('let x = vms named "nobody"', []),
    ],
)
def test_a_set_is_who_its_test_picks(lets: str, expected: list[str]) -> None:
    assert members(lets, "x") == expected


@pytest.mark.parametrize(
    ("clause", "changed", "told"),
    [
        ("by most cpu", "by most cpu where host.vms > 1", ["db1: xen1 -> xen2"]),
        ("by most cpu", "by most cpu where source.vms > 2", []),
        ("by most cpu", "by most cpu where farm.vms > 4", []),
        ("by most cpu", 'by most cpu where not named "db*"', ["web1: xen1 -> xen2"]),
        ("by most cpu", 'by most cpu where host named "xen1"', ["db1: xen1 -> xen2"]),
        ("after.cpu < 70%", "after.cpu < source.cpu - 30%", ["db1: xen1 -> xen2"]),
        ("after.cpu < 70%", "memory_free > vm.memory * 16", []),
        ("after.cpu < 70%", 'named "xen3"', ["db1: xen1 -> xen3"]),
        ("after.cpu < 70%", 'source named "xen1" and vm named "web*"', ["web1: xen1 -> xen2"]),
        ("after.cpu < 70%", "farm.hosts > 3", []),
        ("host.cpu > 85%", "host.cpu > farm.cpu", ["db1: xen1 -> xen2"]),
        ("after.cpu < 70%", "cpu_group == source.cpu_group", ["db1: xen1 -> xen3"]),
        ("after.cpu < 70%", "facts.rack != source.facts.rack", ["db1: xen1 -> xen2"]),
        ("after.cpu < 70%", "facts.weight > vm.vcpus", ["db1: xen1 -> xen3"]),
        ("after.cpu < 70%", "facts.kernel >= 5.10", ["db1: xen1 -> xen3"]),
        ("by most cpu", 'by most cpu where host.facts.rack == "a"', ["db1: xen1 -> xen2"]),
        ("by most cpu", 'by most cpu where host.facts.rack != "a"', []),
        ("host.cpu > 85%", 'host.cpu > 85% and host.facts.rack == "a"', ["db1: xen1 -> xen2"]),
        ("host.cpu > 85%", "host.cpu > 85% and host.facts.weight > 1", []),
    ],
)
def test_each_clause_has_its_owners(clause: str, changed: str, told: list[str]) -> None:
    known = farm(FARM).with_(
        xen1={"cpu_group": "amd", "facts": {"rack": "a", "kernel": "5.10.0"}},
        xen2={"cpu_group": "intel", "facts": {"rack": "b", "weight": "3", "kernel": "5.9.8"}},
        xen3={"cpu_group": "amd", "facts": {"rack": "a", "weight": "5", "kernel": "5.10.2-amd64"}},
    )
    assert moves(decided(known, AT_ONCE.replace(clause, changed))) == told


def test_a_set_is_worked_out_on_reports_so_planned_moves_do_not_change_it() -> None:
    text = (
        'let busy = hosts where cpu > 20%\nrule first when host named "xen1" move vm by most cpu to host by least cpu\n'
        'rule second when host named "xen1" move vm by most cpu to host by least cpu where not in busy as "busy"\n'
    )
    told = decided(farm("xen1: a 2, b 1 | xen2: | xen3: c 1.5"), text)
    assert moves(told) == ["a: xen1 -> xen2", "b: xen1 -> xen2"]
    assert refused(told) == ["b -> xen3: busy"]


def test_a_set_is_worked_out_anew_each_round() -> None:
    play = Rounds(farm("xen1: a 1.9, b 1.7 | xen2: c 0.1 | xen3: d 0.2"), AT_ONCE + "keep vms where cpu > 0.5 apart\n")
    assert moves(play.next()) == ["a: xen1 -> xen2"]
    play.farm.vms["c"].cpu = 0.6
    assert moves(play.next()) == ["a: xen1 -> xen3"]
