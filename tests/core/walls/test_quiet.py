"""Quiet after a move."""

from dataclasses import replace

import numpy as np
import pytest

from balancer.core.figures.projection import Projection
from balancer.core.model import OrderState
from balancer.core.walls.quiet import Quiet, quiet
from dsl.checking.statements import STEPS
from tests.farms import AT_ONCE, EASE, Rounds, farm, journey, moves, refused

DRAIN = 'drain host "xen1"'


@pytest.mark.parametrize("state", [OrderState.DONE, OrderState.FAILED])
@pytest.mark.parametrize(("ago", "told"), [(869.0, ["web1: rest"]), (870.0, [])])
def test_a_vm_that_moved_or_failed_to_rests_for_fifteen_minutes(state: OrderState, ago: float, told: list[str]) -> None:
    play = Rounds(farm("xen1: web1 3.6 | xen2:").with_(xen2={"cores": 16.0}), AT_ONCE)
    play.order(journey("web1", "xen2", "xen1"), state, ago=ago)
    assert [each for each in refused(play.next()) if each == "web1: rest"] == told


def test_the_refusal_says_how_long_ago_it_moved_and_how_long_it_rests() -> None:
    play = Rounds(farm("xen1: web1 3.6 | xen2:"), AT_ONCE)
    play.order(journey("web1", "xen2", "xen1"), ago=0.0, state=OrderState.DONE)
    (rejection,) = play.next().plan.rejections
    assert (rejection.value, rejection.limit, rejection.kind) == (30.0, 900.0, "time")


@pytest.mark.parametrize(("ago", "told"), [(7169.0, ["web1 -> xen2: no return"]), (7171.0, [])])
def test_within_two_hours_a_vm_does_not_return(ago: float, told: list[str]) -> None:
    play = Rounds(farm("xen1: web1 2, web2 1.7 | xen2: | xen3: busy 2"), AT_ONCE)
    play.order(journey("web1", "xen2", "xen1"), OrderState.DONE, ago=ago)
    assert [each for each in refused(play.next()) if "no return" in each] == told


def test_after_a_move_that_failed_it_left_nowhere_and_may_go_there() -> None:
    play = Rounds(farm("xen1: web1 2, web2 1.7 | xen2:"), AT_ONCE + "rest vm 0 s, no return within 2 h\n")
    play.order(journey("web1", "xen2", "xen1"), OrderState.FAILED)
    assert moves(play.next()) == ["web1: xen1 -> xen2"]


def test_a_return_is_remembered_for_as_long_as_the_rules_ask() -> None:
    play = Rounds(farm("xen1: web1 2, web2 1.7 | xen2:"), AT_ONCE + "rest vm 15 min, no return within 3 d\n")
    play.order(journey("web1", "xen2", "xen1"), OrderState.DONE)
    play.interval = 2.0 * 86400.0
    assert moves(play.next()) == ["web2: xen1 -> xen2"]
    play.interval = 1.5 * 86400.0
    assert moves(play.next()) == ["web1: xen1 -> xen2"]


def test_a_host_rests_at_both_ends_of_a_move() -> None:
    rest = AT_ONCE + "rest vm 0 s, host 5 min, no return within 0 s\n"
    play = Rounds(farm("xen1: web1 2, web2 1.7 | xen2: | xen3: busy 0.5 | xen4: hot1 2, hot2 1.8"), rest)
    play.order(journey("busy", "xen4", "xen2"), OrderState.DONE)
    assert moves(play.next()) == ["web1: xen1 -> xen3"], "neither from xen4 nor to xen2"


def test_an_engaged_rules_own_moves_do_not_wait_for_its_host_to_rest() -> None:
    rest = EASE + "rest vm 0 s, host 5 min, no return within 0 s\nlimit 1 at once\n"
    play = Rounds(farm("xen1: a 1, b 1, c 1, d 0.9 | xen2: | xen3:"), rest)
    assert moves(play.next()) == ["a: xen1 -> xen2", "b: xen1 -> xen3"]
    play.carry_out(play.next().plan.moves[0])
    assert moves(play.next()) == ["b: xen1 -> xen3"]


