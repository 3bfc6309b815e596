"""Emptying hosts."""

import pytest

from tests.farms import Rounds, decided, farm, moves, refused

DRAIN = 'drain host "xen1"\n'


def test_the_largest_goes_first_so_that_the_small_fill_the_gaps() -> None:
    told = decided(
        farm("xen1: small 0.1, large 0.1 | xen2: | xen3:").with_(
            large={"memory": 4096.0}, small={"memory": 1024.0}, xen2={"memory": 4096.0}, xen3={"memory": 8192.0}
        ),
        DRAIN,
    )
    assert moves(told) == ["large: xen1 -> xen3", "small: xen1 -> xen2"]


def test_each_goes_where_the_greater_share_of_cpu_and_memory_is_least_afterwards() -> None:
    told = decided(farm("xen1: web1 0.4 | xen2: a 1 | xen3: b 0.1").with_(b={"memory": 8192.0}), DRAIN)
    (move,) = told.plan.moves
    assert move.target == "xen2"
    assert move.why == "xen1 is drained; xen2 is least full afterwards (35%)"
    assert (move.rule, move.line, move.reason) == ("drain", 1, "drain")


def test_never_above_100_percent_of_either() -> None:
    told = decided(farm("xen1: web1 2 | xen2: a 3.5 | xen3: b 0.1").with_(b={"memory": 15872.0}), DRAIN)
    assert (moves(told), refused(told)) == ([], ["web1 -> xen3: memory", "web1 -> xen2: full"])
    full = told.plan.rejections[1]
    assert (full.value, full.limit, full.kind) == (1.375, 1.0, "share")


def test_exactly_full_is_not_above() -> None:
    assert moves(decided(farm("xen1: web1 2 | xen2: a 2"), DRAIN)) == ["web1: xen1 -> xen2"]


def test_a_vm_of_which_nobody_knows_what_it_uses_stays() -> None:
    play = Rounds(farm("xen1: web1 2 | xen2:"), DRAIN)
    play.farm.vms["web1"].uuid = "another"
    assert refused(play.next()) == ["web1 -> xen2: unknown"]


def test_several_drained_hosts_do_not_fill_each_other() -> None:
    told = decided(farm("xen1: a 0.1 | xen2: b 0.1 | xen3:"), DRAIN + 'drain host "xen2"\n')
    assert moves(told) == ["a: xen1 -> xen3", "b: xen2 -> xen3"]


def test_hosts_in_maintenance_may_be_drained_as_a_set() -> None:
    told = decided(farm("xen1: a 0.1 | xen2: b 0.1").with_(xen2={"maintenance": True}), "drain hosts where maintenance")
    assert moves(told) == ["b: xen2 -> xen1"]


def test_unknown_hosts_are_not_drained() -> None:
    assert moves(decided(farm("xen1: a 0.1 | xen2:"), "drain hosts where xen < 4.17")) == []


def test_a_drain_that_stands_twice_tells_its_refusals_once() -> None:
    told = decided(farm("xen1: a 0.1 | xen2:").with_(a={"passthrough": True}), DRAIN + 'drain hosts named "xen1"\n')
    assert (refused(told), told.plan.tally) == (["a: passthrough"], {"passthrough": 1})


@pytest.mark.parametrize("host", ["xen9", "XEN1"])
def test_a_host_that_is_not_there_is_not_drained(host: str) -> None:
    assert moves(decided(farm("xen1: a 0.1 | xen2:"), f'drain host "{host}"')) == []
