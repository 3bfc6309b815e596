"""What rules aggregate over time, round by round."""

import math
from dataclasses import replace

import pytest

from balancer.core.cycle import as_ever, primed, step, unheard
from balancer.core.figures import past
from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets, of_hosts, of_targets
from balancer.core.history import NOTHING
from balancer.core.model import OrderState, State
from tests.farms import AT_ONCE, Farm, Rounds, farm, journey, moves, rules
from tests.lookback import FARM, UNKNOWN, Told, asks, told

# -- when it is known --------------------------------------------------------------------------------------------------


def test_a_history_is_unknown_until_it_reaches_back_over_the_window() -> None:
    play = Told(farm(FARM), asks("avg(cpu, 2 min)"))
    seen = []
    for _ in range(5):
        play.next()
        seen.append(told(play))
    assert seen[:3] == [UNKNOWN] * 3
    assert seen[3:] == [[0.75, 0.1]] * 2


def test_the_window_has_as_many_rounds_as_go_into_it_this_one_included() -> None:
    play = Told(farm(FARM), asks("avg(cpu, 2 min)", "sum(vms, 2 min)", "max(cpu, 2 min)", "min(cpu, 2 min)"))
    for cpu in (4.0, 3.0, 2.0, 1.0, 0.0):
        play.farm.vms["c"].cpu = cpu
        play.next()
    assert [told(play, number=number)[1] for number in range(4)] == [0.375, 4.0, 0.75, 0.0]


def test_rounds_that_begin_a_little_late_are_counted_all_the_same() -> None:
    play = Told(farm(FARM), asks("sum(vms, 2 min)"))
    for late in (0.0, 0.4, 0.0, 0.9, 0.1, 0.3, 0.0):
        play.farm.time += late
        play.next()
        play.farm.time -= late
    assert told(play) == [8.0, 4.0]


@pytest.mark.parametrize(("silent", "known"), [((), True), ((5,), True), ((4, 6), False), ((4, 5, 6), False)])
def test_with_half_its_rounds_missing_a_history_is_unknown(silent: tuple[int, ...], *, known: bool) -> None:
    play = Told(farm(FARM), asks("avg(cpu, 2 min)"))
    for number in range(1, 8):
        play.next(silent=["xen2"] if number in silent else [])
    assert math.isnan(told(play)[1]) is not known
    assert told(play)[0] == 0.75


def test_rounds_in_which_nobody_could_be_asked_are_missing_too() -> None:
    play = Told(farm(FARM), asks("avg(cpu, 2 min)"))
    for number in range(1, 8):
        if number in {5, 6}:
            play.farm.pass_time(30.0)
            play.state = unheard(play.state)
        else:
            play.next()
    assert told(play) == UNKNOWN


def test_a_new_boot_begins_a_new_history_of_the_host_and_leaves_those_of_its_vms() -> None:
    play = Told(farm(FARM), asks("avg(cpu, 2 min)", "avg(vm.cpu, 2 min)"))
    for _ in range(5):
        play.next()
    play.farm.hosts["xen2"] = replace(play.farm.hosts["xen2"], boot=2)
    play.next()
    assert told(play)[0] == 0.75
    assert math.isnan(told(play)[1])
    assert told(play, "vm", 1) == [2.0, 1.0, 0.4]


def test_a_vm_takes_its_history_along() -> None:
    play = Told(farm(FARM), asks("avg(vm.cpu, 2 min)"))
    for _ in range(5):
        play.next()
    play.carry_out(journey("a", "xen1", "xen2"))
    play.next()
    assert told(play, "vm") == [2.0, 1.0, 0.4]


def test_of_a_vm_that_two_hosts_report_the_round_is_missing() -> None:
    play = Told(farm(FARM), asks("sum(vm.memory, 2 min)"))
    for _ in range(4):
        play.next()
    play.farm.add("xen2", "twin", 1.0)
    play.farm.vms["twin"] = replace(play.farm.vms["twin"], uuid="uuid-a")
    play.next()
    assert told(play, "vm")[:3] == [3 * 1024.0, 4 * 1024.0, 4 * 1024.0]


