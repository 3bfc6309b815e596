"""From a plan to orders, over ports that do as they are told."""

from dataclasses import replace

import pytest

from balancer.core.cycle import with_order
from balancer.core.model import Move, Observation, Order, OrderState, Plan, Spread, State, Streak
from balancer.core.observation import observe
from balancer.execution import exceeded, located
from dsl.ruleset import DEFAULT_CAPS
from tests.farms import Farm, farm, journey, rules
from tests.scripted import Stage

EVEN = Spread(0.0, 0.0, 0.0, 0.0)
FOUR = "xen1: a 1 | xen2: b 1 | xen3: c 1 | xen4: | xen5: | xen6:"


def plan(*moves: Move) -> Plan:
    return Plan(3, 1.0, None, moves, (), {}, EVEN, EVEN, "moves")


def stage(text: str = "") -> Stage:
    return Stage(farm(FOUR), text)


def order(state: OrderState = OrderState.UNDER_WAY, *, started: float = 0.0, vm: str = "a") -> Order:
    return Order(f"t-7-1-{vm}", 7, 1, journey(vm, "xen1", "xen4"), state, started)


def seen(made: Farm, *, silent: tuple[str, ...] = ()) -> Observation:
    return observe(State(), made.gathering(silent), 0.0).observation


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
    (failed,) = play.execution.start(plan(journey("a", "xen1", "xen4")), State(round=3), rules("")).orders
    assert (failed.state, failed.detail, failed.ended) == (OrderState.FAILED, "Connection refused", 0.0)
    assert play.calls[-1] == "failed a (Connection refused)"


@pytest.mark.parametrize("how", ["no answer", "no fabric"])
def test_an_order_that_nobody_answers_is_in_doubt(how: str) -> None:
    play = stage()
    play.farm.answers["a"] = "unknown"
    play.farm.lost = "the broker is gone" if how == "no fabric" else None
    (doubtful,) = play.execution.start(plan(journey("a", "xen1", "xen4")), State(round=3), rules("")).orders
    assert (doubtful.state, doubtful.ended) == (OrderState.IN_DOUBT, None)
    assert play.calls[:2] == ["intent a", "migrate a"]


def test_only_the_first_wave_starts() -> None:
    play = stage()
    moves = (journey("a", "xen1", "xen4"), replace(journey("b", "xen2", "xen4"), wave=2))
    play.execution.start(plan(*moves), State(round=3), rules(""))
    assert "migrate b" not in play.calls


def test_a_pause_is_looked_at_just_before_each_order() -> None:
    play = stage()
    moves = plan(journey("a", "xen1", "xen4"), journey("b", "xen2", "xen5"))

    def pause() -> None:
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
    ],
)
def test_a_period_counts_what_was_started_in_it_whatever_became_of_it(
    limit: str, within: float, past: float, words: str
) -> None:
    state, move = with_order(State(), order(OrderState.FAILED)), journey("b", "xen4", "xen5")
    assert exceeded(move, state, rules(f"limit {limit}").caps, within) == words
    assert exceeded(move, state, rules(f"limit {limit}").caps, past) is None


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


# -- follow -----------------------------------------------------------------------------------------------------------


def follow(play: Stage, one: Order, observation: Observation | None = None) -> Order:
    """The order after its agents were asked and, where there is an observation, after a round's reports."""
    state = play.execution.follow(with_order(State(), one))
    (after,) = (play.execution.reconcile(state, observation) if observation else state).orders
    return after


def test_without_open_orders_nobody_is_asked() -> None:
    play = stage()
    state = with_order(State(), replace(order(OrderState.DONE), ended=0.0))
    assert play.execution.follow(state) is state
    assert play.calls == []


@pytest.mark.parametrize("before", [OrderState.INTENT, OrderState.UNDER_WAY, OrderState.IN_DOUBT])
@pytest.mark.parametrize("told", ["done", "failed"])
def test_an_end_that_an_agent_tells_is_the_end(before: OrderState, told: str) -> None:
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
    assert play.calls == ["progress a"]


