"""Two ways of deciding the same days, side by side."""

from dataclasses import replace

import pytest

from balancer.core.cycle import with_order
from balancer.core.model import Host, OrderState, State
from balancer.core.replays.comparison import Outcome, Reckoning, carried, choices, is_overloaded
from tests.adapters.samples import decision, host, move, order, streak
from tests.farms import AT_ONCE, RELIEVE, Rounds, farm

HOT = "xen1: web1 2.4, web2 1.4 | xen2:"


def test_a_run_is_reckoned_up_round_by_round() -> None:
    run = Reckoning()
    quiet, frozen = decision(1), decision(2, frozen="reports 60% < 80%")
    hot = decision(3, hosts=(host("a", load=9.0), host("b", busy=8.0)))
    run.take(quiet, 30.0)
    run.take(frozen, 30.0)
    run.take(replace(hot, plan=replace(hot.plan, broken=2)), 20.0)
    run.take(replace(quiet, plan=replace(quiet.plan, broken=1)), 30.0)
    orders = [order(OrderState.DONE, name="1"), order(OrderState.FAILED, name="2"), order(name="3")]
    assert run.outcome(orders) == Outcome(4, 1, 1, 1, 0, 40.0, 0.04, violations=2, frozen=1)


def test_what_comes_back_was_moved_in_vain() -> None:
    there, back = order(OrderState.DONE, started=0.0), order(
        OrderState.DONE, name="2", started=600.0, of=move(source="hypervisor2", target="hypervisor3")
    )  # fmt: skip
    assert Reckoning().outcome([back, there]).returned == 1


def test_without_a_round_there_is_no_imbalance() -> None:
    assert Reckoning().outcome([]).imbalance is None


@pytest.mark.parametrize(
    ("of", "is_so"),
    [
        (host("a", busy=7.9, load=8.0), False),
        (host("a", busy=7.93), True),
        (host("a", busy=1.0, load=8.1), True),
        (host("a", busy=None), False),
    ],
)
def test_overloaded_is_a_host_that_is_full_or_on_which_more_waits_than_runs(of: Host, is_so: bool) -> None:  # noqa: FBT001
    assert is_overloaded(of) is is_so


def test_streaks_of_other_rules_go_on_and_the_rest_is_as_it_was() -> None:
    before = State(round=5, time=120.0, streaks=(streak("a", 3, "old"),), resumed=70.0)
    after = State(round=5, time=120.0, streaks=(streak("a", 2, "new"),))
    assert carried(after, before) == replace(before, streaks=after.streaks)


def test_rounds_that_were_lost_are_lost_to_them_as_well() -> None:
    after = State(round=5, streaks=(streak("a", 2, "new"),))
    assert [each.missed for each in carried(after, State(round=6)).streaks] == [1]
    assert carried(after, State(round=7)).streaks == ()


def test_a_move_that_ended_meanwhile_sets_them_to_nought() -> None:
    after = State(round=5, time=120.0, streaks=(streak("hypervisor3", 2, "new"),))
    ended = order(OrderState.DONE, ended=130.0)
    assert carried(after, with_order(State(round=5), ended)).streaks == ()
    long_ago = replace(ended, ended=100.0)
    assert carried(after, State(round=5, orders=(long_ago,))).streaks == after.streaks


def test_what_a_restart_forgot_is_forgotten_on_both_sides() -> None:
    play = Rounds(farm(HOT), AT_ONCE)
    after = play.next().state
    restarted = State(round=1, sightings=after.sightings)
    assert carried(after, restarted) == restarted


def test_only_what_matters_to_the_farm_is_a_difference() -> None:
    one, other = (Rounds(farm(HOT), text).next() for text in (AT_ONCE, "# the same\n" + AT_ONCE))
    assert (one.plan == other.plan, choices(one) == choices(other)) == (False, True)
    later = Rounds(farm(HOT), RELIEVE).next()
    assert choices(one) != choices(later)
