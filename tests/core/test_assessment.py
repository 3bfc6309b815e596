"""How long a host has been in trouble, round by round."""

from dataclasses import replace

import pytest

from balancer.core.assessment import condition_of, supposed
from balancer.core.cycle import step, unheard
from balancer.core.model import OrderState
from tests.farms import AT_ONCE, RELIEVE, Farm, Rounds, farm, journey, moves, rules, streaks

HOT = "xen1: web1 2.0, web2 1.7 | xen2: db1 0.3"


def hot() -> Farm:
    return farm(HOT)


def for_(hold: str) -> str:
    return RELIEVE.replace("for 3 rounds", f"for {hold}")


def test_a_streak_counts_reports_in_a_row_and_the_third_moves() -> None:
    play = Rounds(hot(), RELIEVE)
    told = [play.next() for _ in range(3)]
    assert [streaks(each) for each in told] == [{"xen1": 1}, {"xen1": 2}, {"xen1": 3}]
    assert [moves(each) for each in told] == [[], [], ["web1: xen1 -> xen2"]]


def test_a_calm_report_ends_the_streak() -> None:
    play = Rounds(hot(), RELIEVE)
    play.after(2)
    play.farm.vms["web1"].cpu = 0.5
    assert streaks(play.next()) == {}
    play.farm.vms["web1"].cpu = 2.0
    assert streaks(play.next()) == {"xen1": 1}


def test_a_missing_round_neither_counts_nor_breaks() -> None:
    play = Rounds(hot(), RELIEVE)
    play.after(2)
    missed = play.next(silent=["xen1"])
    assert (streaks(missed), moves(missed)) == ({"xen1": 2}, [])
    assert moves(play.next()) == ["web1: xen1 -> xen2"]


def test_two_missing_rounds_in_a_row_break() -> None:
    play = Rounds(hot(), RELIEVE)
    play.after(2)
    play.next(silent=["xen1"])
    assert streaks(play.next(silent=["xen1"])) == {}
    assert streaks(play.next()) == {"xen1": 1}


def test_every_other_round_missing_the_streak_goes_on() -> None:
    play = Rounds(hot(), RELIEVE)
    told = [play.next(silent=["xen1"] if number % 2 else []) for number in range(5)]
    assert [streaks(each)["xen1"] for each in told] == [1, 1, 2, 2, 3]


def test_a_round_in_which_nobody_could_be_asked_is_a_missing_round_for_all() -> None:
    play = Rounds(hot(), RELIEVE)
    play.after(2)
    play.state = unheard(play.state)
    assert play.state.round == 3
    assert moves(play.next()) == ["web1: xen1 -> xen2"]
    play.state = unheard(unheard(play.state))
    assert play.state.streaks == ()


def test_a_new_boot_of_the_host_begins_anew() -> None:
    play = Rounds(hot(), RELIEVE)
    play.after(2)
    play.farm.hosts["xen1"].boot = 2
    assert streaks(play.next()) == {"xen1": 1}


@pytest.mark.parametrize(("state", "left"), [(OrderState.DONE, {}), (OrderState.FAILED, {})])
def test_the_end_of_a_move_from_the_host_begins_anew_whatever_its_outcome(
    state: OrderState, left: dict[str, int]
) -> None:
    play = Rounds(hot(), RELIEVE)
    play.after(2)
    play.order(journey("web2", "xen1", "xen2"), state)
    assert {each.host: each.rounds for each in play.state.streaks} == left
    assert streaks(play.next()) == {"xen1": 1}


@pytest.mark.parametrize("state", [OrderState.INTENT, OrderState.UNDER_WAY, OrderState.IN_DOUBT])
def test_a_move_that_has_not_ended_leaves_the_streak_alone(state: OrderState) -> None:
    play = Rounds(hot(), RELIEVE)
    play.after(2)
    play.order(journey("web2", "xen1", "xen2"), state)
    assert streaks(play.next()) == {"xen1": 3}


def test_the_end_of_a_move_to_the_host_leaves_its_streak_alone() -> None:
    play = Rounds(hot(), RELIEVE)
    play.after(2)
    play.order(journey("db1", "xen2", "xen1"), OrderState.DONE)
    assert streaks(play.next()) == {"xen1": 3}


def test_rules_read_anew_keep_the_streak_as_long_as_the_when_is_the_same() -> None:
    play = Rounds(hot(), RELIEVE)
    play.after(2)
    play.rules = rules("# moved a line down\n" + RELIEVE.replace("by most cpu", "by least memory"))
    assert streaks(play.next()) == {"xen1": 3}


@pytest.mark.parametrize(
    "rewritten",
    [for_("4 rounds"), RELIEVE.replace("85%", "84%"), RELIEVE.replace("rule relieve", "rule relief")],
    ids=["another hold", "another limit", "another name"],
)
def test_a_when_that_was_rewritten_begins_anew(rewritten: str) -> None:
    play = Rounds(hot(), RELIEVE)
    play.after(2)
    play.rules = rules(rewritten)
    assert streaks(play.next()) == {"xen1": 1}


