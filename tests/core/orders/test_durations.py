"""How long a move should take, from what earlier ones took."""

from dataclasses import replace

import pytest

from balancer.core.model import Order, OrderState
from balancer.core.orders.durations import COPIES, LONGEST, MEASURED, Duration, duration, measured
from tests.farms import journey

GRACE = 150.0


def done(seconds: float | None, *, memory: float = 1024.0, ended: float = 0.0) -> Order:
    move = journey("web1", "xen1", "xen2", memory)
    return Order("t-1", 1, 1, move, OrderState.DONE, 0.0, ended, seconds=seconds)


def test_until_a_rate_is_known_one_is_assumed() -> None:
    assert duration(2048.0, (), 64.0, GRACE).predicted == 32.0


def test_then_the_median_of_those_seen_is_taken() -> None:
    seen = [done(seconds) for seconds in (8.0, 16.0, 64.0)]
    assert duration(2048.0, seen, 1000.0, GRACE).predicted == 32.0


def test_overdue_is_what_has_taken_longer_than_all_copies_at_the_slowest_rate_and_the_grace() -> None:
    seen = [done(8.0), done(64.0)]
    assert duration(2048.0, seen, 100.0, GRACE).limit == GRACE + COPIES * 2048.0 / 16.0
    assert duration(2048.0, seen, 4.0, GRACE).limit == GRACE + COPIES * 2048.0 / 4.0, "what is assumed may be slower"


def test_only_the_latest_count() -> None:
    old = [done(1024.0, ended=float(number)) for number in range(30)]
    new = [done(8.0, ended=100.0 + number) for number in range(MEASURED)]
    assert set(measured([*new, *old])) == {(1024.0, 8.0)}


def test_a_small_vm_takes_as_long_as_others_did_and_tells_nothing_of_the_rate() -> None:
    small = [done(13.0, memory=96.0)] * 3
    assert duration(96.0, small, 100.0, GRACE).predicted == 13.0
    assert duration(48.0, small, 100.0, GRACE).predicted == 13.0
    assert duration(192.0, small, 100.0, GRACE).predicted == 26.0
    assert duration(65536.0, small, 100.0, GRACE).limit == GRACE + COPIES * 655.36


def test_nothing_is_waited_for_longer_than_a_day() -> None:
    slow = [done(1024.0)]
    assert duration(1e6, slow, 100.0, GRACE) == Duration(LONGEST, LONGEST)


@pytest.mark.parametrize(
    "order",
    [
        done(None),
        done(0.0),
        done(8.0, memory=0.0),
        replace(done(8.0), state=OrderState.FAILED),
        replace(done(8.0), state=OrderState.UNDER_WAY),
    ],
    ids=["no time", "no time at all", "no memory", "failed", "under way"],
)
def test_what_was_not_measured_tells_nothing(order: Order) -> None:
    assert measured([order]) == ()
