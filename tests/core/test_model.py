"""The nouns: what they claim of themselves."""

import pytest

from balancer.core.model import Observation, Order, OrderState
from tests.farms import journey


@pytest.mark.parametrize(
    ("state", "is_under_way", "is_open"),
    [
        (OrderState.INTENT, True, True),
        (OrderState.UNDER_WAY, True, True),
        (OrderState.IN_DOUBT, False, True),
        (OrderState.DONE, False, False),
        (OrderState.FAILED, False, False),
    ],
)
def test_an_order_is_open_until_somebody_saw_where_its_vm_is(
    *, state: OrderState, is_under_way: bool, is_open: bool
) -> None:
    order = Order("o", 1, 1, journey("web1", "xen1", "xen2"), state, 0.0)
    assert (order.is_under_way, order.is_open) == (is_under_way, is_open)


def test_where_nobody_is_expected_nobody_can_know() -> None:
    assert Observation(1, 0.0, (), (), (), (), 0, {}).complete == 0.0