def test_a_move_that_takes_too_long_is_in_doubt() -> None:
    play = stage()
    play.farm.answers["a"] = "under way"
    play.clock.wait_until(300.0)
    assert follow(play, order()).state is OrderState.UNDER_WAY
    play.clock.wait_until(301.0)
    after = follow(play, order())
    assert (after.state, after.detail) == (OrderState.IN_DOUBT, "no end after 300 s")


def test_an_agent_that_says_it_knows_nothing_of_the_order_leaves_it_in_doubt() -> None:
    play = stage()
    play.farm.answers["a"] = "unknown"
    assert follow(play, order()).state is OrderState.IN_DOUBT


@pytest.mark.parametrize("lost", [None, "the broker is gone"])
def test_an_unanswered_question_is_no_answer_until_the_order_is_overdue(lost: str | None) -> None:
    play = stage()
    play.farm.lost = lost
    assert follow(play, order()) == order()
    play.clock.wait_until(301.0)
    assert follow(play, order()).state is OrderState.IN_DOUBT


def test_an_order_in_doubt_that_an_agent_knows_after_all_is_under_way_again() -> None:
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


# -- what reports tell ------------------------------------------------------------------------------------------------


def placed(*hosts: str) -> Farm:
    made = farm(FOUR)
    del made.vms["a"]
    for number, host in enumerate(hosts):
        made.add(host, f"a{number}", 1.0)
        made.vms[f"a{number}"].uuid = "uuid-a"
    return made


@pytest.mark.parametrize(
    ("at", "silent", "overdue", "state"),
    [
        (("xen4",), (), False, "done"),
        (("xen4",), (), True, "done"),
        (("xen1",), (), False, None),
        (("xen1",), (), True, "failed"),
        (("xen1", "xen4"), (), True, None),
        (("xen2",), (), True, None),
        ((), (), False, None),
        ((), (), True, "failed"),
        (("xen4",), ("xen1",), True, None),
        (("xen1",), ("xen4",), True, None),
    ],
)
def test_reports_of_both_hosts_tell_where_a_vm_is(
    at: tuple[str, ...], silent: tuple[str, ...], state: str | None, *, overdue: bool
) -> None:
    told = located(order(), seen(placed(*at), silent=silent), lost=overdue)
    assert (told and told.state) == state


@pytest.mark.parametrize("before", [OrderState.INTENT, OrderState.UNDER_WAY, OrderState.IN_DOUBT])
def test_an_order_of_which_no_agent_knows_is_settled_by_the_reports_of_both_hosts(before: OrderState) -> None:
    after = follow(stage(), order(before), seen(placed("xen4")))
    assert (after.state, after.detail) == (OrderState.DONE, "seen at the target alone")


def test_an_agents_own_word_goes_before_the_reports() -> None:
    play = stage()
    play.farm.answers["a"] = "under way"
    assert follow(play, order(), seen(placed("xen4"))).state is OrderState.UNDER_WAY


def test_what_is_in_doubt_and_seen_at_the_target_alone_is_done_whatever_an_agent_still_says() -> None:
    play = stage()
    play.farm.answers["a"] = "under way"
    play.clock.wait_until(1000.0)
    assert follow(play, order(OrderState.IN_DOUBT), seen(placed("xen4"))).state is OrderState.DONE


def test_a_vm_that_no_host_shows_ends_its_order_once_nobody_knows_of_it_any_more() -> None:
    play = stage()
    play.clock.wait_until(1000.0)
    after = follow(play, order(OrderState.IN_DOUBT), seen(placed()))
    assert (after.state, after.detail) == (OrderState.FAILED, "both hosts answer, and no host shows it")


def test_a_doubt_that_nobody_can_settle_remains() -> None:
    play = stage()
    play.clock.wait_until(1000.0)
    assert follow(play, order(OrderState.IN_DOUBT), seen(placed("xen1", "xen4"))).state is OrderState.IN_DOUBT
    assert follow(play, order(OrderState.IN_DOUBT)).state is OrderState.IN_DOUBT


def test_a_real_order_stays_real_in_a_daemon_that_only_rehearses_since() -> None:
    play = stage()
    play.farm.answers["a"] = "done"
    assert follow(play, replace(order(), mode="active")).mode == "active"
