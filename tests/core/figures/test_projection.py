"""The farm as columns, after the moves planned so far and with those under way."""

import numpy as np
import pytest

from balancer.core.figures.projection import Projection
from balancer.core.model import OrderState
from tests.farms import AT_ONCE, Rounds, farm, journey


def columns(projection: Projection) -> dict[str, list[float]]:
    return {
        "busy": projection.busy.round(6).tolist(), "used": projection.used.tolist(), "vms": projection.vms.tolist(),
        "load": projection.load.round(6).tolist(), "vcpus": projection.vcpus.tolist(),
    }  # fmt: skip


def reported() -> Projection:
    return Projection(Rounds(farm("xen1: a 1, b 0.5 | xen2: c 0.25 | xen3:"), AT_ONCE).next().observation)


def with_order(state: OrderState = OrderState.UNDER_WAY, *, at: tuple[str, str] = ("xen1", "xen2")) -> Projection:
    play = Rounds(farm("xen1: a 1, b 0.5 | xen2: c 0.25 | xen3:"), AT_ONCE)
    play.order(journey("a", *at), state)
    return Projection.with_orders(play.next().observation, play.state)


def test_as_reported() -> None:
    assert columns(reported()) == {
        "busy": [1.5, 0.25, 0], "used": [2048, 1024, 0], "vms": [2, 1, 0], "load": [1.5, 0.25, 0], "vcpus": [8, 4, 0],
    }  # fmt: skip


def test_a_planned_move_takes_all_of_the_vm_along() -> None:
    projection = reported()
    projection.move(0, 2)
    assert columns(projection) == {
        "busy": [0.5, 0.25, 1], "used": [1024] * 3, "vms": [1, 1, 1], "load": [0.5, 0.25, 1], "vcpus": [4, 4, 4],
    }  # fmt: skip
    assert (projection.host_moves.tolist(), projection.vm_moves.tolist()) == ([1, 0, 1], [1, 0, 0])


def test_a_move_there_and_back_leaves_the_farm_as_it_was() -> None:
    projection = reported()
    projection.move(0, 2)
    projection.move(0, 0)
    assert columns(projection) == columns(reported())


@pytest.mark.parametrize("state", [OrderState.INTENT, OrderState.UNDER_WAY, OrderState.IN_DOUBT])
def test_a_move_under_way_has_its_cpu_at_the_target_and_its_memory_at_both_ends(state: OrderState) -> None:
    projection = with_order(state)
    assert columns(projection) == {
        "busy": [0.5, 1.25, 0], "used": [2048, 2048, 0], "vms": [2, 2, 0], "load": [0.5, 1.25, 0], "vcpus": [8, 8, 0],
    }  # fmt: skip
    assert projection.leaving.tolist() == [True, False, False]


@pytest.mark.parametrize("state", [OrderState.DONE, OrderState.FAILED])
def test_a_move_that_has_ended_is_in_the_reports(state: OrderState) -> None:
    assert columns(with_order(state)) == columns(reported())


def test_a_vm_that_has_arrived_is_counted_where_it_is() -> None:
    projection = with_order(at=("xen3", "xen1"))
    assert columns(projection) == columns(reported())
    assert projection.leaving.tolist() == [True, False, False]


def test_a_target_that_is_silent_takes_nothing_away_from_the_count_of_the_source() -> None:
    projection = with_order(at=("xen1", "xen9"))
    assert columns(projection)["used"] == columns(reported())["used"]
    assert projection.arrivals == []


def test_members_are_counted_where_they_are_and_where_they_are_bound_for() -> None:
    members = np.array([True, False, True])
    assert with_order().count(members).tolist() == [1, 2, 0]
    assert reported().count(members).tolist() == [1, 1, 0]


def test_a_load_never_falls_below_nothing() -> None:
    play = Rounds(farm("xen1: a 2 | xen2:").with_(xen1={"load": 0.5}), AT_ONCE)
    projection = Projection(play.next().observation)
    projection.move(0, 1)
    assert projection.load.tolist() == [0, 2]


def test_an_empty_farm_has_empty_columns() -> None:
    projection = Projection(Rounds(farm("xen1:"), AT_ONCE).next(silent=["xen1"]).observation)
    assert columns(projection) == {"busy": [], "used": [], "vms": [], "load": [], "vcpus": []}
    assert projection.spread().cpu_max == projection.spread().cpu_std == 0.0
