"""Walls and drains that cannot hold together on a farm, and the fewest statements that make it so."""

import pytest

from tests.core.audit.told import told
from tests.farms import Farm, farm


def dbs(text: str = "xen1: db1 1, db2 1, db3 1, web1 1 | xen2:") -> Farm:
    made = farm(text)
    return made.with_(**{name: {"tags": ("db",)} for name in made.vms if name.startswith("db")})


def test_three_apart_on_two_hosts() -> None:
    assert told(dbs(), 'keep vms tagged "db" apart') == [
        (
            "1 conflict: db1, db2 and db3 cannot be where this wants them: with at most 1 per host, 2 hosts take 2 of "
            "them, not 3 (allow more per host, add hosts, or name fewer VMs)"
        )
    ]


def test_three_apart_on_three_hosts() -> None:
    assert told(dbs("xen1: db1 1, db2 1, db3 1 | xen2: | xen3:"), 'keep vms tagged "db" apart') == []


def test_three_apart_on_three_hosts_of_which_two_are_allowed() -> None:
    text = 'keep vms tagged "db" apart\nkeep vms named "web*" apart\nkeep vms named "db*" on hosts named "xen?"'
    assert told(dbs("xen1: db1 1, db2 1, web1 1 | xen2: | yen3: db3 1"), text) == [
        (
            "3 conflict: db1, db2 and db3 cannot be where these statements want them: "
            "with at most 1 per host, 2 hosts take 2 of them, not 3"
            ' (against line 1: keep vms tagged "db" apart)'
        )
    ]


def test_a_silent_host_may_take_the_third() -> None:
    assert told(dbs("xen1: db1 1, db2 1, db3 1 | xen2: | xen3:"), 'keep vms tagged "db" apart', silent=("xen3",)) == []


def test_too_few_racks() -> None:
    racks = dbs("xen1: db1 1 | xen2: db2 1 | xen3: db3 1").with_(
        xen1={"tags": ("rack:a",)}, xen2={"tags": ("rack:a",)}, xen3={"tags": ("rack:b",)}
    )
    assert told(racks, 'keep at most 2 of vms tagged "db" per rack') == []
    assert told(racks, 'keep at most 1 of vms tagged "db" per rack') == [
        (
            "1 conflict: db1, db2 and db3 cannot be where this wants them: with at most 1 per rack, 2 racks take 2 of "
            "them, not 3 (allow more per rack, add racks, or name fewer VMs)"
        )
    ]


def test_beside_and_apart_is_found_by_members_where_no_pattern_tells() -> None:
    both = farm("xen1: app1 1, cache1 1 | xen2:").with_(app1={"tags": ("x",)}, cache1={"tags": ("x",)})
    assert told(both, 'keep vms tagged "x" apart\nkeep vms named "app*" with vms named "cache*"') == [
        (
            "2 conflict: app1 and cache1 cannot be where these statements want them: there is no way to place them"
            ' (against line 1: keep vms tagged "x" apart)'
        )
    ]


def test_of_two_caches_one_may_be_beside() -> None:
    both = farm("xen1: app1 1, cache1 1, cache2 1 | xen2:").with_(app1={"tags": ("x",)}, cache1={"tags": ("x",)})
    assert told(both, 'keep vms tagged "x" apart\nkeep vms named "app*" with vms named "cache*"') == []


def test_a_drain_of_the_only_hosts_that_are_allowed() -> None:
    text = 'keep vms tagged "db" on hosts named "xen1"\ndrain hosts where cpu > 90%'
    assert told(dbs("xen1: db1 3.9 | xen2:"), text) == [
        (
            "2 never-empty: hosts where cpu > 90% can never be empty of db1: no host is left for db1"
            ' (against line 1: keep vms tagged "db" on hosts named "xen1")'
        )
    ]


def test_a_drain_of_vms_that_never_move() -> None:
    text = 'drain host "xen1"\nnever move vms tagged "db"\nnever move vms named "web*" except drains'
    assert told(dbs("xen1: db1 1, web1 1 | xen2:"), text) == [
        (
            '2 never-empty: host "xen1" can never be empty of db1: no host is left for db1'
            ' (against line 1: drain host "xen1")'
        )
    ]


def test_a_drain_of_a_vm_that_fits_nowhere_else() -> None:
    large = dbs("xen1: web1 1 | xen2:").with_(web1={"memory": 9000.0}, xen2={"memory": 8192.0})
    assert told(large, 'drain host "xen1"') == [
        '1 never-empty: host "xen1" can never be empty of web1: web1 needs 8.79 GiB, no host left has more than 8 GiB'
    ]


def test_each_wall_that_keeps_a_drain_from_its_end_is_told() -> None:
    text = 'keep vm "web1" on host "xen1"\nkeep vm "db1" on host "xen1"\ndrain hosts named "xen1*"'
    assert [each.split(":")[0] for each in told(dbs("xen1: db1 1, web1 1 | xen2:"), text)] == [
        "3 never-empty", "3 never-empty",
    ]  # fmt: skip


def test_what_is_possible_is_not_told() -> None:
    text = """
keep vms tagged "db" apart
keep vms named "web*" with vms named "db1"
keep vms named "db1" on hosts named "xen2"
never move vms named "web*" during daily 01:00-02:00 UTC
drain host "xen1"
"""
    assert told(dbs("xen1: db1 1, db2 1, web1 1 | xen2: | xen3:"), text) == []


@pytest.mark.parametrize("count", [2, 20])
def test_however_many_there_are_the_fewest_are_named(count: int) -> None:
    names = ", ".join(f"db{number} 0.1" for number in range(count + 1))
    hosts = " | ".join(f"xen{number}:" for number in range(1, count))
    (said,) = told(dbs(f"xen0: {names} | {hosts}"), 'keep vms tagged "db" apart')
    assert f": with at most 1 per host, {count} hosts take {count} of them, not {count + 1} (" in said
