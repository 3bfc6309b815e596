"""What is left out while something still goes wrong."""

from collections.abc import Sequence

import pytest

from balancer.core.trials.shrinking import shrunk


@pytest.mark.parametrize("guilty", [set[int](), {0}, {99}, {17, 18}, {3, 50, 97}])
def test_only_the_guilty_are_left(guilty: set[int]) -> None:
    assert set(shrunk(range(100), lambda left: guilty <= set(left), budget=1000)) == guilty


def test_the_order_is_kept() -> None:
    assert shrunk("decisive", lambda left: {"d", "v"} <= set(left)) == ["d", "v"]


def test_it_asks_no_oftener_than_it_may() -> None:
    asked: list[Sequence[int]] = []

    def still_fails(left: Sequence[int]) -> bool:
        asked.append(left)
        return 99 in left

    assert shrunk(range(100), still_fails, budget=3) == list(range(75, 100))
    assert len(asked) == 3
