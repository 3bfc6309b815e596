"""What is left alone after it went wrong, and until when; what fits where."""

from dataclasses import replace
from typing import Any

import pytest

from balancer.core.cycle import with_order, with_refusal
from balancer.core.model import Order, OrderState, Refusal, State
from balancer.core.walls.safety import (
    PAIR_WAITS,
    REFUSED_WAITS,
    VM_WAITS,
    failing_hosts,
    halting,
    held_against,
    strikes_by_host,
)
from tests.farms import AT_ONCE, Farm, Rounds, farm, journey, moves, refused

HOUR = 3600.0
HOT = "xen1: a 2, b 1.7 | xen2: | xen3:"


def play(text: str = HOT, rules: str = AT_ONCE, **state: Any) -> Rounds:
    made = farm(text)
    made.time = 1e6
    stage = Rounds(made, rules)
    stage.state = replace(stage.state, **state)
    return stage


def failed(stage: Rounds, vm: str, target: str, *, ago: float = 0.0, source: str = "xen1") -> None:
    """A move failed so many seconds before the next round; another one each time."""
    ended = stage.farm.time + stage.interval - ago
    name = f"t-1-{vm}-{target}-{len(stage.state.orders)}"
    order = Order(name, 1, 1, journey(vm, source, target), OrderState.FAILED, ended, ended, "no route")
    stage.state = with_order(stage.state, order)


# -- back-off ---------------------------------------------------------------------------------------------------------


def test_a_vm_waits_after_a_failure_and_its_neighbour_goes_instead() -> None:
    stage = play()
    failed(stage, "a", "xen2")
    decision = stage.next()
    assert moves(decision) == ["b: xen1 -> xen2"]
    assert refused(decision) == ["a: failed lately"]


@pytest.mark.parametrize(("failures", "waits"), [(1, VM_WAITS), (2, 2 * VM_WAITS), (3, 4 * VM_WAITS), (9, 86400.0)])
def test_each_further_failure_doubles_the_wait_up_to_a_day(failures: int, waits: float) -> None:
    for ago, stays in ((waits - 1, True), (waits + 1, False)):
        stage = play("xen1: a 3.5 | xen2: | xen3: | xen9:".replace("3.5", "2.7"), AT_ONCE.replace("85%", "60%"))
        for number in range(failures):
            failed(stage, "a", "xen9", ago=ago + failures - 1 - number, source="gone")
        assert ("a: failed lately" in refused(stage.next())) is stays, ago


def test_to_the_same_target_it_waits_longer() -> None:
    stage = play("xen1: a 2, b 1.7 | xen2: | xen3: c 0.4")
    failed(stage, "a", "xen2", ago=VM_WAITS + 1, source="gone")
    decision = stage.next()
    assert (moves(decision), refused(decision)) == (["a: xen1 -> xen3"], ["a -> xen2: failed lately"])
    stage = play("xen1: a 2, b 1.7 | xen2: | xen3: c 0.4")
    failed(stage, "a", "xen2", ago=PAIR_WAITS + 1, source="gone")
    assert moves(stage.next()) == ["a: xen1 -> xen2"]


@pytest.mark.parametrize("forgiven", ["by success", "by resume"])
def test_success_and_an_operators_resume_forgive(forgiven: str) -> None:
    stage = play("xen1: a 2, b 1.7 | xen2:")
    failed(stage, "a", "xen2", ago=100.0, source="gone")
    if forgiven == "by success":
        ended = stage.farm.time - 1.0
        done = Order("t-2-a", 1, 1, journey("a", "gone", "xen2"), OrderState.DONE, ended, ended)
        stage.state = with_order(stage.state, done)
    else:
        stage.state = replace(stage.state, resumed=stage.farm.time)
    assert "a: failed lately" not in refused(stage.next())