def test_a_clock_that_was_set_back_or_forth_makes_it_unknown_until_it_has_grown_anew() -> None:
    for jump in (-3600.0, 3600.0):
        play = Told(farm(FARM), asks("avg(cpu, 2 min)"))
        for _ in range(6):
            play.next()
        play.farm.time += jump
        seen = []
        for _ in range(5):
            play.next()
            seen.append(told(play))
        assert seen[0] == UNKNOWN, jump
        assert seen[-1] == [0.75, 0.1], jump


def test_unknown_counts_against_moving() -> None:
    hot = farm("xen1: a 2, b 1.9 | xen2: c 0.4")
    assert moves(Rounds(hot, AT_ONCE.replace("host.cpu", "avg(host.cpu, 2 min)")).after(3)) == []
    frozen = Rounds(farm("xen1: a 2, b 1.9 | xen2: c 0.4"), f"{AT_ONCE}freeze when avg(cpu, 2 min) > 99%\n").after(2)
    assert frozen.plan.frozen == "avg(cpu, 2 min) unknown > 99%"


# -- what it comes to --------------------------------------------------------------------------------------------------


def test_a_percentile_is_the_nearest_rank() -> None:
    play = Told(farm(FARM), asks(*(f"p{percent}(vm.cpu, 5 min)" for percent in (50, 90, 95, 99))))
    for cpu in (0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.6, 0.4, 0.5, 1.0):
        play.farm.vms["c"].cpu = cpu
        play.next()
    assert [told(play, "vm", number)[2] for number in range(4)] == [0.5, 0.9, 1.0, 1.0]


def test_of_missing_rounds_a_percentile_knows_nothing() -> None:
    play = Told(farm(FARM), asks("p50(cpu, 5 min)"))
    for number, cpu in enumerate((4.0, 4.0, 0.4, 0.8, 1.2, 1.6, 2.0, 2.4, 2.8, 3.2), 1):
        play.farm.vms["c"].cpu = cpu
        play.next(silent=["xen2"] if number in {1, 2, 3} else [])
    assert math.isnan(told(play)[1])
    play = Told(farm(FARM), asks("p50(cpu, 5 min)"))
    for number, cpu in enumerate((4.0, 0.4, 4.0, 0.8, 1.2, 1.6, 2.0, 2.4, 2.8, 3.2), 1):
        play.farm.vms["c"].cpu = cpu
        play.next(silent=["xen2"] if number == 3 else [])
    assert told(play)[1] == pytest.approx(2.4 / 4)


def test_of_many_a_percentile_is_told_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    play = Told(farm(FARM), asks("p50(vm.cpu, 2 min)", "p95(vm.cpu / vm.vcpus, 2 min)"))
    for cpu in (0.5, 2.0, 1.0, 3.0):
        play.farm.vms["a"].cpu, play.farm.vms["c"].cpu = cpu, 3.0 - cpu
        play.next()
    at_once = [told(play, "vm", number) for number in range(2)]
    monkeypatch.setattr(past, "AT_A_TIME", 2)
    assert [told(play, "vm", number) for number in range(2)] == at_once
    assert at_once[0] == [1.0, 1.0, 1.0]


def test_a_sum_of_names_is_aggregated_line_by_line() -> None:
    play = Told(
        farm(FARM), asks("max(vm.cpu / vm.vcpus, 2 min)", "max(cpu - farm.cpu, 2 min)", "avg(load / vms, 2 min)")
    )
    for cpu in (3.0, 1.0, 2.0, 0.0):
        play.farm.vms["c"].cpu = cpu
        play.next()
    assert told(play, "vm", 0) == [0.5, 0.25, 0.75]
    assert told(play, "host", 2) == [1.5, 1.5]
    reported = Projection(play.observation, play.state)
    both = of_targets(reported, Sets.of((), reported), 0).over(play.rules.aggregates[1])
    assert both.tolist() == pytest.approx([0.375, 0.0])


