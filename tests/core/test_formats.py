import json
import math
from dataclasses import replace

import pytest

from balancer.core.formats import (
    figure,
    plan_document,
    printable,
    returned,
    round_document,
    status_document,
    summary_document,
)
from balancer.core.model import Discovered, Order, OrderState, Rejection, Spread
from tests.adapters.samples import decision, host, move, order, streak, vm


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.1 + 0.2, 0.3), (1 / 3, 0.3333), (-0.00001, 0.0), (math.nan, None), (math.inf, None), (None, None), (7, 7.0)],
)
def test_a_figure_is_rounded_and_never_unreadable(value: float | None, shown: float | None) -> None:
    assert json.dumps(figure(value)) == json.dumps(shown)


def test_text_from_a_report_cannot_command_a_terminal() -> None:
    assert printable("web1\x1b[2J\nround 1 é") == "web1\\x1b[2J\\nround 1 é"


def test_a_plan_is_told_as_outsiders_expect_it() -> None:
    refused = Rejection("test3", "hypervisor4", "relieve", 6, "max VMs", 10.0, 10.0)
    decided = decision(moves=(move(),), rejections=(refused,), tally={"max VMs": 1}, sentence="move test3")
    assert plan_document(decided, seconds=0.0042424) == {
        "format": "plan/1",
        "round": 3,
        "rules": "classic.rules",
        "rules_sha256": "ab" * 32,
        "complete": 1.0,
        "frozen": None,
        "waiting": [],
        "unmended": [],
        "sentence": "move test3",
        "moves": [
            {
                "vm": "test3",
                "uuid": "uuid-test3",
                "from": "hypervisor3",
                "to": "hypervisor2",
                "rule": "relieve",
                "line": 3,
                "why": move().why,
                "numbers": {"host.load": 1.33, "vm.cpu_time": 1.7},
                "reason": "overload",
                "wave": 1,
                "group": [],
                "in_transit": [],
            }
        ],
        "rejections": [
            {
                "vm": "test3",
                "host": "hypervisor4",
                "rule": "relieve",
                "line": 6,
                "reason": "max VMs",
                "value": 10.0,
                "limit": 10.0,
            }
        ],
        "tally": {"max VMs": 1},
        "before": {"cpu_max": 0.08, "cpu_std": 0.04, "load_max": 1.33, "load_std": 0.67},
        "after": {"cpu_max": 0.08, "cpu_std": 0.04, "load_max": 1.33, "load_std": 0.67},
        "seconds": 0.0042,
    }


def test_a_round_tells_each_host_with_its_longest_streak() -> None:
    decided = decision(streaks=(streak("hypervisor3", 3), streak("hypervisor3", 5, rule="slow_burn")))
    assert round_document(decided, ())["hosts"] == {
        "hypervisor2": {"load": 0.0, "cpu": 0.0, "vms": 0, "streak": 0, "streaks": {}},
        "hypervisor3": {"load": 1.33, "cpu": 0.08, "vms": 1, "streak": 5, "streaks": {"relieve": 3, "slow_burn": 5}},
    }


def test_an_unknown_busy_share_is_null() -> None:
    decided = decision(hosts=(host("hv1", busy=None),), vms=())
    assert round_document(decided, ())["hosts"]["hv1"]["cpu"] is None


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (OrderState.INTENT, "under way"),
        (OrderState.UNDER_WAY, "under way"),
        (OrderState.DONE, "done"),
        (OrderState.FAILED, "failed"),
        (OrderState.IN_DOUBT, "in doubt"),
    ],
)
def test_a_rounds_moves_carry_their_outcome(state: OrderState, outcome: str) -> None:
    (told,) = round_document(decision(moves=(move(),)), [order(state)])["moves"]
    assert (told["vm"], told["to"], told["outcome"]) == ("test3", "hypervisor2", outcome)


def test_a_round_tells_no_other_rounds_orders() -> None:
    assert round_document(decision(number=4), [order(round_number=3)])["moves"] == []


def test_the_same_round_is_the_same_bytes() -> None:
    one = decision(streaks=(streak("hypervisor3", 3), streak("hypervisor2", 1)), tally={"b": 1, "a": 2})
    other = decision(streaks=(streak("hypervisor2", 1), streak("hypervisor3", 3)), tally={"a": 2, "b": 1})
    assert json.dumps(plan_document(one, 0.0)) == json.dumps(plan_document(other, 0.0))
    assert json.dumps(round_document(one, ())) == json.dumps(round_document(other, ()))


def test_a_summary_counts_what_came_of_the_orders() -> None:
    orders = [order(OrderState.DONE), order(OrderState.DONE), order(OrderState.FAILED), order(OrderState.IN_DOUBT)]
    spreads = [Spread(0.5, 0.1, 1.0, 0.5), Spread(0.5, 0.02, 1.0, 0.5), Spread(math.nan, math.nan, 1.0, 0.5)]
    summary = summary_document(spreads, orders, overload_seconds=420.0, violations=0, seed=7)
    assert summary == {
        "format": "summary/1",
        "rounds": 3,
        "moves": 2,
        "failed": 1,
        "in_doubt": 1,
        "returned": 0,
        "overload_seconds": 420.0,
        "cpu_std_mean": 0.06,
        "violations": 0,
        "seed": 7,
    }


def moved(source: str, target: str, when: float) -> Order:
    return order(OrderState.DONE, started=when, of=move("web1", source, target))


@pytest.mark.parametrize(
    ("orders", "count"),
    [
        ([moved("hv1", "hv2", 0.0), moved("hv2", "hv1", 7200.0)], 1),
        ([moved("hv1", "hv2", 0.0), moved("hv2", "hv1", 7201.0)], 0),
        ([moved("hv1", "hv2", 0.0), moved("hv2", "hv3", 60.0)], 0),
        ([moved("hv1", "hv2", 0.0), moved("hv2", "hv3", 60.0), moved("hv3", "hv1", 120.0)], 1),
    ],
    ids=["within two hours", "later", "further on", "round about"],
)
def test_a_return_is_a_move_back_within_two_hours(orders: list[Order], count: int) -> None:
    assert returned(orders) == count


def test_the_status_tells_open_orders_who_is_silent_and_who_is_new() -> None:
    told = decision(vms=(vm("a", "hypervisor2"),), expected=3)
    new = replace(told.observation, silent=("hypervisor4",), found=(Discovered("hypervisor5", 1),))
    status = status_document(replace(told, observation=new), [order()])
    assert (status["silent"], status["found"]) == (["hypervisor4"], [{"host": "hypervisor5", "rounds": 1}])
    assert status["complete"] == 0.6667
    assert status["orders"][0]["outcome"] == "under way"
    assert status["orders"][0]["started"] == 60.0
    assert status["hosts"]["hypervisor2"]["vms"] == 1