@pytest.mark.parametrize(("ago", "stays"), [(REFUSED_WAITS - 1, True), (REFUSED_WAITS + 1, False)])
def test_a_target_that_refused_a_vm_is_not_asked_again_for_a_while(ago: float, *, stays: bool) -> None:
    stage = play("xen1: a 2, b 1.7 | xen2: | xen3: c 0.4")
    stage.state = with_refusal(stage.state, Refusal("uuid-a", "xen2", "xen2: no bridge xenbr7", 1e6 + 30.0 - ago))
    decision = stage.next()
    assert moves(decision) == (["a: xen1 -> xen3"] if stays else ["a: xen1 -> xen2"])
    if stays:
        (rejection,) = decision.plan.rejections
        assert (rejection.host, rejection.reason, rejection.value) == ("xen2", "refused", "xen2: no bridge xenbr7")


def test_a_vm_that_its_source_would_not_let_go_waits_for_any_target() -> None:
    stage = play("xen1: a 2, b 1.7 | xen2: | xen3: c 0.4")
    stage.state = with_refusal(stage.state, Refusal("uuid-a", None, "a is busy", 1e6))
    decision = stage.next()
    assert moves(decision) == ["b: xen1 -> xen2"]
    (rejection,) = decision.plan.rejections
    assert (rejection.host, rejection.reason, rejection.value) == (None, "refused", "a is busy")


def test_what_was_never_begun_is_held_against_nobody() -> None:
    stage = play("xen1: a 2, b 1.7 | xen2:")
    for _ in range(3):
        failed(stage, "a", "xen2")
    orders = tuple(replace(order, never_begun=True) for order in stage.state.orders)
    stage.state = replace(stage.state, orders=orders)
    assert (strikes_by_host(stage.state), halting(stage.state, 1e6 + 30.0)) == ({}, None)
    assert (moves(stage.next()), refused(stage.next())) == (["a: xen1 -> xen2"], [])


# -- what is remembered ------------------------------------------------------------------------------------------------


DAY = 86400.0


def ended(state: OrderState, vm: str, target: str, at: float) -> Order:
    return Order(f"t-{vm}-{target}-{at:g}", 1, 1, journey(vm, "xen1", target), state, at, at, "no route")


def test_a_failure_is_remembered_until_all_that_it_counts_for_has_been_forgiven() -> None:
    failure = ended(OrderState.FAILED, "a", "xen2", 0.0)
    elsewhere = ended(OrderState.DONE, "a", "xen3", DAY)
    there = ended(OrderState.DONE, "a", "xen2", 2 * DAY)
    assert held_against([failure], 0.0 - 1) == {failure.id}
    assert held_against([failure, elsewhere], -1.0) == {failure.id, elsewhere.id}, (
        "a and xen1 are forgiven, xen2 is not"
    )
    assert held_against([failure, elsewhere, there], -1.0) == frozenset()
    assert held_against([failure], resumed=1.0) == frozenset()


def test_a_success_outlives_the_failure_that_it_forgave() -> None:
    stage = play("xen1: a 0.1 | xen2: | xen3:")
    for order in (ended(OrderState.FAILED, "a", "xen2", 1e6), ended(OrderState.DONE, "a", "xen3", 1e6 + DAY)):
        stage.state = with_order(stage.state, order)
    stage.farm.time = 1e6 + 9 * DAY
    stage.next()
    assert [order.state for order in stage.state.orders] == [OrderState.FAILED, OrderState.DONE]
    assert {host: each.count for host, each in strikes_by_host(stage.state).items()} == {"xen2": 1}


# -- hosts and the farm ------------------------------------------------------------------------------------------------


def test_a_host_that_failed_twice_in_a_row_gives_and_takes_nothing() -> None:
    stage = play("xen1: a 2, b 1.7 | xen2: | xen3: c 0.4")
    failed(stage, "x", "xen2", source="gone")
    assert moves(stage.next()) == ["a: xen1 -> xen2"]
    failed(stage, "y", "xen2", source="gone")
    decision = stage.next()
    assert moves(decision) == ["a: xen1 -> xen3"]
    assert "a -> xen2: failed twice" in refused(decision)
    assert set(failing_hosts(stage.state)) == {"gone", "xen2"}

    stage = play("xen1: a 2, b 1.7 | xen2:")
    for vm in ("x", "y"):
        failed(stage, vm, "gone")
    assert (moves(stage.next()), set(refused(stage.next()))) == ([], {"a: failed twice", "b: failed twice"})