def test_hosts_and_a_vm_in_one_sum_are_lined_up() -> None:
    play = Told(farm(FARM), asks("avg(cores * vm.cpu, 2 min)"))
    for _ in range(4):
        play.next()
    reported = Projection(play.observation, play.state)
    sets = Sets.of((), reported)
    assert [of_targets(reported, sets, vm).over(play.rules.aggregates[0]).tolist() for vm in (0, 2)] == [
        pytest.approx([8.0, 8.0]), pytest.approx([1.6, 1.6])
    ]  # fmt: skip


def test_the_farm_has_a_history_of_its_own() -> None:
    play = Told(farm(FARM), "freeze when avg(cpu, 2 min) > 90%\nfreeze when min(reports, 2 min) < 50%\n")
    for number in range(6):
        play.next(silent=["xen1"] if number == 4 else [])
    assert told(play, "farm", 0) == [pytest.approx((0.425 * 3 + 0.1) / 4, abs=1e-6)]
    assert told(play, "farm", 1) == [0.5]


# -- moves -------------------------------------------------------------------------------------------------------------

SLOW = """
rule slow_burn
  when  avg(host.cpu, 2 min) > 70%
  move  vm   by least memory, least cpu
  to    host by least avg(cpu, 2 min)  where avg(cpu, 2 min) < 60%
"""


def test_moves_planned_before_shift_the_history_of_both_hosts() -> None:
    play = Rounds(farm("xen1: a 2, b 1.5 | xen2: c 2, d 1.2 | xen3: e 0.4"), SLOW)
    decision = play.after(4)
    assert moves(decision) == ["b: xen1 -> xen3", "d: xen2 -> xen3"]
    assert decision.plan.moves[1].why.endswith("xen3 has least avg(cpu, 2 min) (47.5%)")
    assert decision.plan.moves[1].numbers == {
        "host.avg(cpu, 2 min)": 0.8, "vm.cpu": 1.2, "vm.memory": 1024.0, "target.avg(cpu, 2 min)": 0.475,
    }  # fmt: skip


def test_a_move_under_way_counts_in_every_line_and_so_in_a_sum_as_often() -> None:
    play = Told(farm(FARM), asks("avg(cpu, 2 min)", "sum(cpu, 2 min)", "max(memory, 2 min)"))
    for _ in range(4):
        play.next()
    play.order(journey("b", "xen1", "xen2"))
    play.next()
    reported = Projection(play.observation, play.state)
    projection = Projection.with_orders(play.observation, play.state)
    sets = Sets.of((), reported)
    shifted = [of_hosts(projection, sets).over(each).tolist() for each in play.rules.aggregates]
    assert shifted == [
        pytest.approx([0.5, 0.35]), pytest.approx([2.0, 1.4]), pytest.approx([2 / 16, 2 / 16])
    ]  # fmt: skip


@pytest.mark.parametrize("by_others", [False, True])
def test_once_a_vm_has_moved_its_hosts_have_been_without_and_with_it_all_the_time(*, by_others: bool) -> None:
    play = Told(farm(FARM), asks("avg(cpu, 2 min)", "max(cpu, 2 min)", "p50(vms, 2 min)", "min(memory_free, 2 min)"))
    for _ in range(5):
        play.next()
    if by_others:
        play.farm.move("a", "xen2")
    else:
        play.carry_out(journey("a", "xen1", "xen2"))
    for _ in range(3):
        play.next()
        seen = [told(play, number=number) for number in range(4)]
        assert seen == [
            pytest.approx([0.25, 0.6]), pytest.approx([0.25, 0.6]), [1.0, 2.0], [15 * 1024.0, 14 * 1024.0]
        ]  # fmt: skip


