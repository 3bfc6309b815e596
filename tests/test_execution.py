"""From a plan to orders, over ports that do as they are told."""

from dataclasses import replace

import pytest

from balancer.core.cycle import with_order
from balancer.core.model import Gathering, Move, Order, OrderState, Plan, Spread, State, Streak
from balancer.execution import Execution, exceeded
from dsl.ruleset import DEFAULT_CAPS
from tests.farms import alive, farm, journey, rules
from tests.scripted import SETTINGS, Stage

EVEN = Spread(0.0, 0.0, 0.0, 0.0)
FOUR = "xen1: a 1 | xen2: b 1 | xen3: c 1 | xen4: | xen5: | xen6:"


def plan(*moves: Move) -> Plan:
    return Plan(3, 1.0, None, moves, (), {}, EVEN, EVEN, "moves")


def stage(text: str = "") -> Stage:
    return Stage(farm(FOUR), text)


def order(state: OrderState = OrderState.UNDER_WAY, *, started: float = 0.0, vm: str = "a") -> Order:
    return Order(f"t-7-1-{vm}", 7, 1, journey(vm, "xen1", "xen4"), state, started, limit=300.0)


# -- start ------------------------------------------------------------------------------------------------------------


def test_an_order_is_durable_before_it_is_sent() -> None:
    play = stage()
    state = play.execution.start(plan(journey("a", "xen1", "xen4")), State(round=3), rules(""))
    assert play.calls == ["intent a", "migrate a", "under way a"]
    assert [(each.id, each.epoch, each.round, each.state) for each in state.orders] == [
        ("t-7-3-1", 7, 3, OrderState.UNDER_WAY)
    ]


def test_what_cannot_be_written_down_is_not_ordered_and_that_is_said() -> None:
    play = stage()
    play.journal.refuses = ("intent",)
    state = play.execution.start(plan(journey("a", "xen1", "xen4")), State(round=3), rules(""))
    assert (play.calls, state.orders) == (["held a: disk full"], ())


def test_a_journal_that_takes_nothing_at_all_still_stops_nothing_but_orders() -> None:
    play = stage()
    play.journal.refuses = ("",)
    assert play.execution.start(plan(journey("a", "xen1", "xen4")), State(round=3), rules("")).orders == ()
    assert play.calls == []


def test_a_journal_that_fails_after_the_intent_leaves_an_intent_that_is_asked_after() -> None:
    play = stage()
    play.journal.refuses = ("under way",)
    state = play.execution.start(plan(journey("a", "xen1", "xen4")), State(round=3), rules(""))
    assert [each.state for each in state.orders] == [OrderState.INTENT]
    play.journal.refuses = ()
    play.farm.answers["a"] = "under way"
    assert [each.state for each in play.execution.follow(state).orders] == [OrderState.UNDER_WAY]


def test_an_order_that_is_refused_has_failed_with_its_reason() -> None:
    play = stage()
    play.farm.answers["a"] = "failed"
    state = play.execution.start(plan(journey("a", "xen1", "xen4")), State(round=3), rules(""))
    (failed,) = state.orders
    assert (failed.state, failed.detail, failed.ended) == (OrderState.FAILED, "Connection refused", 0.0)
    assert play.calls[-1] == "failed a (Connection refused)"
    assert failed.never_begun, "so that it is held against nobody"
    assert [(each.uuid, each.target, each.reason) for each in state.refusals] == [
        ("uuid-a", None, "Connection refused")
    ]


@pytest.mark.parametrize("how", ["no answer", "no fabric"])
def test_an_order_that_nobody_answers_is_in_doubt(how: str) -> None:
    play = stage()
    play.farm.answers["a"] = "unknown"

    def lose() -> None:
        play.farm.lost = "the broker is gone" if how == "no fabric" and play.calls else None

    play.farm.meanwhile = lose
    (doubtful,) = play.execution.start(plan(journey("a", "xen1", "xen4")), State(round=3), rules("")).orders
    assert (doubtful.state, doubtful.ended) == (OrderState.IN_DOUBT, None)
    assert play.calls[:2] == ["intent a", "migrate a"]


def test_a_target_that_cannot_be_asked_is_against_it() -> None:
    play = stage()
    play.farm.lost = "the broker is gone"
    state = play.execution.start(plan(journey("a", "xen1", "xen4")), State(round=3), rules(""))
    assert play.calls == ["held a: the broker is gone"]
    assert (state.orders, state.refusals) == ((), ()), "nobody has refused anything"


def test_only_the_first_wave_starts() -> None:
    play = stage()
    moves = (journey("a", "xen1", "xen4"), replace(journey("b", "xen2", "xen4"), wave=2))
    play.execution.start(plan(*moves), State(round=3), rules(""))
    assert "migrate b" not in play.calls


