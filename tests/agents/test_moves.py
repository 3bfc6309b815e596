"""What a host looks at before it does anything for a move."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from agents.hypervisor import Guest, HypervisorError, Migration
from agents.moves import Moves
from agents.orders import OrderRefused, Orders
from agents.report import Counter, Report, VmReport
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


class WithOneComing(Idle):
    """Has web1 on its way here, or running; takes in whatever has room besides what is promised."""

    def __init__(self, state: str) -> None:
        self._state = state

    def report(self) -> Report:
        web1 = VmReport("u1", "web1", 7, self._state, 1, 1024, Counter(0, 0))
        return Report("hv1", "boot", 1, 0, 4, 8192, 4096, 0, vms=(web1,))

    def arrival(self, guest: Guest, reserved_mb: float) -> tuple[str, ...]:
        return (f"{reserved_mb:g} promised",)


@pytest.mark.parametrize(("state", "promised"), [("arriving", "1024 promised"), ("running", "0 promised")])
def test_what_is_promised_to_a_vm_is_kept_for_it_until_it_is_here(
    orders: Orders, tmp_path: Path, state: str, promised: str
) -> None:
    orders.admit("o1", Guest("u1", "web1", 1024), 60, lambda _: ())
    moves = Moves(WithOneComing(state), orders, tmp_path / "agent.yaml")
    assert moves.admit("o2", 1, Guest("u2", "web2", 64), 60) == (promised,)
