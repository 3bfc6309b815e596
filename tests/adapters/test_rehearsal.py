from collections.abc import Sequence

from balancer.adapters.rehearsal import Rehearsal
from balancer.core.model import Gathering, Order
from balancer.ports import Progress
from tests.adapters.samples import order, report


class Farm:
    """A farm that writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def observe(self, round_number: int) -> Gathering:
        self.asked.append(f"observe {round_number}")
        return Gathering((report("hv1"),), ("hv1",))

    def migrate(self, order: Order) -> Progress:
        self.asked.append(f"migrate {order.id}")
        return Progress(order.id, "under way")

    def progress(self, orders: Sequence[Order]) -> Sequence[Progress]:
        self.asked.append(f"progress {' '.join(each.id for each in orders)}")
        return [Progress(each.id, "under way") for each in orders]


def test_reports_are_the_real_farms() -> None:
    farm = Farm()
    assert Rehearsal(farm).observe(7) == farm.observe(7)


def test_an_order_is_done_at_once_and_never_sent() -> None:
    farm = Farm()
    told = Rehearsal(farm).migrate(order())
    assert (told.order, told.state) == ("a-1-3-1", "done")
    assert farm.asked == []


def test_only_orders_that_were_really_sent_are_asked_after() -> None:
    farm = Farm()
    rehearsal = Rehearsal(farm)
    rehearsed, sent = order(name="rehearsed"), order(name="sent")
    rehearsal.migrate(rehearsed)
    told = {each.order: each.state for each in rehearsal.progress([rehearsed, sent])}
    assert told == {"rehearsed": "done", "sent": "under way"}
    assert farm.asked == ["progress sent"]


def test_without_real_orders_nobody_is_asked() -> None:
    farm = Farm()
    assert list(Rehearsal(farm).progress([])) == []
    assert farm.asked == []
