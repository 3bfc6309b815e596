"""Emptying hosts."""

from dataclasses import replace

import pytest

from balancer.core.model import Drained
from tests.farms import AT_ONCE, Rounds, decided, farm, moves, refused

DRAIN = 'drain host "xen1"\n'


def test_the_largest_goes_first_so_that_the_small_fill_the_gaps() -> None:
    told = decided(
        farm("xen1: small 0.1, large 0.1 | xen2: | xen3:").with_(
            large={"memory": 4096.0}, small={"memory": 1024.0}, xen2={"memory": 4096.0}, xen3={"memory": 8192.0}
        ),
        DRAIN,
    )
    assert moves(told) == ["large: xen1 -> xen3", "small: xen1 -> xen2"]


def test_what_hangs_together_goes_last_however_large() -> None:
    group = farm("xen1: app1 0.1, app2 0.1, small 0.1 | xen2:").with_(app1={"memory": 4096.0}, app2={"memory": 4096.0})
    told = decided(group, DRAIN + 'keep vms named "app*" together\n')
    assert moves(told) == ["small: xen1 -> xen2", "app1: xen1 -> xen2", "app2: xen1 -> xen2"]


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


# -- by an operator's word ---------------------------------------------------------------------------------------------

EMPTY = "every 30 s\n"


def drained(text: str, rules_: str, *hosts: str) -> Rounds:
    """A farm whose hosts alice wants empty."""
    play = Rounds(farm(text), rules_)
    play.state = replace(play.state, drained=tuple(Drained(host, "alice", 0.0) for host in hosts))
    return play


def test_an_operator_drains_a_host_as_a_line_of_the_rules_does_and_is_named_in_its_place() -> None:
    told = drained("xen1: web1 0.4 | xen2: a 1 | xen3: b 0.1", EMPTY, "xen1").next()
    (move,) = told.plan.moves
    assert (move.vm, move.target, move.rule, move.line, move.reason) == ("web1", "xen3", "drain", None, "drain")
    assert move.why == "xen1 is drained by alice; xen3 is least full afterwards (12.5%)"


def test_it_moves_what_the_rules_line_would_move() -> None:
    text = "xen1: a 0.1, b 0.7, c 0.4 | xen2: d 1 | xen3: e 0.1"
    by_hand, by_line = drained(text, EMPTY, "xen1").next(), decided(farm(text), DRAIN)
    assert moves(by_hand) == moves(by_line)
    assert by_hand.plan.before == by_line.plan.before


def test_nothing_arrives_where_an_operator_drains() -> None:
    told = drained("xen1: web1 2.4, web2 1.4 | xen2: | xen3: a 1", AT_ONCE, "xen2").next()
    assert moves(told) == ["web2: xen1 -> xen3"]
    assert "web1 -> xen2: drain" in refused(told)


def test_what_stays_on_a_drained_host_is_told_with_the_operator_who_drains_it() -> None:
    play = drained("xen1: web1 2 | xen2:", EMPTY, "xen1")
    play.farm.with_(web1={"passthrough": True})
    told = play.next()
    assert told.plan.sentence == "no action: xen1, drained by alice, is not empty: web1 stays: passthrough"
    (stays,) = told.plan.rejections
    assert (stays.rule, stays.line, stays.reason) == ("drain", None, "passthrough")


def test_where_both_want_it_the_line_is_told_and_each_refusal_once() -> None:
    play = drained("xen1: web1 2 | xen2:", DRAIN, "xen1")
    play.farm.with_(web1={"passthrough": True})
    told = play.next()
    assert told.plan.sentence == "no action: xen1, drained by line 1, is not empty: web1 stays: passthrough"
    assert refused(told) == ["web1: passthrough"]


def test_what_finds_no_host_is_told_with_what_the_hosts_have_against_it() -> None:
    told = decided(farm("xen1: web1 2 | xen2: a 3 | xen3: b 3 | xen4:").with_(xen4={"maintenance": True}), DRAIN)
    assert told.plan.sentence == (
        "no action: xen1, drained by line 1, is not empty: web1 stays: it finds no host: maintenance, full"
    )


def test_a_wall_that_keeps_a_vm_on_a_drained_host_is_told_with_its_own_line() -> None:
    told = decided(farm("xen1: web1 2 | xen2:"), DRAIN + 'never move vm "web1"\n')
    assert told.plan.sentence == (
        'no action: xen1, drained by line 1, is not empty: web1 stays: never move vm "web1" (line 2)'
    )


def test_except_drains_holds_for_both() -> None:
    never = "never move vms except drains\n"
    assert moves(drained("xen1: web1 2 | xen2:", never, "xen1").next()) == ["web1: xen1 -> xen2"]


def test_a_host_that_does_not_report_is_drained_once_it_does() -> None:
    play = drained("xen1: web1 2 | xen2: | xen3: | xen4: | xen5:", EMPTY, "xen1")
    play.next()
    assert moves(play.next(silent=["xen1"])) == []
    assert moves(play.next()) == ["web1: xen1 -> xen2"]
