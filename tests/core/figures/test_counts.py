"""Moves and failures over time: of VMs, hosts and the farm."""

from dataclasses import replace

from balancer.core.cycle import with_order
from balancer.core.model import OrderState
from tests.farms import AT_ONCE, Rounds, farm, journey, moves
from tests.lookback import FARM, Told, asks, told


def test_moves_are_counted_of_vms_hosts_and_the_farm() -> None:
    play = Told(farm(FARM), asks("sum(moves, 10 min)", "sum(vm.moves, 10 min)", "sum(farm.moves, 10 min)"))
    play.next()
    play.order(journey("b", "xen1", "xen2"))
    for vm, ago, state in (("a", 700.0, OrderState.DONE), ("c", 500.0, OrderState.FAILED)):
        play.order(journey(vm, "xen1", "xen2"), state, ago=ago)
    play.farm.move("a", "xen2")
    play.next()
    assert (told(play), told(play, "vm", 1), told(play, "farm", 2)) == ([2.0, 2.0], [1.0, 1.0, 0.0], [2.0])


def test_planned_moves_count_at_once() -> None:
    text = AT_ONCE.replace("least cpu", 'least cpu where sum(moves, 1 h) < 1 as "one an hour"')
    decision = Rounds(farm("xen1: a 2, b 1.7 | xen2: c 2, d 1.7 | xen3:"), text).next()
    assert moves(decision) == ["a: xen1 -> xen3"]
    assert decision.plan.tally["one an hour"] > 0


def test_failures_are_counted_until_somebody_says_resume() -> None:
    frozen = "freeze when sum(failures, 10 min) >= 2\n"
    play = Told(farm(FARM), asks("sum(failures, 10 min)", "sum(vm.failures, 10 min)") + frozen)
    play.next()
    play.order(journey("a", "xen1", "xen2"), OrderState.FAILED, ago=10.0)
    play.state = with_order(play.state, replace(play.state.orders[0], id="t-2", ended=play.farm.time - 700.0))
    assert play.next().plan.frozen is None
    assert (told(play), told(play, "vm", 1)) == ([1.0, 1.0], [1.0, 0.0, 0.0])
    play.order(journey("b", "xen1", "xen2"), OrderState.FAILED)
    assert play.next().plan.frozen == "sum(failures, 10 min) 2 >= 2"
    play.state = replace(play.state, resumed=play.farm.time)
    assert play.next().plan.frozen is None


def test_what_was_planned_is_counted_where_it_was_planned_and_not_in_the_reports() -> None:
    text = AT_ONCE.replace("by most cpu", "by most cpu where sum(host.moves, 1 h) < 1") + "  until source.cpu < 20%\n"
    assert moves(Rounds(farm("xen1: a 2, b 1.7 | xen2:"), text).next()) == ["a: xen1 -> xen2"]