def test_a_pause_is_looked_at_just_before_each_order() -> None:
    play = stage()
    moves = plan(journey("a", "xen1", "xen4"), journey("b", "xen2", "xen5"))

    def pause() -> None:
        if play.calls:
            play.controls.pause = "paused by root: looking"

    play.farm.meanwhile = pause
    play.execution.start(moves, State(round=3), rules(""))
    assert play.calls == ["intent a", "migrate a", "under way a", "held b: paused by root: looking"]


def test_each_order_of_a_round_has_its_own_name() -> None:
    play = stage()
    moves = plan(journey("a", "xen1", "xen4"), journey("b", "xen2", "xen5"))
    state = play.execution.start(moves, State(round=3), rules(""))
    assert [each.id for each in state.orders] == ["t-7-3-1", "t-7-3-2"]


# -- limits -----------------------------------------------------------------------------------------------------------


def test_two_at_once_and_one_per_host_at_either_end() -> None:
    state = with_order(State(), order())
    assert exceeded(journey("b", "xen2", "xen5"), state, DEFAULT_CAPS, 0.0) is None
    assert exceeded(journey("b", "xen1", "xen5"), state, DEFAULT_CAPS, 0.0) == "limit 1 at once per host: 1 already"
    assert exceeded(journey("b", "xen5", "xen4"), state, DEFAULT_CAPS, 0.0) == "limit 1 at once per host: 1 already"
    two = with_order(state, replace(order(vm="b"), move=journey("b", "xen2", "xen5")))
    assert exceeded(journey("c", "xen3", "xen6"), two, DEFAULT_CAPS, 0.0) == "limit 2 at once: 2 already"


@pytest.mark.parametrize("state", list(OrderState))
def test_at_once_counts_what_is_open(state: OrderState) -> None:
    held = exceeded(journey("b", "xen2", "xen5"), with_order(State(), order(state)), rules("limit 1 at once").caps, 0.0)
    assert (held is None) is (state in {OrderState.DONE, OrderState.FAILED})


@pytest.mark.parametrize(
    ("limit", "within", "past", "words"),
    [
        ("1 per hour", 3599.0, 3600.0, "limit 1 per hour: 1 already"),
        ("1 per day", 86399.0, 86400.0, "limit 1 per day: 1 already"),
        ("1 per hour per host", 3599.0, 3600.0, "limit 1 per hour per host: 1 already"),
        ("1 per day per host", 86399.0, 86400.0, "limit 1 per day per host: 1 already"),
        ("1 per day per rack", 86399.0, 86400.0, "limit 1 per day per rack: 1 already"),
    ],
)
def test_a_period_counts_what_was_started_in_it_whatever_became_of_it(
    limit: str, within: float, past: float, words: str
) -> None:
    begun = replace(order(OrderState.FAILED), move=in_racks(journey("a", "xen1", "xen4"), "a", "b"))
    state, move = with_order(State(), begun), in_racks(journey("b", "xen4", "xen5"), "b", "c")
    assert exceeded(move, state, rules(f"limit {limit}").caps, within) == words
    assert exceeded(move, state, rules(f"limit {limit}").caps, past) is None


def in_racks(move: Move, source: str, target: str) -> Move:
    return replace(move, leaves=(f"rack:{source}",), enters=(f"rack:{target}",))


def test_per_tag_key_counts_what_begins_or_ends_in_the_same_domain_once() -> None:
    state = with_order(State(), replace(order(), move=in_racks(journey("a", "xen1", "xen4"), "a", "a")))
    caps, words = rules("limit 2 per rack").caps, "limit 2 at once per rack: 2 already"
    assert exceeded(in_racks(journey("b", "xen2", "xen5"), "a", "b"), state, caps, 0.0) is None
    two = with_order(state, replace(order(vm="c"), move=in_racks(journey("c", "xen3", "xen6"), "c", "a")))
    assert exceeded(in_racks(journey("b", "xen2", "xen5"), "a", "b"), two, caps, 0.0) == words
    assert exceeded(in_racks(journey("b", "xen2", "xen5"), "b", "a"), two, caps, 0.0) == words
    assert exceeded(in_racks(journey("b", "xen2", "xen5"), "b", "c"), two, caps, 0.0) is None
    assert exceeded(journey("b", "xen2", "xen5"), two, caps, 0.0) is None, "neither host is in a rack"


def test_per_round_counts_the_orders_of_this_round() -> None:
    state = with_order(State(round=1), order(OrderState.DONE))
    caps = rules("limit 1 per round").caps
    assert exceeded(journey("b", "xen2", "xen5"), state, caps, 0.0) == "limit 1 per round: 1 already"
    assert exceeded(journey("b", "xen2", "xen5"), replace(state, round=2), caps, 0.0) is None


