"""What a look at the farm makes of what hosts say."""

from msgspec.structs import replace

from agents.report import Report
from balancer.core.doctor.checkup import Check, Checkup, of_agents, of_clocks, of_libvirt, of_own_vm, of_storage
from balancer.core.model import Gathering
from tests.farms import AT_ONCE, Rounds, farm


def report(host: str, **figures: object) -> Report:
    return replace(farm(f"{host}:").report(host), **figures)  # type: ignore[arg-type]


def test_who_does_not_report_and_what_was_refused_is_told() -> None:
    gathering = Gathering((report("xen1"),), ("xen1", "xen2"), {"signature": 3})
    assert of_agents(gathering) == Check(
        "agents",
        "1 of 2 hosts report",
        ("xen2 does not report: is its agent running, and its libvirtd? see its log", "signature: 3"),
    )
    assert of_agents(Gathering((report("xen1"),), ("xen1",))).problems == ()


def test_a_report_of_the_time_in_which_it_was_asked_for_tells_a_right_clock() -> None:
    reports = [report("xen1", time=100.0), report("xen2", time=104.0)]
    assert of_clocks(reports, asked=99.0, answered=103.0) == Check("clocks", "right within 4.0 s")


def test_clocks_that_are_wrong_are_told_by_how_much() -> None:
    reports = [report("xen1", time=80.0), report("xen2", time=135.4), report("xen3", time=101.0)]
    assert of_clocks(reports, asked=100.0, answered=103.0).problems == (
        "xen1 is 20 s behind: set the clocks, or orders come too late",
        "xen2 is 32 s ahead: set the clocks, or orders come too late",
    )


def test_every_way_that_is_closed_is_told() -> None:
    reached = {"xen1": {"xen1": "refused", "xen2": "", "xen3": "no route"}, "xen2": {"xen1": ""}}
    assert of_libvirt(reached, ("xen1", "xen2", "xen3")).problems == (
        "xen1 does not reach xen3: no route",
        "xen2 does not reach xen3: it was not asked",
        "xen3 did not answer whom it reaches",
    )


def test_storage_that_some_host_lacks_is_told_with_those_that_lack_it() -> None:
    reports = [
        report("xen1", offers=("guest:pvh", "storage:nfs1", "storage:san")),
        report("xen2", offers=("storage:san",)),
        report("xen3", offers=("storage:san",)),
    ]
    assert of_storage(reports) == Check(
        "storage", "nfs1, san", ("nfs1 is not on xen2, xen3: VMs with disks there cannot go to them",)
    )
    assert of_storage([report("xen1")]) == Check("storage", "none is shared")


def test_the_balancers_own_vm_is_named() -> None:
    seen = Rounds(farm("xen1: web1 1, xb 0.1"), AT_ONCE).next().observation
    for own in ("xb", "uuid-xb"):
        assert of_own_vm(own, seen) == Check("own VM", "xb on xen1 is never moved")
    assert of_own_vm("elsewhere", seen).told == of_own_vm(None, seen).told
    assert of_own_vm(None, seen).told == "none of these VMs; if it runs in one, say `own_vm: NAME`"


def test_it_is_well_where_no_check_found_anything() -> None:
    assert Checkup((Check("agents", "all"),)).is_well
    assert not Checkup((Check("agents", "all"), Check("clocks", "?", ("xen1 is late",)))).is_well
