"""Why a VM moves, or why it stays; and that the answer is the planner's own."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from balancer.core.askers import USELESS
from balancer.core.cycle import Case, decided, suppose
from balancer.core.explained_vm import Asked, Target, VmExplained, explain_vm
from balancer.core.model import Drained, Move, OrderState
from tests.core.test_properties import farms, texts
from tests.farms import AT_ONCE, Farm, Rounds, farm, journey

HOT = "xen1: web1 2.4, web2 1.4 | xen2: a 1.2 | xen3: b 0.1"


def case(play: Rounds) -> Case:
    """The next round, not yet decided."""
    play.farm.pass_time(play.interval)
    return Case(play.state, play.farm.gathering(), play.rules, play.farm.time)


def explained(play: Rounds, vm: str, paused: str | None = None) -> VmExplained:
    its = case(play)
    names = [each.name for each in decided(its).observation.vms]
    return explain_vm(its, names.index(vm), paused=paused)


def only(its: VmExplained) -> Asked:
    (asked,) = its.asked
    return asked


def targets(asked: Asked) -> dict[str, Target]:
    return {each.host: each for each in asked.targets}


def test_a_vm_that_moves_says_where_to_and_why() -> None:
    its = explained(Rounds(farm(HOT), AT_ONCE), "web2")
    assert its.told == "stays: web1 goes first"
    assert (only(its).rank, only(its).of, only(its).before) == (2, 2, ("web1",))


def test_each_other_host_is_told_by_rank_or_with_all_that_is_against_it() -> None:
    play = Rounds(farm(HOT).with_(xen2={"maintenance": True, "memory": 1500.0}), AT_ONCE)
    its = explained(play, "web1")
    assert its.told.startswith("moves to xen3: xen1 cpu 95% > 85% for 1 round; web1 uses 2.4 CPUs, most there; xen3 ")
    assert [(each.host, each.rank) for each in only(its).targets] == [("xen3", 1), ("xen2", None)]
    refused = targets(only(its))["xen2"]
    assert [each.reason for each in refused.rejections] == ["maintenance", "memory", "max load"]
    assert refused.needs == "after.cpu 90% would have to fall below 70%"


def test_a_vm_on_a_host_in_no_trouble_stays_and_says_what_would_have_to_change() -> None:
    its = explained(Rounds(farm("xen1: web1 2.84 | xen2:"), AT_ONCE), "web1")
    assert its.told == (
        "stays: nothing wants it away from xen1: relieve: no trouble: cpu 71% would have to rise above 85%"
    )
    assert only(its).rank == 1


def test_a_vm_that_may_not_leave_says_every_reason_with_its_figures() -> None:
    play = Rounds(farm(HOT).with_(web1={"passthrough": True}), 'never move vm "web1"\n' + AT_ONCE)
    play.order(journey("web1", "xen3", "xen1"), OrderState.DONE, ago=300.0)
    its = explained(play, "web1")
    assert its.told == "stays: passthrough"
    told = [(each.reason, each.line, each.value, each.limit) for each in only(its).stays]
    assert told == [
        ("passthrough", 3, None, None), ("rest", 3, 330.0, 900.0), ('never move vm "web1"', 1, None, None),
    ]  # fmt: skip
    assert only(its).rank is None


def test_a_gate_of_the_rule_says_what_would_have_to_change() -> None:
    rule = AT_ONCE.replace("by most cpu\n", "by most cpu where memory < 512 MiB\n")
    its = explained(Rounds(farm(HOT), rule), "web1")
    assert only(its).needs == "memory 1 GiB would have to fall below 512 MiB"
    assert its.told == "stays: memory < 512 MiB: 1 GiB, limit 512 MiB"


def test_a_vm_that_finds_no_host_says_what_refused_it_how_often() -> None:
    its = explained(Rounds(farm("xen1: web1 3.6 | xen2: a 1.2 | xen3: b 0.4"), AT_ONCE), "web1")
    assert its.told == "stays: it finds no host: max load 2"


def test_a_drained_host_asks_as_the_rules_do() -> None:
    play = Rounds(farm("xen1: web1 1 | xen2: a 1.2 | xen3: b 0.4"), "every 30 s\n")
    play.state = replace(play.state, drained=(Drained("xen1", "alice", 0.0),))
    its = explained(play, "web1")
    assert its.told.startswith("moves to xen3: xen1 is drained by alice; ")
    assert (its.drained, only(its).rule, only(its).line) == (("alice",), "drain", None)
    assert [(each.host, each.rank) for each in only(its).targets] == [("xen3", 1), ("xen2", 2)]


def test_without_rules_the_walls_alone_are_asked() -> None:
    its = explained(Rounds(farm("xen1: web1 1 | xen2:"), "every 30 s\n"), "web1")
    assert its.told == "stays: nothing wants it away from xen1: no rule is there"
    assert (only(its).rule, [each.rank for each in only(its).targets]) == ("", [1])


def test_a_frozen_round_says_so_and_still_answers() -> None:
    play = Rounds(farm(HOT), "freeze when hosts > 2\n" + AT_ONCE)
    its = explained(play, "web1", paused="paused by root")
    assert its.told == "stays: nothing is decided: hosts 3 > 2"
    assert its.against == ("nothing is decided: hosts 3 > 2", "paused by root")
    assert only(its).targets[0].rank == 1


def test_a_move_that_waits_for_another_says_in_which_wave_it_comes() -> None:
    play = Rounds(farm("xen1: web1 2.4, web2 1.4 | xen2: b 2.4, c 1.4 | xen3: | xen4:"), "limit 1 at once\n" + AT_ONCE)
    assert explained(play, "b").told.startswith("moves to xen4 in wave 2, once earlier moves have ended: ")


GOALS = (
    "",
    "balance cpu within 10% by at most 3 moves\n",
    "pack onto fewest hosts where after.cpu < 70% by at most 3 moves\n",
)
SEARCHED = ("repairs", "goal")
"""Kinds of move that are chosen together: each passes all walls, and need not be the best one by itself."""


@given(farms(), texts(), st.sampled_from(GOALS))
def test_what_is_explained_is_what_the_planner_decides(made: Farm, text: str, goal: str) -> None:
    play = Rounds(made, text + goal)
    play.state = suppose(play.state, made.gathering(), play.rules, play.interval, None)
    its = case(play)
    decision = decided(its)
    places = {vm.uuid: place for place, vm in enumerate(decision.observation.vms)}
    if decision.plan.moves:
        first = decision.plan.moves[0]
        agrees_on_move(first, explain_vm(its, places[first.uuid]))
    names = {vm.name: vm.uuid for vm in decision.observation.vms}
    for rejection in decision.plan.rejections if not decision.plan.moves else ():
        if rejection.rule == "pack":
            continue  # it was refused once others of its host had their places
        answers = explain_vm(its, places[names[rejection.vm]]).asked
        found = [each.stays if rejection.host is None else targets(each)[rejection.host].rejections for each in answers]
        assert any(each and each[0] == rejection for each in found), rejection


def agrees_on_move(move: Move, its: VmExplained) -> None:
    """The VM may leave, and the host where it goes is the best, or at least none that a wall bars."""
    asked = next((each for each in its.asked if (each.rule, each.line) == (move.rule, move.line)), None)
    if asked is None:
        assert "makes room: " in move.why
        return
    assert asked.stays == ()
    if asked.kind in SEARCHED:
        assert {each.reason for each in targets(asked)[move.target].rejections} <= USELESS
    else:
        assert (asked.targets[0].host, asked.targets[0].rank) == (move.target, 1)
