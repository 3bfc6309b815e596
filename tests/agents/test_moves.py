"""What a host looks at before it does anything for a move."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from agents.hypervisor import Guest, HypervisorError, Migration
from agents.moves import Moves
from agents.orders import OrderRefused, Orders
from tests.agents.plugins.drivers import Idle

MOVE = Migration("o1", "u1", "web1", "hv2", "xen+ssh://hv2/system")
SOON = 4e9


class Stubborn(Idle):
    """Has something against everything."""

    def departure(self, migration: Migration) -> tuple[str, ...]:
        return "it is paused", "it has a managed save image"


@pytest.fixture
def orders(tmp_path: Path) -> Orders:
    return Orders(tmp_path, 1)


def test_all_that_stands_against_a_departure_is_told_at_once_and_nothing_is_written_down(
    orders: Orders, tmp_path: Path
) -> None:
    with pytest.raises(OrderRefused, match=r"^it is paused; it has a managed save image$"):
        Moves(Stubborn(), orders, tmp_path / "agent.yaml").send(MOVE, 1, SOON)
    assert orders.all() == ()


def test_an_order_that_is_known_is_not_examined_again(orders: Orders, tmp_path: Path) -> None:
    orders.take(MOVE, 1, SOON)
    orders.end("o1", None)
    assert Moves(Stubborn(), orders, tmp_path / "agent.yaml").send(MOVE, 1, SOON) is False


def test_a_hypervisor_that_does_not_answer_lets_nothing_go_and_nothing_in(orders: Orders, tmp_path: Path) -> None:
    moves = Moves(Idle(), orders, tmp_path / "agent.yaml")
    with pytest.raises(HypervisorError):
        moves.send(MOVE, 1, SOON)
    with pytest.raises(HypervisorError, match="nobody asks"):
        moves.admit("o1", 1, Guest("u1", "web1", 64), 60)
    promised: list[int] = []

    def count(promises: Sequence[object]) -> tuple[str, ...]:
        promised.append(len(promises))
        return ("only looking",)

    orders.admit("o2", Guest("u2", "web2", 64), 60, count)
    assert (orders.all(), promised) == ((), [0])