def test_without_for_one_round_is_enough() -> None:
    assert moves(Rounds(hot(), AT_ONCE).next()) == ["web1: xen1 -> xen2"]


def test_for_a_time_first_and_last_are_at_least_so_far_apart() -> None:
    play = Rounds(hot(), for_("1 min"))
    assert [moves(play.next()) for _ in range(3)] == [[], [], ["web1: xen1 -> xen2"]]


def test_for_a_time_shorter_than_a_round_two_reports_are_wanted() -> None:
    play = Rounds(hot(), for_("10 s"))
    assert [moves(play.next()) for _ in range(2)] == [[], ["web1: xen1 -> xen2"]]


def test_a_clock_that_wakes_up_a_little_early_does_not_cost_a_round() -> None:
    play = Rounds(hot(), for_("1 min"))
    told = []
    for moment in (30.02, 60.0, 90.0):
        play.farm.pass_time(30.0)
        decision = step(play.state, play.farm.gathering(), play.rules, moment)
        play.state = decision.state
        told.append(moves(decision))
    assert told == [[], [], ["web1: xen1 -> xen2"]]


@pytest.mark.parametrize("jump", [3600.0, -3600.0, -45.0])
def test_a_clock_that_was_set_makes_no_time_long_nor_endless(jump: float) -> None:
    play = Rounds(hot(), for_("3 min"))
    play.after(2)
    told, moment = [], play.farm.time + jump
    for _ in range(6):
        play.farm.pass_time(30.0)
        moment += 30.0
        decision = step(play.state, play.farm.gathering(), play.rules, moment)
        play.state = decision.state
        told.append(moves(decision))
    assert told[:2] == [[], []]
    assert told[-1] == ["web1: xen1 -> xen2"]


def test_rounds_of_another_length_than_the_files_make_no_time_shorter() -> None:
    play = Rounds(hot(), for_("10 min"), interval=300.0)
    assert [moves(play.next()) for _ in range(3)] == [[], [], ["web1: xen1 -> xen2"]]


def test_a_missing_round_counts_towards_a_time() -> None:
    play = Rounds(hot(), for_("90 s"))
    play.next()
    play.next()
    play.next(silent=["xen1"])
    assert moves(play.next()) == ["web1: xen1 -> xen2"]


def test_what_follows_and_need_hold_only_now() -> None:
    play = Rounds(hot(), for_("3 rounds and host.vms > 2"))
    play.after(2)
    assert moves(play.next()) == []
    play.farm.add("xen1", "tiny", 0.0)
    assert moves(play.next()) == ["web1: xen1 -> xen2"]


def test_what_stands_left_of_for_must_have_held_all_along() -> None:
    play = Rounds(hot(), RELIEVE.replace("for 3", "and host.vms > 2 for 3"))
    play.after(2)
    play.farm.add("xen1", "tiny", 0.0)
    assert streaks(play.next()) == {"xen1": 1}


def test_each_rule_has_its_own_streak() -> None:
    play = Rounds(hot(), RELIEVE + RELIEVE.replace("relieve", "slow_burn").replace("85%", "50%"))
    play.after(2)
    play.farm.vms["web1"].cpu = 0.5
    assert [(each.rule, each.host, each.rounds) for each in play.next().state.streaks] == [("slow_burn", "xen1", 3)]


def test_what_nobody_knows_is_no_trouble() -> None:
    play = Rounds(hot(), RELIEVE)
    play.next()
    for vm in play.farm.vms.values():
        vm.domain_id, vm.uuid = 7, f"new-{vm.name}"
    assert streaks(play.next()) == {}


def test_a_host_no_longer_expected_has_no_streak() -> None:
    play = Rounds(hot(), RELIEVE)
    play.after(2)
    del play.farm.hosts["xen1"]
    assert streaks(play.next()) == {}


def test_a_condition_is_known_by_its_words_not_by_its_place() -> None:
    (one,), (other,) = rules(RELIEVE).rules, rules(f"\n\n{RELIEVE}").rules
    assert one != other
    assert condition_of(one) == condition_of(other)
    assert condition_of(one) != condition_of(replace(one, when=rules(AT_ONCE).rules[0].when))


@pytest.mark.parametrize(
    ("hold", "asked", "before"), [("3 rounds", None, 2), ("1 min", None, 2), ("10 s", None, 1), ("5 rounds", 2, 1)]
)
def test_a_plan_for_a_snapshot_supposes_the_rounds_before(hold: str, asked: int | None, before: int) -> None:
    hosts = Rounds(hot(), RELIEVE).next().observation.hosts
    told = supposed(rules(for_(hold)), hosts, now=300.0, interval=30.0, rounds=asked)
    assert {(each.host, each.rounds, each.last) for each in told} == {("xen1", before, 300.0), ("xen2", before, 300.0)}


def test_without_for_nothing_is_to_be_supposed() -> None:
    hosts = Rounds(hot(), RELIEVE).next().observation.hosts
    assert supposed(rules(AT_ONCE), hosts, now=300.0, interval=30.0, rounds=None) == ()
