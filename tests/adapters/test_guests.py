"""What a target is told of the VM that is to come."""

from agents.hypervisor import Guest
from agents.report import Counter, VmReport
from balancer.adapters.guests import guest_of
from tests.adapters.farm_contract import order
from tests.adapters.samples import report

WEB1 = VmReport("u-web1", "web1", 3, "running", 4, 2048.0, Counter(0, 0.0), needs=("guest:pvh",))


def test_it_is_what_its_source_has_reported() -> None:
    source = report("hv1", vms=(WEB1,), xen="4.17", cpu="avx")
    assert guest_of(order("a-1"), source) == Guest("u-web1", "web1", 1024.0, ("guest:pvh",), "avx", "4.17")


def test_of_a_source_that_has_not_reported_nothing_is_known() -> None:
    assert guest_of(order("a-1"), None) == Guest("u-web1", "web1", 1024.0)


def test_a_vm_that_is_not_in_the_report_needs_nothing_that_is_known() -> None:
    assert guest_of(order("a-1"), report("hv1")).needs == ()
