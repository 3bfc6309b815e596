"""Easing hosts in trouble: which host, which VM, which target, and how long."""

import pytest

from balancer.core.model import OrderState
from tests.farms import AT_ONCE, EASE, Rounds, decided, farm, moves, refused, rules, streaks

UNTIL = """
rule relieve
  when  host.cpu > 85% for 3 rounds
  move  vm   by most cpu
  to    host by least cpu  where after.cpu < 70%
  until source.cpu < 60%
limit 1 at once
rest vm 15 min
"""

# -- which host, which VM, which target -------------------------------------------------------------------------------


def test_the_vm_that_is_most_wanted_goes_to_the_host_that_is_most_wanted() -> None:
    told = decided(farm("xen1: small 0.4, big 2, mid 1.3 | xen2: a 0.5 | xen3: b 0.2"), AT_ONCE)
    assert moves(told) == ["big: xen1 -> xen3"]


def test_if_the_first_vm_finds_no_host_the_next_by_the_same_order_is_tried() -> None:
    told = decided(farm("xen1: giant 3, small 0.6 | xen2:"), AT_ONCE)
    assert (moves(told), refused(told)) == (["small: xen1 -> xen2"], ["giant -> xen2: max load"])


def test_what_is_equal_in_all_keys_goes_by_name() -> None:
    told = decided(farm("xen1: c 1, b 1, a 1, d 0.9 | xen4: | xen3: | xen2:"), AT_ONCE)
    assert moves(told) == ["a: xen1 -> xen2"]


def test_a_second_key_decides_where_the_first_is_equal() -> None:
    text = AT_ONCE.replace("by most cpu", "by most cpu, least memory").replace(
        "by least cpu", "by least cpu, most cores"
    )
    told = decided(farm("xen1: a 1.9, b 1.9 | xen2: | xen3:").with_(a={"memory": 2048.0}, xen3={"cores": 8.0}), text)
    assert moves(told) == ["b: xen1 -> xen3"]


def test_an_unknown_key_sorts_last() -> None:
    text = AT_ONCE.replace("by least cpu", "by most age")
    told = decided(farm("xen1: a 2, b 1.7 | xen2: | xen3:").with_(xen3={"uptime": 60.0}), text)
    assert moves(told) == ["a: xen1 -> xen3"]


def test_hosts_in_trouble_come_by_longest_streak_then_busiest_then_name() -> None:
    play = Rounds(farm("xen1: a 0.9 | xen2: b 0.95 | xen3: c 0.95 | xen4: d 0.5 | xen5:"), AT_ONCE)
    play.farm.with_(**{f"xen{number}": {"cores": 1.0} for number in range(1, 5)}, xen5={"cores": 64.0})
    play.next()
    play.farm.vms["d"].cpu = 0.99
    assert moves(play.next()) == ["b: xen2 -> xen5", "c: xen3 -> xen5", "a: xen1 -> xen5", "d: xen4 -> xen5"]


def test_two_moves_of_one_round_see_each_other() -> None:
    told = decided(farm("xen1: a 2, x 1.7 | xen2: b 2, y 1.7 | xen3: | xen4: z 0.5"), AT_ONCE)
    assert moves(told) == ["a: xen1 -> xen3", "b: xen2 -> xen4"]


def test_a_later_rule_sees_what_an_earlier_one_planned() -> None:
    second = AT_ONCE.replace("relieve", "second").replace("by most cpu", "by least cpu")
    told = decided(farm("xen1: a 2, b 1.7 | xen2: | xen3: z 0.5"), AT_ONCE + second)
    assert moves(told) == ["a: xen1 -> xen2", "b: xen1 -> xen3"]
    assert [move.rule for move in told.plan.moves] == ["relieve", "second"]


def test_a_vm_moves_once_a_round() -> None:
    there_and_on = AT_ONCE.replace("relieve", "second").replace("host.cpu > 85%", "host.vms == 0")
    told = decided(farm("xen1: a 2, b 1.7 | xen2: | xen3:"), AT_ONCE + there_and_on)
    assert moves(told) == ["a: xen1 -> xen2"]
    assert refused(told) == ["a: moved already"]


def test_gates_of_the_vm_are_rejections_with_value_and_limit() -> None:
    text = AT_ONCE.replace("by most cpu", 'by most cpu where share > 50% as "too small to help"')
    told = decided(farm("xen1: a 1.9, b 1.6 | xen2:"), text)
    assert moves(told) == []
    assert [(each.vm, each.reason, each.value, each.limit, each.line) for each in told.plan.rejections] == [
        ("a", "too small to help", pytest.approx(0.475), 0.5, 4),
        ("b", "too small to help", pytest.approx(0.4), 0.5, 4),
    ]