@pytest.mark.parametrize(("source", "target"), [("xen1", "xen2"), ("xen3", "xen1")])
@pytest.mark.parametrize("rule", ["keep", "another"])
def test_an_engaged_rule_waits_for_what_others_moved_and_stays_engaged(rule: str, source: str, target: str) -> None:
    rest = EASE + "rest vm 0 s, host 5 min, no return within 0 s\n"
    play = Rounds(farm("xen1: a 1, b 0.9, c 0.9, d 0.7 | xen2: | xen3: | xen4:"), rest)
    play.farm.add(source, "x", 0.01)
    play.carry_out(play.next().plan.moves[0])
    play.farm.move("x", target)
    play.order(replace(journey("x", source, target), rule=rule), OrderState.DONE)
    told = play.next()
    assert moves(told) == []
    assert [(each.rule, each.host) for each in told.state.engagements] == [("relieve", "xen1")]
    play.farm.pass_time(300.0)
    assert moves(play.next())[0].startswith("b: xen1"), "below the 85% at which the rule acts: it goes on to its mark"


def test_another_rule_waits_for_what_an_engaged_one_has_moved() -> None:
    second = "rule second when host.vms > 1 move vm by least cpu to host by least cpu\n"
    play = Rounds(
        farm("xen1: a 1, b 0.9, c 0.9, d 0.7 | xen2: | xen3:"),
        f"{EASE}{second}rest vm 0 s, host 5 min, no return within 0 s\n",
    )
    play.carry_out(play.next().plan.moves[0])
    assert [(move.rule, move.vm) for move in play.next().plan.moves] == [("relieve", "b")]


def test_drains_do_not_wait_for_anything_to_rest() -> None:
    play = Rounds(farm("xen1: web1 1 | xen2:"), DRAIN + "\nrest vm 1 h, host 1 h, no return within 2 h")
    play.order(journey("web1", "xen2", "xen1"), OrderState.DONE)
    assert moves(play.next()) == ["web1: xen1 -> xen2"]


def test_a_clock_that_jumped_back_ends_no_rest() -> None:
    play = Rounds(farm("xen1: web1 3.6 | xen2:"), AT_ONCE)
    play.order(journey("web1", "xen2", "xen1"), OrderState.DONE, ago=-86400.0)
    assert refused(play.next()) == ["web1: rest"]


def test_what_an_engaged_rule_moved_off_its_host_lets_the_target_rest_for_others_alone() -> None:
    rest = EASE + "rest vm 0 s, host 5 min, no return within 0 s\nlimit 1 at once\n"
    play = Rounds(farm("xen1: a 1, b 1, c 1, d 0.9 | xen2: | xen4: x 1.9, y 1.7"), rest)
    play.next()
    play.carry_out(play.next().plan.moves[0])
    told = play.next()
    assert [each for each in moves(told) if each.startswith("b")] == ["b: xen1 -> xen2"]
    assert "x -> xen2: rest" in refused(told)


TWO = "xen1: web1 0, web2 0 | xen2: a 0 | xen3:"
REST = "rest vm 10 min, host 5 min, no return within 2 h"


def asked(play: Rounds, kind: str, vm: str) -> tuple[bool, dict[str, str]]:
    """Whether the VM may leave, for a move of that kind, and why not where."""
    projection = Projection(play.next().observation)
    wall: Quiet = quiet(play.rules.rest, play.state, play.farm.time)
    place = projection.names["vm"].tolist().index(vm)
    stays = any(each.flags.any() for each in wall.leaving(projection, np.array([place]), kind))
    why = {
        projection.names["host"][host]: each.reason
        for each in wall.arriving(projection, place, kind)
        for host in np.flatnonzero(each.flags)
    }
    return not stays, why


@pytest.mark.parametrize("kind", STEPS)
def test_rest_binds_rules_preferences_and_the_goal_and_neither_repairs_nor_drains(kind: str) -> None:
    play = Rounds(farm(TWO), REST)
    play.order(journey("web1", "xen2", "xen1"), OrderState.DONE, ago=-30.0)
    told = asked(play, kind, "web1")
    assert told == ((True, {}) if kind in {"repairs", "drains"} else (False, {"xen1": "rest", "xen2": "no return"}))


@pytest.mark.parametrize(("kind", "may_leave"), [("rules", True), ("preferences", False), ("goal", False)])
def test_a_resting_host_gives_nothing_for_preferences_and_the_goal_a_rule_has_asked_before(
    kind: str, *, may_leave: bool
) -> None:
    play = Rounds(farm(TWO), REST)
    play.order(journey("web1", "xen3", "xen1"), OrderState.DONE)
    assert asked(play, kind, "web2") == (may_leave, {"xen1": "rest", "xen3": "rest"})


def test_what_others_moved_rests_as_well_and_the_latest_move_counts() -> None:
    play = Rounds(farm(TWO), REST)
    play.order(journey("web1", "xen2", "xen1"), OrderState.DONE, ago=7000.0)
    play.farm.move("web1", "xen3")
    assert asked(play, "goal", "web1") == (False, {"xen1": "no return", "xen2": "no return"})