def test_who_moved_twice_has_been_where_it_is_now() -> None:
    play = Told(farm("xen1: a 2, b 1 | xen2: c 0.4 | xen3:"), asks("avg(cpu, 3 min)"))
    for _ in range(6):
        play.next()
    play.carry_out(journey("a", "xen1", "xen2"))
    play.next()
    play.farm.move("a", "xen3")
    play.next()
    assert told(play) == pytest.approx([0.25, 0.1, 0.5])


def test_a_move_that_was_only_rehearsed_leaves_the_history_where_the_vm_is() -> None:
    play = Told(farm(FARM), asks("avg(cpu, 2 min)"))
    for _ in range(5):
        play.next()
    play.order(journey("a", "xen1", "xen2"), OrderState.DONE)
    play.next()
    assert told(play) == [0.75, 0.1]


def test_a_relieved_host_is_not_relieved_again_because_its_past_was_hot() -> None:
    play = Rounds(farm("xen1: a 1.6, b 1.5 | xen2: c 0.4 | xen3: d 0.4"), SLOW)
    told_moves = []
    for _ in range(12):
        decision = play.next()
        told_moves += moves(decision)
        for move in decision.plan.moves:
            play.carry_out(move)
    assert told_moves == ["b: xen1 -> xen2"]


# -- what is kept ------------------------------------------------------------------------------------------------------


def test_only_what_the_rules_ask_for_is_kept_and_no_longer() -> None:
    play = Rounds(farm(FARM), asks("avg(cpu, 2 min)", "sum(moves, 1 d)"))
    history = play.after(200).state.history
    assert {signal for _, line in history.lines() for signal in line} == {("host", "cpu")}
    assert len(list(history.lines())) <= 2 * 64
    assert Rounds(farm(FARM), AT_ONCE).after(3).state.history == NOTHING


def test_other_rules_go_on_with_what_is_there_and_begin_what_is_not() -> None:
    play = Told(farm(FARM), asks("avg(cpu, 2 min)"))
    for _ in range(4):
        play.next()
    play.rules = replace(rules(asks("max(cpu, 1 min)", "avg(load, 1 min)")), every=30.0)
    play.next()
    assert told(play, number=0) == [0.75, 0.1]
    assert told(play, number=1) == UNKNOWN
    play.next()
    assert told(play, number=1) == [3.0, 0.4]


def test_a_step_from_the_same_state_comes_out_the_same() -> None:
    play = Rounds(farm(FARM), asks("avg(cpu, 2 min)", "avg(vm.cpu, 2 min)"))
    play.after(4)
    play.farm.pass_time(30.0)
    one, other = (step(play.state, play.farm.gathering(), play.rules, play.farm.time) for _ in range(2))
    assert one == other
    assert one.state.history != play.state.history


def test_a_farm_that_has_always_been_as_it_is_has_a_history_at_once() -> None:
    hot = farm("xen1: a 2, b 1.9 | xen2: c 0.4")
    text = replace(rules(AT_ONCE.replace("host.cpu", "avg(host.cpu, 1 h)")), every=30.0)
    state = primed(State(), hot.gathering(), 0.0)
    hot.pass_time(30.0)
    assert moves(step(state, hot.gathering(), text, 30.0)) == []
    assert moves(step(as_ever(state, hot.gathering(), text, 30.0), hot.gathering(), text, 30.0)) == ["a: xen1 -> xen2"]


def many(count: int) -> Farm:
    """So many hosts with a VM each."""
    return farm(" | ".join(f"xen{number:03}: vm{number:03} {number % 4}" for number in range(count)))


def test_hosts_that_come_and_go_keep_their_own_figures() -> None:
    play = Told(many(9), asks("avg(load, 2 min)"))
    for number in range(12):
        play.next(silent=[f"xen{number % 9:03}", f"xen{(number + 4) % 9:03}"])
    names = [host.name for host in play.observation.hosts]
    assert told(play) == [float(int(name[3:]) % 4) for name in names]