def test_a_host_on_which_a_move_succeeds_begins_anew() -> None:
    stage = play()
    failed(stage, "x", "xen2", ago=60.0)
    done = Order("t-2", 1, 1, journey("y", "xen3", "xen2"), OrderState.DONE, 1e6, 1e6)
    stage.state = with_order(stage.state, done)
    failed(stage, "z", "xen2")
    assert {host: each.count for host, each in strikes_by_host(stage.state).items()} == {"xen1": 2, "xen2": 1}


def lost(*ended: float, resumed: float = 0.0) -> State:
    orders = tuple(
        Order(f"t-{at:g}", 1, 1, journey("a", "xen1", "xen2"), OrderState.FAILED, at, at, "no route") for at in ended
    )
    return State(orders=orders, resumed=resumed)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (lost(100.0, 200.0, 300.0), "3 moves failed within an hour, the last a to xen2: no route"),
        (lost(100.0, 200.0), None),
        (lost(-HOUR, 200.0, 300.0), None),
        (lost(100.0, 200.0, 300.0, resumed=150.0), None),
    ],
    ids=["three", "two", "one long ago", "resumed since"],
)
def test_three_failures_in_an_hour_halt_the_farm(state: State, told: str | None) -> None:
    assert halting(state, 400.0) == told


# -- its own -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", ["a", "uuid-a"])
def test_the_vm_that_it_runs_in_stays(own: str) -> None:
    decision = play(own_vm=own).next()
    assert (moves(decision), refused(decision)) == (["b: xen1 -> xen2"], ["a: runs xen-balancer"])


def test_drains_do_not_move_it_either() -> None:
    decision = play("xen1: a 0.1 | xen2:", 'drain host "xen1"\n', own_vm="a").next()
    assert (moves(decision), refused(decision)) == ([], ["a: runs xen-balancer"])


# -- what fits ---------------------------------------------------------------------------------------------------------


def fitted(**changes: dict[str, Any]) -> Farm:
    common: dict[str, Any] = {"xen": "4.17", "cpu": "avx sse", "offers": ("bridge:xenbr0", "guest:pvh")}
    hosts = {name: {**common, **changes.pop(name, {})} for name in ("xen1", "xen2", "xen3")}
    return farm("xen1: a 2, b 1.7 | xen2: | xen3: c 0.4").with_(**hosts, **changes)


@pytest.mark.parametrize(
    ("xen2", "reason", "value"),
    [
        ({"xen": "4.14"}, "older Xen", "4.14"),
        ({"xen": None}, "older Xen", None),
        ({"cpu": "sse"}, "CPU features", None),
        ({"cpu": None}, "CPU features", None),
        ({"offers": ("guest:pvh",)}, "no bridge", "xenbr0"),
        ({"offers": ("bridge:xenbr0",)}, "no guest", "pvh"),
    ],
)
def test_a_host_that_lacks_what_the_vm_needs_is_no_target(xen2: dict[str, Any], reason: str, value: str | None) -> None:
    made = fitted(xen2=xen2, a={"needs": ("guest:pvh", "bridge:xenbr0")})
    decision = Rounds(made, AT_ONCE).next()
    assert moves(decision) == ["a: xen1 -> xen3"]
    (rejection,) = [each for each in decision.plan.rejections if each.vm == "a"]
    assert (rejection.host, rejection.reason, rejection.value) == ("xen2", reason, value)


@pytest.mark.parametrize("better", [{"xen": "4.18"}, {"cpu": "avx avx2 sse"}, {"offers": ("bridge:xenbr0", "x:y")}])
def test_more_than_it_needs_is_no_obstacle(better: dict[str, Any]) -> None:
    made = fitted(xen2=better, a={"needs": ("bridge:xenbr0",)})
    assert moves(Rounds(made, AT_ONCE).next()) == ["a: xen1 -> xen2"]


def test_a_vm_with_a_disk_of_its_hosts_own_goes_nowhere() -> None:
    decision = Rounds(fitted(a={"needs": ("local:/var/lib/xen/a.img",)}), AT_ONCE).next()
    assert moves(decision) == ["b: xen1 -> xen2"]
    (rejection,) = [each for each in decision.plan.rejections if each.vm == "a"]
    assert (rejection.host, rejection.reason, rejection.value) == (None, "local disk", "/var/lib/xen/a.img")
