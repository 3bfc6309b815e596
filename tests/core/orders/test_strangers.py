"""Orders of another balancer, in hosts' reports."""

from msgspec.structs import replace

from agents.report import OrderReport
from balancer.core.model import Gathering
from balancer.core.orders.strangers import strangers
from tests.farms import farm


def test_orders_of_another_balancer_are_told_and_those_given_by_hand_are_not() -> None:
    given = [
        OrderReport("t-1-1-1", "done", age=9.0),
        OrderReport("other-1-1-1", "under way", age=9.0),
        OrderReport("other-1-1-0", "done", age=9999.0),
        OrderReport("slice-4711", "done", age=9.0),
    ]
    gathering = Gathering((replace(farm("hv1:").report("hv1"), orders=tuple(given)),), ("hv1",))
    assert [(host, each.id) for host, each in strangers(gathering, "t")] == [("hv1", "other-1-1-1")]
