"""Groups of which one has moved."""

from balancer.core.model import Decision, Move, OrderState
from tests.farms import AT_ONCE, Rounds, farm, journey, moves, refused

TOGETHER = AT_ONCE.replace("70%", "95%") + 'keep vms named "app*" together\n'
TWO = "xen1: app1 1.8, app2 1.7 | xen2: | xen3:"


def begun(text: str = TWO, rules: str = TOGETHER, state: OrderState = OrderState.DONE) -> tuple[Rounds, Decision]:
    """The first VM of a group has been sent, with this outcome; and what the round had planned."""
    play = Rounds(farm(text), rules)
    decision = play.next()
    first = decision.plan.moves[0]
    if state is OrderState.DONE:
        play.farm.move(first.vm, first.target)
    play.order(first, state)
    return play, decision


def wave_one(decision: Decision) -> list[Move]:
    return [move for move in decision.plan.moves if move.wave == 1]


def test_what_was_begun_is_finished_and_not_pulled_back() -> None:
    play, _ = begun()
    told = play.next()
    assert moves(told) == ["app2: xen1 -> xen2"]
    (move,) = told.plan.moves
    assert (move.rule, move.line, move.reason) == ("keep", 6, "repair")
    assert move.why == 'follows app1 to xen2: keep vms named "app*" together (line 6), begun in round 1'


def test_all_belong_to_the_transit_that_was_decided_first_until_all_are_there() -> None:
    play, first = begun("xen1: app1 1.3, app2 1.2, app3 1.1 | xen2: | xen3:")
    for vm in ("app2", "app3"):
        told = play.next()
        assert [(move.vm, move.transit) for move in wave_one(told)] == [(vm, first.plan.moves[0].transit)]
        play.carry_out(told.plan.moves[0])
    assert moves(play.next()) == []


def test_while_the_first_is_under_way_the_others_follow_within_the_limits() -> None:
    play, _ = begun(state=OrderState.UNDER_WAY)
    told = play.next()
    assert [(move.vm, move.wave) for move in told.plan.moves] == [("app2", 2)]


def test_rest_and_no_return_do_not_hold_a_group_up() -> None:
    play, _ = begun(rules=TOGETHER + "rest vm 1 h, host 1 h, no return within 1 d\n")
    assert moves(play.next()) == ["app2: xen1 -> xen2"]


def test_a_freeze_holds_it_up_and_it_goes_on_afterwards() -> None:
    play, _ = begun("xen1: app1 1.8, app2 1.7 | xen2: | xen3: | xen4: | xen5:")
    assert play.next(silent=["xen3", "xen4"]).plan.frozen
    assert moves(play.next()) == ["app2: xen1 -> xen2"]


def test_a_silent_target_holds_it_up_and_nobody_else_takes_its_members() -> None:
    play, _ = begun("xen1: app1 1.8, app2 1.7, web1 0.4 | xen2: | xen3: | xen4: | xen5:")
    told = play.next(silent=["xen2"])
    assert (moves(told), "app2: in transit" in refused(told)) == ([], False)
    assert moves(play.next()) == ["app2: xen1 -> xen2"]


def test_no_other_step_takes_a_member_of_a_group_that_has_begun_to_move() -> None:
    play, _ = begun("xen1: app1 1.8, app2 1.7 | xen2: | xen3: | xen4: | xen5:", TOGETHER + 'drain host "xen1"\n')
    told = play.next(silent=["xen2"])
    assert (moves(told), refused(told)) == ([], ["app2: in transit"])


def test_a_failed_move_ends_it_and_the_group_gathers_where_more_memory_stands() -> None:
    play, _ = begun("xen1: app1 1.3, app2 1.2, app3 1.1 | xen2: | xen3:")
    move = play.next().plan.moves[0]
    play.order(move, OrderState.FAILED)
    told = play.next()
    assert moves(told) == ["app1: xen2 -> xen1"]
    assert told.plan.moves[0].why.startswith('keep vms named "app*" together is broken (app1 on xen2); 1 move mends it')


def test_a_first_move_that_failed_leaves_nothing_to_finish() -> None:
    play, _ = begun(state=OrderState.FAILED)
    play.farm.with_(app1={"cpu": 0.1}, app2={"cpu": 0.1})
    assert moves(play.next()) == []


def test_who_is_not_let_in_any_more_is_given_up_and_the_wall_mended_as_any_other() -> None:
    play, _ = begun("xen1: app1 1.3, app2 1.2, app3 1.1 | xen2: | xen3:")
    play.farm.with_(xen2={"maintenance": True})
    assert moves(play.next()) == ["app1: xen2 -> xen1"]


def test_a_group_whose_vm_somebody_else_took_elsewhere_is_not_chased() -> None:
    play, _ = begun("xen1: app1 1.3, app2 1.2, app3 1.1 | xen2: | xen3:")
    play.farm.move("app1", "xen3")
    assert moves(play.next()) == ["app1: xen3 -> xen1"]


def test_a_later_order_of_ours_for_one_of_them_ends_it() -> None:
    play, _ = begun("xen1: app1 1.3, app2 1.2, app3 1.1 | xen2: | xen3:")
    play.next()
    play.carry_out(journey("app1", "xen2", "xen1"))
    play.farm.with_(app1={"cpu": 0.1})
    assert moves(play.next()) == []


def test_without_the_keep_there_is_nothing_to_finish() -> None:
    play, _ = begun()
    play.rules = Rounds(play.farm, AT_ONCE).rules
    assert moves(play.next()) == []


def test_a_vm_that_is_gone_is_not_waited_for() -> None:
    play, _ = begun("xen1: app1 1.3, app2 1.2, app3 1.1 | xen2: | xen3:")
    del play.farm.vms["app2"]
    assert moves(play.next()) == ["app3: xen1 -> xen2"]


def test_between_its_moves_its_wall_does_not_count_as_broken() -> None:
    play, _ = begun()
    assert play.next().plan.broken == 0
    failed, _ = begun()
    failed.order(failed.next().plan.moves[0], OrderState.FAILED)
    assert failed.next().plan.broken == 1


def test_a_member_and_its_company_are_finished_as_well() -> None:
    play, first = begun(
        "xen1: app1 1.8, cache1 1.7 | xen2: | xen3:", TOGETHER.replace("together", 'with vms named "cache*"')
    )
    assert moves(first) == ["app1: xen1 -> xen2", "cache1: xen1 -> xen2"]
    assert moves(play.next()) == ["cache1: xen1 -> xen2"]