def test_gates_may_compare_after_source_and_vm() -> None:
    text = AT_ONCE.replace("after.cpu < 70%", "after.cpu < source.cpu - 30% where memory_free > 2 * vm.memory")
    told = decided(farm("xen1: a 2, b 1.7 | xen2: c 0.1 | xen3: d 0.2").with_(xen2={"memory": 3072.0}), text)
    assert moves(told) == ["a: xen1 -> xen3"]


@pytest.mark.parametrize(
    "gate", ["after.xen > 4.1", "vm.cpu / (vms - vms) > 0", 'cpu_group == "amd"', "cpu / (cores - 4) > 0%", "age > 1 h"]
)
def test_what_nobody_knows_refuses_as_unknown(gate: str) -> None:
    told = decided(farm("xen1: a 2, b 1.7 | xen2:"), AT_ONCE.replace("after.cpu < 70%", gate))
    assert (moves(told), refused(told)) == ([], ["a -> xen2: unknown", "b -> xen2: unknown"])


def test_without_until_a_host_gives_one_vm_a_round_and_waits_for_it_to_arrive() -> None:
    play = Rounds(farm("xen1: a 1, b 1, c 1, d 0.9 | xen2: | xen3:"), AT_ONCE)
    (move,) = play.next().plan.moves
    order = play.order(move)
    assert moves(play.next()) == []
    play.state = Rounds(play.farm, AT_ONCE).state
    assert order.is_open
    assert moves(play.next()) == ["a: xen1 -> xen2"]


# -- until ------------------------------------------------------------------------------------------------------------


def test_with_until_a_host_gives_as_many_as_it_takes_on_projected_loads() -> None:
    told = decided(farm("xen1: a 1, b 0.9, c 0.8, d 0.8 | xen2: | xen3:"), EASE)
    assert moves(told) == ["a: xen1 -> xen2", "b: xen1 -> xen3"]
    assert told.plan.after.cpu_max == pytest.approx(1.6 / 4)


def test_once_reached_a_rule_goes_on_without_a_streak_until_reports_meet_it() -> None:
    play = Rounds(farm("xen1: a 0.8, b 0.8, c 0.8, d 0.8, e 0.5 | xen2: | xen3:"), UNTIL)
    first = play.after(3)
    assert moves(first) == ["a: xen1 -> xen2", "b: xen1 -> xen3"]
    play.carry_out(first.plan.moves[0])
    second = play.next()
    assert (streaks(second), moves(second)) == ({}, ["b: xen1 -> xen3"]), "2.9 of 4 are 72%"
    assert second.plan.moves[0].why.startswith("xen1 was in trouble, its relief goes on; b uses 0.8 CPUs, most there")
    play.carry_out(second.plan.moves[0])
    third = play.next()
    assert (moves(third), third.state.engagements) == ([], ()), "2.1 of 4 are 52%: reports meet it"


def test_projections_do_not_end_an_engagement_reports_do() -> None:
    play = Rounds(farm("xen1: a 1, b 0.9, c 0.8, d 0.8 | xen2: | xen3:"), EASE)
    decision = play.next()
    assert [each.host for each in decision.state.engagements] == ["xen1"]
    assert decision.plan.after.cpu_max < 0.6


def test_an_engagement_ends_when_nobody_can_be_moved() -> None:
    play = Rounds(farm("xen1: a 1.9, b 1.8 | xen2: | xen3:"), UNTIL)
    (move,) = play.after(3).plan.moves
    play.carry_out(move)
    play.farm.vms["b"].cpu = 3.0
    stuck = play.next()
    assert (moves(stuck), stuck.state.engagements) == ([], ())
    assert refused(stuck) == ["b -> xen3: after.cpu < 70%", "b -> xen2: after.cpu < 70%"]


def test_an_engagement_lasts_while_a_move_from_the_host_is_under_way() -> None:
    play = Rounds(farm("xen1: a 1.9, b 1.8 | xen2: | xen3:"), UNTIL)
    (move,) = play.after(3).plan.moves
    play.order(move)
    waiting = play.next()
    assert (moves(waiting), [each.host for each in waiting.state.engagements]) == ([], ["xen1"])


def test_an_engagement_outlasts_a_silent_round_and_a_frozen_one() -> None:
    play = Rounds(farm("xen1: a 0.8, b 0.8, c 0.8, d 0.8, e 0.5 | xen2: | xen3: | xen4: | xen5:"), UNTIL)
    play.carry_out(play.after(3).plan.moves[0])
    assert play.next(silent=["xen1"]).plan.moves == ()
    assert play.next(silent=["xen4", "xen5"]).plan.frozen is not None
    assert moves(play.next()) == ["b: xen1 -> xen3"]


