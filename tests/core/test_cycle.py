"""One turn of the loop as a function."""

import pytest

from balancer.core.cycle import DAY, primed, step, suppose, unheard, with_order
from balancer.core.model import Order, OrderState, State
from tests.farms import AT_ONCE, EASE, RELIEVE, Rounds, farm, journey, moves, rules

HOT = "xen1: web1 2, web2 1.7 | xen2: db1 0.3"


def test_the_first_round_only_looks_the_second_may_move() -> None:
    hot, text = farm(HOT), rules(AT_ONCE)
    first = step(State(), hot.gathering(), text, 0.0)
    hot.pass_time(30.0)
    second = step(first.state, hot.gathering(), text, 30.0)
    assert (first.plan.moves, first.plan.sentence) == ((), "no action: no host is in trouble")
    assert moves(second) == ["web1: xen1 -> xen2"]


def test_the_state_counts_rounds_and_knows_its_time() -> None:
    play = Rounds(farm(HOT), AT_ONCE)
    decision = play.after(3)
    assert (decision.state.round, decision.state.time, decision.plan.round) == (3, 90.0, 3)


def test_a_decision_names_the_file_it_was_made_with() -> None:
    play = Rounds(farm(HOT), AT_ONCE)
    decision = play.next()
    assert (decision.rules_file, decision.rules_sha256) == ("farm.rules", play.rules.sha256)


def test_a_step_changes_nothing_it_was_given_and_comes_out_the_same_again() -> None:
    play = Rounds(farm(HOT), EASE)
    before = play.state
    play.farm.pass_time(30.0)
    gathering = play.farm.gathering()
    told = [step(before, gathering, play.rules, 30.0) for _ in range(2)]
    assert told[0] == told[1]
    assert before.round == 0


def test_primed_has_references_and_has_held_no_round() -> None:
    state = primed(State(), farm(HOT).gathering(), 0.0)
    assert (state.round, len(state.references), len(state.sightings), state.streaks) == (0, 3, 3, ())


@pytest.mark.parametrize(
    ("rounds_over", "told"), [(None, ["web1: xen1 -> xen2"]), (3, ["web1: xen1 -> xen2"]), (2, [])]
)
def test_a_single_round_may_suppose_those_before_it(rounds_over: int | None, told: list[str]) -> None:
    play = Rounds(farm(HOT), RELIEVE)
    play.state = suppose(play.state, play.farm.gathering(), play.rules, 30.0, rounds_over)
    assert moves(play.next()) == told


def test_a_round_in_which_nobody_could_be_asked_leaves_references_and_orders() -> None:
    play = Rounds(farm(HOT), RELIEVE)
    play.next()
    order = play.order(journey("web1", "xen1", "xen2"))
    after = unheard(play.state)
    assert (after.round, after.time, after.references) == (2, 30.0, play.state.references)
    assert after.orders == (order,)


def order(name: str, state: OrderState, started: float = 0.0, ended: float | None = None) -> Order:
    return Order(name, 1, 1, journey("web1", "xen1", "xen2"), state, started, ended)


def test_an_order_that_changes_takes_the_place_of_its_former_self() -> None:
    state = with_order(with_order(State(), order("b", OrderState.INTENT, 2.0)), order("a", OrderState.INTENT, 1.0))
    changed = with_order(state, order("b", OrderState.DONE, 2.0, 3.0))
    assert [(each.id, each.state) for each in changed.orders] == [("a", OrderState.INTENT), ("b", OrderState.DONE)]


@pytest.mark.parametrize(
    ("rest", "kept"),
    [
        ("", DAY),
        ("rest vm 15 min, no return within 3 d\n", 3 * DAY),
        ("rest vm 10 d\n", 10 * DAY),
        ("rest host 2 d\n", 2 * DAY),
    ],
)
def test_ended_orders_are_kept_a_day_or_as_long_as_anything_rests(rest: str, kept: float) -> None:
    state = with_order(State(), order("old", OrderState.DONE, 0.0, 100.0))
    held, gone = (step(state, farm(HOT).gathering(), rules(AT_ONCE + rest), 100.0 + kept + late) for late in (0.0, 1.0))
    assert ([each.id for each in held.state.orders], gone.state.orders) == (["old"], ())


@pytest.mark.parametrize("state", [OrderState.INTENT, OrderState.UNDER_WAY, OrderState.IN_DOUBT])
def test_open_orders_are_never_forgotten(state: OrderState) -> None:
    after = step(with_order(State(), order("old", state)), farm(HOT).gathering(), rules(AT_ONCE), 90 * DAY).state
    assert [each.id for each in after.orders] == ["old"]
