from collections.abc import Callable, Sequence

from agents.hypervisor.scenario import load_scenario
from agents.hypervisor.simulated import SimulatedFarm
from agents.report import Report
from balancer.adapters.clock import VirtualClock
from balancer.adapters.rehearsal import MODE, Rehearsal
from balancer.adapters.rule_file import read
from balancer.adapters.simulated_farm import ScenarioFarm
from balancer.adapters.unattended import Unattended
from balancer.core.figures.signals import VOCABULARY
from balancer.core.model import Gathering, Order, OrderState, State
from balancer.demonstration import SCENARIO
from balancer.execution import Settings
from balancer.installation import DEFAULT, shipped
from balancer.loop import Loop, Pace
from balancer.ports import Farm as FarmPort
from balancer.ports import OrderChanged, Ports, Progress
from tests.adapters.samples import Memory, order, report


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

    def look(self, orders: Sequence[Order]) -> Sequence[Report]:
        self.asked.append(f"look {' '.join(each.id for each in orders)}")
        return [report("hv1")]

    def examine(self, order: Order) -> Sequence[str]:
        self.asked.append(f"examine {order.id}")
        return ["no room"]

    def take_over(self, order: Order) -> None:
        self.asked.append(f"take over {order.id}")


def test_reports_are_the_real_farms() -> None:
    farm = Farm()
    assert Rehearsal(farm).observe(7) == farm.observe(7)


def test_an_order_is_done_at_once_and_never_sent() -> None:
    farm = Farm()
    told = Rehearsal(farm).migrate(order())
    assert (told.order, told.state) == ("a-1-3-1", "done")
    assert farm.asked == []


def test_the_hosts_of_a_real_order_are_looked_at() -> None:
    farm = Farm()
    assert list(Rehearsal(farm).look([order(name="sent")])) == [report("hv1")]
    assert farm.asked == ["look sent"]


def test_a_target_is_not_asked_to_keep_memory_for_what_does_not_come() -> None:
    farm = Farm()
    assert list(Rehearsal(farm).examine(order())) == []
    assert farm.asked == []


def test_what_a_real_order_has_sent_is_let_run_all_the_same() -> None:
    farm = Farm()
    Rehearsal(farm).take_over(order())
    assert farm.asked == ["take over a-1-3-1"]


def decided(mode: str, farm_of: Callable[[ScenarioFarm], FarmPort]) -> list[tuple[int, str, str]]:
    """The moves of forty rounds of the demo's farm: round, VM, target."""
    clock, journal = VirtualClock(), Memory()
    farm = farm_of(ScenarioFarm(SimulatedFarm(load_scenario(SCENARIO)), clock))
    ports = Ports(clock, farm, journal, Unattended(read(shipped(DEFAULT), VOCABULARY)))
    Loop(ports, Settings("t", 1, mode), Pace(2.0), State()).run(40)
    changed = [event.order for event in journal.events if isinstance(event, OrderChanged)]
    return [(each.round, each.move.vm, each.move.target) for each in changed if each.state is OrderState.DONE]


def test_a_dry_run_decides_what_the_daemon_decides_and_no_more() -> None:
    assert decided(MODE, Rehearsal) == decided("active", lambda farm: farm) == [(9, "web1", "xen4")]
