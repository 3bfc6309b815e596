"""A round's plan as a whole: freeze, the order of evaluation, and the round in one sentence."""

from dataclasses import replace

import pytest

from balancer.core.model import Gathering, OrderState
from tests.farms import AT_ONCE, EASE, RELIEVE, Rounds, decided, farm, journey, moves, refused

FIVE = "xen1: web1 2, web2 1.7 | xen2: | xen3: | xen4: | xen5:"

# -- freeze -----------------------------------------------------------------------------------------------------------


def test_below_80_percent_of_the_expected_hosts_nothing_is_decided_at_all() -> None:
    play = Rounds(farm(FIVE), AT_ONCE + 'drain host "xen1"\n')
    told = play.next(silent=["xen2", "xen3"]).plan
    assert (told.moves, told.rejections, told.tally) == ((), (), {})
    assert told.frozen == "reports 60% < 80% (silent: xen2, xen3)"
    assert told.sentence == "nothing is decided: reports 60% < 80% (silent: xen2, xen3)"


def test_at_80_percent_the_others_go_on() -> None:
    play = Rounds(farm(FIVE), AT_ONCE)
    assert moves(play.next(silent=["xen2"])) == ["web1: xen1 -> xen3"]


def test_of_many_silent_hosts_five_are_named() -> None:
    many = farm(" | ".join(f"xen{number}:" for number in range(1, 10)))
    told = Rounds(many, AT_ONCE).next(silent=[f"xen{number}" for number in range(1, 9)]).plan
    assert told.frozen == "reports 11.1% < 80% (silent: xen1, xen2, xen3, xen4, xen5 and 3 more)"


def test_streaks_go_on_while_frozen() -> None:
    play = Rounds(farm(FIVE), RELIEVE)
    for _ in range(3):
        play.next(silent=["xen2", "xen3"])
    assert moves(play.next()) == ["web1: xen1 -> xen2"]


def test_the_file_may_freeze_at_another_share() -> None:
    play = Rounds(farm(FIVE), AT_ONCE + "freeze when reports < 50%\n")
    assert moves(play.next(silent=["xen2", "xen3"])) == ["web1: xen1 -> xen4"]


def test_a_freeze_of_the_files_own_replaces_the_default_as_a_whole() -> None:
    play = Rounds(farm("xen1: web1 2, web2 1.7 | xen2: | xen3:"), AT_ONCE + "freeze when failures >= 1\n")
    assert moves(play.next(silent=["xen2"])) == ["web1: xen1 -> xen3"]


def test_several_freezes_each_hold_by_themselves() -> None:
    text = AT_ONCE + "freeze when reports < 50%\nfreeze when hosts < 5\n"
    assert Rounds(farm(FIVE), text).next(silent=["xen2"]).plan.frozen == "hosts 4 < 5 (silent: xen2)"


@pytest.mark.parametrize("ago", [0.0, -10.0])
def test_moves_that_failed_since_the_last_round_freeze_one_and_only_one(ago: float) -> None:
    play = Rounds(farm("xen1: web1 1.9, web2 1.7 | xen2: c 0.1 | xen3:"), AT_ONCE + "freeze when failures >= 1\n")
    play.next()
    play.order(journey("c", "xen2", "xen3"), OrderState.FAILED, ago=ago)
    assert play.next().plan.frozen == "failures 1 >= 1"
    assert play.next().plan.frozen is None


def test_what_nobody_knows_freezes() -> None:
    play = Rounds(farm("xen1: web1 2 | xen2:"), AT_ONCE + "freeze when cpu > 99%\n")
    play.farm.vms["web1"].uuid = "another"
    assert play.next().plan.frozen == "cpu unknown > 99%"


def test_a_freeze_that_compares_nothing_is_told_in_its_own_words() -> None:
    told = decided(farm("xen1:"), AT_ONCE + "freeze when hosts < 2 or vms < 2\n")
    assert told.plan.frozen == "hosts < 2 or vms < 2"


@pytest.mark.parametrize("expected", [(), ("xen1",)])
def test_where_no_host_reported_nothing_is_decided_whatever_the_file_says(expected: tuple[str, ...]) -> None:
    lets = 'let busy = vms where host.cpu > 1% and share > 1%\nkeep busy apart\ndrain hosts named "*"\n'
    play = Rounds(farm("xen1:"), f"{lets}freeze when hosts > 99\n{AT_ONCE}")
    told = play.next(gathering=Gathering((), expected)).plan
    assert (told.frozen, told.moves, told.complete) == ("no host reported", (), 0.0)


def test_a_host_that_reports_no_memory_at_all_takes_nothing() -> None:
    told = decided(farm("xen1: web1 2, web2 1.7 | xen2:").with_(xen2={"memory": 0.0}), AT_ONCE)
    assert moves(told) == []


# -- what comes first -------------------------------------------------------------------------------------------------


def test_drains_come_before_rules_wherever_they_stand() -> None:
    told = decided(farm("xen1: web1 2, web2 1.7 | xen2: db1 0.5 | xen3: | xen4:"), AT_ONCE + 'drain host "xen2"\n')
    assert moves(told) == ["db1: xen2 -> xen3", "web1: xen1 -> xen4"]


def test_rules_come_in_file_order() -> None:
    second = AT_ONCE.replace("relieve", "second").replace("by most cpu", "by least cpu")
    hot = farm("xen1: web1 2, web2 1.7 | xen2: | xen3:")
    assert [move.rule for move in decided(hot, AT_ONCE + second).plan.moves] == ["relieve", "second"]
    assert [move.rule for move in decided(hot, second + AT_ONCE).plan.moves] == ["second", "relieve"]