def test_a_move_that_a_limit_holds_is_told_and_not_ordered() -> None:
    play = stage()
    moves = plan(journey("a", "xen1", "xen4"), journey("b", "xen2", "xen5"))
    play.execution.start(moves, State(round=3), rules("limit 1 per hour"))
    assert play.calls[-1] == "held b: limit 1 per hour: 1 already"
    assert "migrate b" not in play.calls


# -- before it starts --------------------------------------------------------------------------------------------------


def test_what_the_target_has_against_it_is_told_remembered_and_nothing_is_written_or_sent() -> None:
    play = stage()
    play.farm.against["a"] = "xen4: no bridge xenbr7"
    state = play.execution.start(plan(journey("a", "xen1", "xen4")), State(round=3), rules(""))
    assert play.calls == ["held a: xen4: no bridge xenbr7"]
    assert [(each.uuid, each.target, each.reason) for each in state.refusals] == [
        ("uuid-a", "xen4", "xen4: no bridge xenbr7")
    ]


def test_a_pause_that_came_while_the_target_was_asked_holds_the_order() -> None:
    play = stage()

    def pause() -> None:
        play.controls.pause = "paused by root: now"

    play.farm.meanwhile = pause
    assert play.execution.start(plan(journey("a", "xen1", "xen4")), State(round=3), rules("")).orders == ()
    assert play.calls == ["held a: paused by root: now"]


def test_a_balancer_that_has_just_started_moves_nothing_for_two_rounds_in_which_enough_reported() -> None:
    play = stage()
    play.execution = Execution(play.ports, replace(SETTINGS, warm_up=2))
    moves = plan(journey("a", "xen1", "xen4"))
    for each in (moves, replace(moves, frozen="no host reported", moves=()), moves, moves):
        play.execution.start(each, State(round=3), rules(""))
    assert play.calls == [
        "held a: this balancer has just started: 1 of 2 rounds without moves",
        "held a: this balancer has just started: 2 of 2 rounds without moves",
        "intent a", "migrate a", "under way a",
    ]  # fmt: skip


def test_how_long_a_move_should_take_is_written_down_with_it_and_so_is_how_long_it_took() -> None:
    play = stage()
    play.execution = Execution(play.ports, replace(SETTINGS, bandwidth=64.0, grace=100.0))
    state = play.execution.start(plan(journey("a", "xen1", "xen4")), State(round=3), rules(""))
    assert [(each.predicted, each.limit, each.seconds) for each in state.orders] == [(16.0, 196.0, None)]
    play.clock.wait_until(12.0)
    play.farm.answers["a"] = "done"
    assert [each.seconds for each in play.execution.follow(state).orders] == [12.0]


# -- follow -----------------------------------------------------------------------------------------------------------


def follow(play: Stage, one: Order) -> Order:
    """The order after its hosts were looked at."""
    (after,) = play.execution.follow(with_order(State(), one)).orders
    return after


def test_without_open_orders_nobody_is_asked() -> None:
    play = stage()
    state = with_order(State(), replace(order(OrderState.DONE), ended=0.0))
    assert play.execution.follow(state) is state
    assert play.calls == []


@pytest.mark.parametrize("before", [OrderState.INTENT, OrderState.UNDER_WAY, OrderState.IN_DOUBT])
@pytest.mark.parametrize("told", ["done", "failed"])
def test_an_end_that_both_hosts_show_is_the_end(before: OrderState, told: str) -> None:
    play = stage()
    play.clock.wait_until(20.0)
    play.farm.answers["a"] = told
    after = follow(play, order(before))
    assert (after.state, after.ended) == (told, 20.0)


def test_the_end_of_a_move_sets_its_sources_streaks_to_0() -> None:
    play = stage()
    play.farm.answers["a"] = "done"
    state = State(streaks=tuple(Streak("r", "c", host, "boot", 2, 0.0, 30.0) for host in ("xen1", "xen4")))
    after = play.execution.follow(with_order(state, order()))
    assert [each.host for each in after.streaks] == ["xen4"]


def test_what_goes_on_as_before_is_not_written_down_again() -> None:
    play = stage()
    play.farm.answers["a"] = "under way"
    assert follow(play, order()) == order()
    assert play.calls == ["look a"]


def test_hosts_that_do_not_answer_leave_an_order_as_it_is_until_it_is_overdue() -> None:
    play = stage()
    assert follow(play, order()) == order()
    play.clock.wait_until(301.0)
    after = follow(play, order())
    assert (after.state, after.detail) == (
        OrderState.IN_DOUBT, "no end after 300 s; xen1 and xen4 did not answer; ask there where a is",
    )  # fmt: skip