def test_what_nobody_knows_ends_an_until() -> None:
    text = EASE.replace("source.cpu < 60%", 'source.cpu_group == "amd"')
    assert moves(decided(farm("xen1: a 2, b 1.7 | xen2:"), text)) == []


def test_a_rule_rewritten_is_no_longer_engaged() -> None:
    play = Rounds(farm("xen1: a 0.8, b 0.8, c 0.8, d 0.8, e 0.5 | xen2: | xen3:"), UNTIL)
    play.carry_out(play.after(3).plan.moves[0])
    play.rules = rules(UNTIL.replace("85%", "86%"))
    decision = play.next()
    assert (moves(decision), decision.state.engagements) == ([], ())


def test_a_rule_whose_until_was_taken_out_is_no_longer_engaged() -> None:
    play = Rounds(farm("xen1: a 0.8, b 0.8, c 0.8, d 0.8, e 0.5 | xen2: | xen3:"), UNTIL)
    play.carry_out(play.after(3).plan.moves[0])
    play.rules = rules(UNTIL.replace("  until source.cpu < 60%\n", ""))
    decision = play.next()
    assert (moves(decision), decision.state.engagements) == ([], ())


def test_a_move_that_failed_is_followed_by_the_next_vm_for_the_first_one_rests() -> None:
    play = Rounds(farm("xen1: a 2, b 1.7 | xen2:"), UNTIL)
    play.order(play.after(3).plan.moves[0], OrderState.FAILED)
    decision = play.next()
    assert (moves(decision), refused(decision)) == (["b: xen1 -> xen2"], ["a: failed lately"])


def test_a_host_that_found_no_room_is_asked_again_once_another_has_made_some() -> None:
    told = decided(farm("xen1: a 3.9 | xen2: b 3.8 | xen3:").with_(xen2={"cores": 4.0}, xen3={"cores": 8.0}), EASE)
    assert moves(told) == ["a: xen1 -> xen3"]
    swap = farm("xen1: a 2.5, x 1.4 | xen2: b 3.4, y 0.2 | xen3:").with_(
        xen3={"cores": 64.0, "memory": 1024.0}, a={"memory": 2048.0}, x={"memory": 2048.0}
    )
    assert moves(decided(swap, EASE)) == ["b: xen2 -> xen3", "a: xen1 -> xen2"]


def test_the_relief_of_one_rule_is_not_the_others() -> None:
    play = Rounds(farm("xen1: a 0.8, b 0.8, c 0.8, d 0.8, e 0.5 | xen2: | xen3:"), UNTIL)
    play.carry_out(play.after(3).plan.moves[0])
    play.rules = rules(UNTIL.replace("rule relieve", "rule other"))
    assert moves(play.next()) == []


# -- why --------------------------------------------------------------------------------------------------------------


def test_a_move_says_why_with_its_figures() -> None:
    (move,) = Rounds(farm("xen1: web1 2, web2 1.7 | xen2: db1 0.4"), UNTIL.replace("60%", "70%")).after(3).plan.moves
    assert move.why == ("xen1 cpu 92.5% > 85% for 3 rounds; web1 uses 2 CPUs, most there; xen2 has least cpu (10%)")
    assert dict(move.numbers) == {
        "host.cpu": pytest.approx(0.925),
        "vm.cpu": 2.0,
        "target.cpu": pytest.approx(0.1),
        "after.cpu": pytest.approx(0.6),
    }
    assert (move.rule, move.line, move.reason, move.memory) == ("relieve", 2, "overload", 1024.0)


def test_what_is_not_the_most_there_is_not_said_to_be() -> None:
    (move,) = decided(
        farm("xen1: giant 2.9, small 0.7 | xen2: | xen3: c 0.2").with_(xen2={"maintenance": True}), AT_ONCE
    ).plan.moves
    assert move.why.split("; ")[1:] == [
        "small uses 0.7 CPUs, most of those left", "xen3 has least cpu (5%) of those left",
    ]  # fmt: skip


def test_a_second_move_off_a_host_is_told_by_what_was_reported() -> None:
    told = decided(farm("xen1: a 1, b 0.9, c 0.8, d 0.8 | xen2: | xen3:"), EASE).plan.moves
    assert [move.why.split(";")[0] for move in told] == ["xen1 cpu 87.5% > 85% for 1 round"] * 2


@pytest.mark.parametrize("test", ["host.maintenance", "host.cpu > 90% or host.vms > 1", 'host named "xen1"'])
def test_trouble_that_compares_nothing_is_told_as_trouble(test: str) -> None:
    (move,) = decided(
        farm("xen1: a 1, b 1 | xen2:").with_(xen1={"maintenance": True}), AT_ONCE.replace("host.cpu > 85%", test)
    ).plan.moves
    assert move.why.startswith("xen1 in trouble for 1 round; a uses 1 CPU,")
