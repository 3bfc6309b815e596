"""Random farms under random rule files of the whole language, before the judge that knows no wall of the planner's."""

from copy import deepcopy

from hypothesis import assume, given, settings

from balancer.adapters.trials.calendar import is_open
from balancer.core.trials.judge import judge_walls
from balancer.core.trials.record import Record
from balancer.execution import exceeded
from tests.farms import Farm, Rounds
from tests.rulefiles import farms, files, may_be_run, told


@settings(max_examples=60)
@given(farms(), files())
def test_no_plan_breaks_a_promise_at_any_step_and_nothing_begins_against_one(made: Farm, file: tuple[str, ...]) -> None:
    text = told(file)
    assume(may_be_run(text))
    play, decisions, orders = Rounds(deepcopy(made), text), [], []
    for _ in range(6):
        decisions.append(play.next())
        for move in decisions[-1].plan.moves:
            if move.wave == 1 and exceeded(move, play.state, play.rules.caps, play.farm.time) is None:
                play.carry_out(move)
                orders.append(next(order for order in play.state.orders if order.move == move))
    where = tuple((vm.name, vm.host) for vm in play.farm.vms.values())
    assert judge_walls(play.rules, Record(tuple(decisions), tuple(orders), placement=where), is_open) == []