def test_a_broker_that_is_gone_is_no_answer_either() -> None:
    play = stage()
    play.farm.lost = "the broker is gone"
    assert follow(play, order()) == order()
    play.clock.wait_until(301.0)
    assert follow(play, order()).state is OrderState.IN_DOUBT


def test_an_order_in_doubt_that_its_source_carries_out_after_all_is_under_way_again() -> None:
    play = stage()
    play.farm.answers["a"] = "under way"
    assert follow(play, order(OrderState.IN_DOUBT)).state is OrderState.UNDER_WAY


def test_a_change_that_cannot_be_written_down_is_asked_for_again() -> None:
    play = stage()
    play.farm.answers["a"] = "done"
    play.journal.refuses = ("done",)
    assert follow(play, order()) == order()
    play.journal.refuses = ()
    assert follow(play, order()).state is OrderState.DONE


def test_a_real_order_stays_real_in_a_daemon_that_only_rehearses_since() -> None:
    play = stage()
    play.farm.answers["a"] = "done"
    assert follow(play, replace(order(), mode="active")).mode == "active"


def test_a_vm_that_has_arrived_paused_is_let_run_by_its_target() -> None:
    play = stage()
    play.farm.answers["a"] = "done"
    play.farm.farm.vms["a"].state = "paused"
    assert follow(play, replace(order(), hands_over=True, epoch=6)).state is OrderState.UNDER_WAY
    assert play.calls == ["look a", "take over a at 7"], "whose order it was does not count any more"
    play.farm.farm.vms["a"].state = "running"
    assert follow(play, replace(order(), hands_over=True)).state is OrderState.DONE


def test_an_operators_word_ends_an_order_that_is_open_and_no_other() -> None:
    play = stage()
    play.controls.said = {"t-7-1-a": ("failed", "root"), "t-7-1-b": ("done", "root")}
    after = follow(play, order(OrderState.IN_DOUBT))
    assert (after.state, after.detail) == (OrderState.FAILED, "root said so")


# -- by a round's reports ----------------------------------------------------------------------------------------------


def test_a_vm_that_a_round_shows_at_a_third_host_was_moved_by_somebody_else() -> None:
    play, made = stage(), farm(FOUR)
    made.move("a", "xen3")
    gathering = made.gathering()
    fed = replace(gathering, reports=tuple(alive(report) for report in gathering.reports))
    (after,) = play.execution.reconcile(with_order(State(), order()), fed).orders
    assert (after.state, after.detail) == (
        OrderState.FAILED, "it runs on xen3: somebody else moved it, or the address of xen4 leads there",
    )  # fmt: skip


# -- when it goes wrong again and again --------------------------------------------------------------------------------


def failed(vm: str, source: str, target: str, ended: float) -> Order:
    made = Order(f"t-7-1-{vm}", 7, 1, journey(vm, source, target), OrderState.FAILED, 0.0, ended, "no route")
    return replace(made, id=f"{made.id}-{ended:g}")


def test_three_failures_within_an_hour_stop_everything_until_an_operator_resumes() -> None:
    play, state = stage(), State()
    for one in (failed("a", "xen1", "xen4", 10.0), failed("b", "xen2", "xen5", 3000.0)):
        state = with_order(state, one)
    play.clock.wait_until(3300.0)
    play.farm.answers["c"] = "failed"
    third = Order("t-7-9-1", 7, 9, journey("c", "xen3", "xen6"), OrderState.UNDER_WAY, 3200.0)
    state = play.execution.follow(with_order(state, third))
    assert play.calls[-1].startswith("halt: 3 moves failed within an hour, the last c to xen6: Connection refused")
    assert play.execution.start(plan(journey("a", "xen1", "xen5")), state, rules("")).orders == state.orders
    play.controls.pause, play.controls.again = None, 3301.0
    after = play.execution.start(plan(journey("a", "xen1", "xen5")), play.execution.reconcile(
        state, Gathering((), ())), rules(""))  # fmt: skip
    assert play.calls[-1] == "under way a"
    assert after.resumed == 3301.0


def test_two_failures_in_an_hour_and_one_before_stop_nothing() -> None:
    play, state = stage(), State()
    for one in (failed("a", "xen1", "xen4", 10.0), failed("b", "xen2", "xen5", 3000.0)):
        state = with_order(state, one)
    play.clock.wait_until(3700.0)
    play.farm.answers["c"] = "failed"
    third = Order("t-7-9-1", 7, 9, journey("c", "xen3", "xen6"), OrderState.UNDER_WAY, 3600.0)
    play.execution.follow(with_order(state, third))
    assert "halt" not in " ".join(play.calls)
