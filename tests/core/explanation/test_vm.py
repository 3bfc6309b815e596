"""Why a VM moves, or why it stays; and that the answer is the planner's own."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from balancer.core.cycle import Case, decided, suppose
from balancer.core.explanation.vm import Asked, Target, VmExplained, explain_vm
from balancer.core.model import Decision, Drained, Move, OrderState
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


def test_each_candidate_is_told_with_the_figure_that_orders_them_and_none_is_called_the_best_but_by_its_rank() -> None:
    play = Rounds(farm("xen1: web1 2.4, web2 1.4 | xen2: a 0.2 | xen3: b 0.1"), AT_ONCE)
    assert [(only(explained(play, vm)).rank, only(explained(play, vm)).why) for vm in ("web1", "web2")] == [
        (1, "cpu 2.4, most first"), (2, "cpu 1.4, most first"),
    ]  # fmt: skip
    assert [(each.host, each.why) for each in only(explained(play, "web1")).targets] == [
        ("xen3", "cpu 2.5%, least first"), ("xen2", "cpu 5%, least first"),
    ]  # fmt: skip


def test_a_reason_that_stands_against_two_of_a_group_is_told_once() -> None:
    rules = 'keep vm "web1" with vm "web2"\n' + AT_ONCE
    play = Rounds(farm(HOT).with_(xen3={"maintenance": True}), rules)
    there = targets(only(explained(play, "web1")))["xen3"]
    assert [each.reason for each in there.rejections] == ["maintenance", "max load"]


def test_what_nobody_knows_is_not_said_to_gain_too_little() -> None:
    play = Rounds(farm("xen1: a 2, b 1 | xen2: c 1 | xen3: d 0.1"), "balance cpu within 5% by at most 2 moves\n")
    play.next()
    play.farm.add("xen3", "new", 1.0)
    its = explained(play, "a")
    assert [each.reason for each in targets(only(its))["xen3"].rejections] == ["unknown"]


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
        ("passthrough", None, None, None), ("rest", None, 330.0, 900.0), ('never move vm "web1"', 1, None, None),
    ]  # fmt: skip
    assert only(its).rank is None


def test_a_gate_of_the_rule_says_what_would_have_to_change() -> None:
    rule = AT_ONCE.replace("by most cpu\n", "by most cpu where memory < 512 MiB\n")
    its = explained(Rounds(farm(HOT), rule), "web1")
    assert only(its).needs == "memory 1 GiB would have to fall below 512 MiB"
    assert its.told == "stays: memory < 512 MiB: 1 GiB, limit 512 MiB (line 4)"


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


def test_a_vm_of_a_broken_wall_says_whether_its_move_would_mend_it() -> None:
    rules = 'keep vms named "web*" apart\nnever move vm "web1"\n'
    play = Rounds(farm("xen1: web1 1, web2 1 | xen2: web3 1 | xen3: web4 1 | xen4:"), rules)
    stuck, mover = explained(play, "web1"), explained(play, "web2")
    assert stuck.told == 'stays: never move vm "web1" (line 2)'
    broken = 'keep vms named "web*" apart is broken (web1, web2 on xen1)'
    assert [(each.kind, each.told) for each in stuck.asked] == [("repairs", broken)]
    assert mover.told.startswith(f"moves to xen4: {broken}; 1 move mends it; ")
    assert [(each.host, each.rank) for each in only(mover).targets] == [("xen4", 1), ("xen2", None), ("xen3", None)]


def test_a_move_that_breaks_nothing_may_still_mend_nothing() -> None:
    rules = 'keep vm "web1" with vm "db"\n'
    play = Rounds(farm("xen1: web1 1 | xen2: db 3.5 | xen3: c 0.1"), rules)
    its = targets(only(explained(play, "db")))
    assert [each.reason for each in its["xen3"].rejections] == ["mends nothing by itself"]
    assert its["xen1"].rejections[0].reason == "full"
    assert explained(play, "db").told == "stays: it finds no host: mends nothing by itself 1, full 1"


def test_who_has_to_go_along_is_told_by_which_wall() -> None:
    play = Rounds(farm(HOT), 'keep vm "web1" with vm "web2"\n' + AT_ONCE.replace("70%", "100%"))
    asked = only(explained(play, "web1"))
    assert (asked.along, asked.bonds) == (("web2",), ('keep vm "web1" with vm "web2" (line 1)',))
    assert (asked.rank, asked.targets[0].host) == (1, "xen3")
    held = Rounds(play.farm, 'never move vm "web2"\nkeep vm "web1" with vm "web2"\n' + AT_ONCE)
    stays = only(explained(held, "web1")).stays
    assert [(each.reason, each.value) for each in stays] == [('keep vm "web1" with vm "web2"', "web2")]


def test_costs_come_before_the_order_of_a_rule() -> None:
    costly = 'avoid moving vm "web1" cost 3\navoid moving vms to host "xen3"\n' + AT_ONCE
    play = Rounds(farm("xen1: web1 2.4, web2 1.4 | xen2: a 1.2 | xen3: b 0.1"), costly)
    its = explained(play, "web1")
    assert its.told == "stays: web2 goes first"
    assert (only(its).rank, only(its).before, only(its).cheaper) == (2, ("web2",), ("web2",))
    there = targets(only(explained(play, "web2")))
    assert [(each.rank, each.cost, each.despite) for each in (there["xen2"], there["xen3"])] == [
        (1, 0.0, ()), (2, 1.0, ('despite avoid moving vms to host "xen3" (costs 1)',)),
    ]  # fmt: skip


def test_a_preference_says_what_each_move_would_save() -> None:
    play = Rounds(farm("xen1: web1 1, db 1 | xen2: | xen3:"), 'prefer vm "web1" on host "xen2" cost 2\n')
    its = explained(play, "web1")
    assert its.told.startswith(
        'moves to xen2: prefer vm "web1" on host "xen2" cost 2 is not so; this lowers the cost by 2'
    )
    there = targets(only(its))
    assert (there["xen2"].rank, there["xen2"].cost) == (1, -2.0)
    assert [each.reason for each in there["xen3"].rejections] == ["lowers no cost"]


def test_a_goal_says_what_a_move_would_gain_or_that_it_gains_too_little() -> None:
    play = Rounds(farm("xen1: a 1, b 1, d 0.01 | xen2: | xen3: c 1"), "balance cpu within 10% by at most 1 moves\n")
    assert [each.why for each in only(explained(play, "a")).targets] == ["comes 30.3% nearer", "comes 0.25% nearer"]
    its = explained(play, "d")
    told = "xen1 cpu 50.2% is 25.2% above the farm's mean 25.1%, wanted is 10%"
    assert (only(its).told, only(its).wants) == (told, True)
    assert {each.rejections[0].reason for each in only(its).targets} == {"gains too little"}
    assert its.told == "stays: it finds no host: gains too little 2"


def test_a_vm_that_is_moved_for_another_says_so() -> None:
    play = Rounds(farm("xen1: web1 1, web2 1 | xen2: | xen3:"), 'keep vms named "web*" apart\n')
    told = {vm: explained(play, vm).told for vm in ("web1", "web2")}
    broken = 'keep vms named "web*" apart is broken (web1, web2 on xen1)'
    assert told["web1"].startswith(f"moves to xen2: {broken}")
    assert told["web2"] == f"stays: {broken}, and web1 moves for that"


def test_each_broken_host_names_its_own_mover() -> None:
    hosts = "xen1: web1 1, web2 1 | xen2: web3 1, web4 1 | xen3: | xen4:"
    play = Rounds(farm(hosts), 'keep vms named "web*" apart\n')
    broken = 'keep vms named "web*" apart is broken'
    told = {vm: explained(play, vm).told for vm in ("web2", "web4")}
    assert told == {
        "web2": f"stays: {broken} (web1, web2 on xen1), and web1 moves for that",
        "web4": f"stays: {broken} (web3, web4 on xen2), and web3 moves for that",
    }


def test_of_a_group_that_moves_the_one_that_is_against_the_wall_is_named() -> None:
    rules = 'keep vms named "db*" apart\nkeep vm "app1" with vm "db2"\n'
    play = Rounds(farm("xen1: app1 0.1, db1 1, db2 0.5 | xen2: db3 1, db4 1 | xen3: | xen4:"), rules)
    play.farm.with_(db1={"passthrough": True}, db4={"memory": 512.0})
    broken = 'keep vms named "db*" apart is broken (db1, db2 on xen1)'
    its = case(play)
    assert [move.vm for move in decided(its).plan.moves] == ["db4", "db2", "app1"]
    along = explained(play, "app1")
    assert next(each.told for each in along.asked if each.kind == "repairs") == broken
    assert explained(play, "db3").told == (
        'stays: keep vms named "db*" apart is broken (db3, db4 on xen2), and db4 moves for that'
    )


def test_what_waits_for_its_window_says_so() -> None:
    play = Rounds(farm("xen1: web1 1, web2 1 | xen2:"), "window mon 00:00-00:01 Europe/Paris\nkeep vms apart\n")
    told = explained(play, "web1").told
    assert told.startswith("stays: keep vms apart is broken (web1, web2 on xen1), and moves wait for mon 00:00-00:01")


def test_who_does_not_wait_for_a_window_is_told_before_who_does() -> None:
    text = 'window mon 00:00-00:01 Europe/Paris except drains\nkeep vms apart\ndrain host "xen1"\n'
    full = farm("xen1: web1 1, web2 1 | xen2:").with_(xen2={"memory": 512.0})
    assert explained(Rounds(full, text), "web1").told == "stays: it finds no host: memory 1"


GOALS = (
    "",
    "balance cpu within 10% by at most 3 moves\n",
    "pack onto fewest hosts where after.cpu < 70% by at most 3 moves\n",
)
SEARCHED = ("repairs", "goal")
"""Kinds of move that are chosen together: each passes all walls, and need not be the best one by itself."""
USELESS = frozenset({"mends nothing by itself", "lowers no cost", "gains too little"})
"""What is said against a move that no wall bars, where by itself it does nothing for whoever asks."""


def test_a_vm_that_moves_is_told_as_the_plan_stood_when_it_came_to_it() -> None:
    play = Rounds(farm("xen1: web1 2.4, web2 1.4 | xen2: b 2.3, c 1.5 | xen3: | xen4: d 0.1"), AT_ONCE)
    first, second = explained(play, "web1"), explained(play, "b")
    assert (first.earlier, targets(only(first))["xen3"].rank) == ((), 1)
    assert [(move.vm, move.target) for move in second.earlier] == [("web1", "xen3")]
    assert [(each.host, each.rank) for each in only(second).targets] == [("xen4", 1), ("xen1", None), ("xen3", None)]
    assert second.told.startswith("moves to xen4: ")


def test_who_goes_along_is_told_as_the_plan_stood_before_its_group() -> None:
    rules = 'keep vm "web1" with vm "web2"\n' + AT_ONCE.replace("70%", "100%")
    assert explained(Rounds(farm(HOT), rules), "web2").earlier == ()


def test_a_vm_for_which_earlier_moves_left_no_room_says_what_was_against_it_then() -> None:
    rules = 'drain host "xen1"\n'
    play = Rounds(farm("xen1: a 1, b 1 | xen2: | xen3: c 3.5").with_(xen2={"memory": 1024.0}), rules)
    its = explained(play, "b")
    assert only(its).targets[0].rank == 1
    assert its.told == "stays: after earlier moves of this round it finds no host: full, memory"


def test_a_vm_that_its_hosts_others_leave_no_room_keeps_the_host_from_being_packed() -> None:
    play = Rounds(farm("xen1: a 1, b 1 | xen2: c 1, d 0.3, e 0.2"), GOALS[2])
    its = explained(play, "b")
    assert its.told == "stays: once others of its host have moved it finds no host: after.cpu < 70% (line 1)"


@given(farms(), texts(), st.sampled_from(GOALS), st.integers(0, 7))
def test_what_is_explained_is_what_the_planner_decides(made: Farm, text: str, goal: str, which: int) -> None:
    play = Rounds(made, text + goal)
    play.state = suppose(play.state, made.gathering(), play.rules, play.interval, None)
    its = case(play)
    decision = decided(its)
    places = {vm.uuid: place for place, vm in enumerate(decision.observation.vms)}
    if decision.plan.moves:
        move = decision.plan.moves[which % len(decision.plan.moves)]
        agrees_on_move(move, explain_vm(its, places[move.uuid]))
    else:
        agrees_on_rejections(its, decision)


def agrees_on_rejections(its: Case, decision: Decision) -> None:
    """Where nothing is planned, each refusal is the first of somebody's; those of searches follow moves in thought."""
    refused = [each for each in decision.plan.rejections if each.rule not in {"keep", "reserve", "pack"}]
    names = [vm.name for vm in decision.observation.vms]
    answers = {name: explain_vm(its, names.index(name)).asked for name in {each.vm for each in refused}}
    for rejection in refused:
        found = [
            each.stays if rejection.host is None else targets(each)[rejection.host].rejections
            for each in answers[rejection.vm]
        ]
        assert any(each and each[0] == rejection for each in found), rejection


def agrees_on_move(move: Move, its: VmExplained) -> None:
    """The VM may leave, and the host where it goes is the best, or at least none that a wall bars.

    Who goes along is asked for itself, and goes where the one goes that was chosen.
    """
    if move.transit is not None and move.uuid != move.transit.vms[0]:
        assert its.told.split(": ")[1].startswith(("goes along with ", "follows "))
        return
    asked = next((each for each in its.asked if (each.rule, each.line) == (move.rule, move.line)), None)
    if asked is None:
        assert "makes room: " in move.why
        return
    assert asked.stays == ()
    if asked.kind in SEARCHED:
        assert {each.reason for each in targets(asked)[move.target].rejections} <= USELESS
    else:
        assert (asked.targets[0].host, asked.targets[0].rank) == (move.target, 1)
