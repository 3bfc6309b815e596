"""The book of orders."""

import pytest

from agents.hypervisor import Migration
from agents.orders import MAX_REMEMBERED, OrderRefused, Orders


def migration(order: str = "o1", vm: str = "u1") -> Migration:
    return Migration(order, vm, f"name of {vm}", "hv2", "xen+ssh://hv2/system")


def test_an_order_is_taken_once_and_then_only_told() -> None:
    orders = Orders(1)
    assert orders.take(migration(), epoch=1)
    assert orders.state("o1").state == "under way"
    assert not orders.take(migration(), epoch=1)
    orders.end("o1", None)
    assert not orders.take(migration(), epoch=1)
    assert (orders.state("o1").state, orders.under_way()) == ("done", 0)


def test_a_failed_order_tells_why_and_not_too_much() -> None:
    orders = Orders(1)
    orders.take(migration(), epoch=1)
    orders.end("o1", "no space " * 1000)
    assert orders.state("o1").state == "failed"
    assert len(orders.state("o1").error) == 1000


def test_an_id_that_stands_for_another_move_is_refused() -> None:
    orders = Orders(2)
    orders.take(migration("o1", "u1"), epoch=1)
    with pytest.raises(OrderRefused, match="order o1 was given before, for another move; use a new id"):
        orders.take(migration("o1", "u2"), epoch=1)


def test_who_was_succeeded_gives_no_more_orders() -> None:
    orders = Orders(9)
    orders.take(migration("o1", "u1"), epoch=3)
    with pytest.raises(OrderRefused, match="epoch 2 is over: a balancer of epoch 3 has given orders since"):
        orders.take(migration("o2", "u2"), epoch=2)
    assert orders.take(migration("o3", "u3"), epoch=4)


def test_one_vm_is_moved_by_one_order_at_a_time() -> None:
    orders = Orders(9)
    orders.take(migration("o1", "u1"), epoch=1)
    with pytest.raises(OrderRefused, match="name of u1 is being moved already"):
        orders.take(migration("o2", "u1"), epoch=1)


def test_no_more_are_under_way_than_the_limit_allows() -> None:
    orders = Orders(1)
    orders.take(migration("o1", "u1"), epoch=1)
    with pytest.raises(OrderRefused, match="1 under way, max_migrations is 1: try again later"):
        orders.take(migration("o2", "u2"), epoch=1)
    orders.end("o1", None)
    assert orders.take(migration("o2", "u2"), epoch=1)


def test_what_ended_long_ago_is_forgotten_and_what_is_under_way_never() -> None:
    orders = Orders(2)
    orders.take(migration("first", "u0"), epoch=1)
    for number in range(MAX_REMEMBERED + 5):
        orders.take(migration(f"o{number}"), epoch=1)
        orders.end(f"o{number}", None)
    told = [order.id for order in orders.all()]
    assert told == ["first", *(f"o{number}" for number in range(5, MAX_REMEMBERED + 5))]
    assert orders.state("o4") is None