def test_limits_per_hour_and_rests_bind_orders_the_plan_holds_every_move() -> None:
    four = "xen1: a 2, x 1.7 | xen2: b 2, y 1.7 | xen3: c 2, z 1.7 | xen4: | xen5: | xen6:"
    told = decided(farm(four), AT_ONCE + "limit 1 at once, 1 per hour\n")
    assert [(move.vm, move.wave) for move in told.plan.moves] == [("a", 1), ("b", 2), ("c", 3)]


# -- the round in one sentence ----------------------------------------------------------------------------------------


def sentence(text: str, rules: str) -> str:
    return decided(farm(text), rules).plan.sentence


def test_nothing_to_do() -> None:
    assert sentence("xen1: web1 1", AT_ONCE) == "no action: no host is in trouble"


def test_one_move_and_several() -> None:
    one, two = "xen1: a 2, x 1.7 | xen2: ", "xen1: a 2, x 1.7 | xen2: b 2, y 1.7 | xen3: | xen4:"
    assert sentence(one, AT_ONCE) == "move a from xen1 to xen2"
    assert sentence(two, AT_ONCE) == "move a from xen1 to xen3 and 1 more"


def test_how_far_the_longest_streak_is_the_first_by_name_where_they_are_equal() -> None:
    play = Rounds(farm("xen1: a 3.6 | xen2: b 3.7"), RELIEVE)
    assert play.next().plan.sentence == "no action: xen1 in trouble for 1 of 3 rounds"
    play.farm.vms["a"].cpu = 1
    assert play.next().plan.sentence == "no action: xen2 in trouble for 2 of 3 rounds"


def test_how_long_against_a_time() -> None:
    play = Rounds(farm("xen1: a 3.6 | xen2:"), RELIEVE.replace("3 rounds", "5 min"))
    assert play.next().plan.sentence == "no action: xen1 in trouble for 1 round, 5 min are wanted"
    assert play.next().plan.sentence == "no action: xen1 in trouble for 2 rounds, 5 min are wanted"


def test_in_trouble_and_nothing_can_be_done_the_three_commonest_reasons() -> None:
    play = Rounds(farm("xen1: a 3.6 | xen2: b 2 | xen3: c 2 | xen4: | xen5:"), AT_ONCE)
    play.farm.with_(xen4={"maintenance": True}, xen5={"memory": 512.0})
    assert play.next().plan.sentence == (
        "no action: xen1 in trouble for 1 round; refused: max load 2, maintenance 1, memory 1"
    )


def test_what_is_still_open() -> None:
    play = Rounds(farm("xen1: a 1 | xen2: b 1 | xen3:"), AT_ONCE)
    play.order(journey("a", "xen1", "xen3"))
    assert play.next().plan.sentence == "no action: no host is in trouble; 1 move under way"
    play.order(journey("b", "xen2", "xen3"), OrderState.INTENT)
    assert play.next().plan.sentence == "no action: no host is in trouble; 2 moves under way"
    play.order(journey("b", "xen2", "xen3"), OrderState.IN_DOUBT)
    assert play.next().plan.sentence == "no action: no host is in trouble; 1 move under way; 1 move in doubt"


# -- the farm before and after ----------------------------------------------------------------------------------------


def test_a_plan_tells_how_even_the_farm_is_before_and_after() -> None:
    told = decided(farm("xen1: a 2, b 1.7 | xen2: c 0.1"), AT_ONCE).plan
    assert (told.before.cpu_max, told.after.cpu_max) == (pytest.approx(0.925), pytest.approx(0.525))
    assert (told.before.cpu_std, told.after.cpu_std) == (pytest.approx(0.45), pytest.approx(0.05))
    assert (told.before.load_max, told.after.load_max) == (pytest.approx(3.7), pytest.approx(2.1))
    assert told.after.load_std < told.before.load_std


def test_hosts_of_which_nobody_knows_how_busy_they_are_do_not_count() -> None:
    play = Rounds(farm("xen1: a 2 | xen2: b 1"), AT_ONCE)
    play.farm.vms["a"].uuid = "another"
    assert play.next().plan.before.cpu_max == 0.25


def test_no_plan_without_rules() -> None:
    told = decided(farm("xen1: a 4 | xen2:"), "limit 1 at once").plan
    assert (told.moves, told.sentence) == ((), "no action: no host is in trouble")


def test_an_engagement_goes_on_after_a_frozen_round() -> None:
    play = Rounds(farm(FIVE), EASE)
    play.next()
    assert play.next(silent=["xen2", "xen3"]).state.engagements == play.state.engagements != ()


# -- what the farm says of its hosts ----------------------------------------------------------------------------------


def test_a_host_that_is_closed_takes_nothing_for_the_reason_given_and_may_still_give() -> None:
    play = Rounds(farm("xen1: web1 2, web2 1.7 | xen2: | xen3:"), AT_ONCE)
    play.farm.pass_time(play.interval)
    closed = {"xen1": "no address", "xen2": "no address", "gone": "no address"}
    told = play.next(gathering=replace(play.farm.gathering(), closed=closed))
    assert moves(told) == ["web1: xen1 -> xen3"]
    assert refused(told) == ["web1 -> xen2: no address"]
