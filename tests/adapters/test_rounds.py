"""Rounds as lines of JSON, and what a whole run comes to."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from balancer.adapters.rounds import RoundLines, Tally
from balancer.core.model import OrderState
from balancer.ports import RoundLost, Waiting
from tests.adapters.samples import changed, decided, decision, streak


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_round_is_told_once_the_next_one_is_decided_with_what_became_of_its_moves() -> None:
    stream = io.StringIO()
    told = RoundLines(stream)
    told.record(decided(decision(3, streaks=(streak("hypervisor3", 3),))))
    told.record(changed(OrderState.UNDER_WAY))
    told.record(Waiting(30.0))
    assert lines(stream) == []

    told.record(changed(OrderState.DONE, ended=75.0))
    told.record(decided(decision(4)))
    (third,) = lines(stream)
    assert (third["format"], third["round"], third["time"]) == ("rounds/1", 3, 60.0)
    assert third["hosts"]["hypervisor3"]["streak"] == 3
    assert [(move["vm"], move["outcome"]) for move in third["moves"]] == [("test3", "done")]

    told.close()
    assert [each["round"] for each in lines(stream)] == [3, 4]
    assert lines(stream)[1]["moves"] == []


def test_a_move_that_takes_longer_is_still_the_move_of_its_round() -> None:
    stream = io.StringIO()
    told = RoundLines(stream)
    told.record(decided(decision(3)))
    told.record(changed(OrderState.UNDER_WAY))
    told.record(decided(decision(4)))
    told.record(changed(OrderState.DONE, ended=95.0))
    told.close()
    assert [[move["outcome"] for move in each["moves"]] for each in lines(stream)] == [["under way"], []]


def test_closing_twice_tells_nothing_twice() -> None:
    stream = io.StringIO()
    told = RoundLines(stream)
    told.close()
    told.record(decided(decision(1)))
    told.close()
    told.close()
    assert len(lines(stream)) == 1


def test_a_summary_counts_rounds_and_how_every_order_ended() -> None:
    tally = Tally()
    for number in (1, 2, 3):
        tally.record(decided(decision(number)))
    tally.record(RoundLost(4, "no broker"))
    for name, state in (("a", OrderState.DONE), ("b", OrderState.FAILED), ("c", OrderState.IN_DOUBT)):
        tally.record(changed(OrderState.UNDER_WAY, name=name))
        tally.record(changed(state, name=name))
    summary = tally.summary(overload_seconds=12.5, seed=7)
    assert summary == {
        "format": "summary/1", "rounds": 3, "moves": 1, "failed": 1, "in_doubt": 1, "returned": 0,
        "overload_seconds": 12.5, "cpu_std_mean": 0.04, "violations": 0, "seed": 7,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("broken", "violations"), [((0, 0), 0), ((2, 2), 0), ((2, 0), 0), ((0, 1), 1), ((1, 3, 2, 4), 4)]
)
def test_walls_that_stood_broken_before_are_nobodys_violation(broken: tuple[int, ...], violations: int) -> None:
    tally = Tally()
    for number, count in enumerate(broken, 1):
        what = decision(number)
        tally.record(decided(replace(what, plan=replace(what.plan, broken=count))))
    assert tally.summary(0.0, 1)["violations"] == violations
