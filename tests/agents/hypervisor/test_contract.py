"""What every driver must do, asked of each of them: the simulated one and the libvirt one."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.hypervisor import Guest, Hypervisor, HypervisorError, Migration
from agents.report import decode, encode

WEB1 = "11111111-1111-1111-1111-111111111111"
GPU1 = "22222222-2222-2222-2222-222222222222"


def simulated(request: pytest.FixtureRequest) -> Hypervisor:
    from agents.hypervisor.scenario import load_scenario  # noqa: PLC0415 - each driver is loaded by who asks for it
    from agents.hypervisor.shared_farm import SimulatedHypervisor  # noqa: PLC0415 - as above

    file: Path = request.getfixturevalue("scenario_file")
    return SimulatedHypervisor("hv1", load_scenario(file), file.parent)


def through_libvirt(request: pytest.FixtureRequest) -> Hypervisor:
    request.getfixturevalue("needs_libvirt")
    from agents.hypervisor.libvirt_xen import LibvirtHypervisor  # noqa: PLC0415 - as above

    return LibvirtHypervisor("hv1", f"test://{request.getfixturevalue('node_file')}")


@pytest.fixture(params=[simulated, pytest.param(through_libvirt, marks=pytest.mark.libvirt)])
def hypervisor(request: pytest.FixtureRequest) -> Hypervisor:
    opened: Callable[[pytest.FixtureRequest], Hypervisor] = request.param
    return opened(request)


def order(vm: str) -> Migration:
    return Migration("o1", vm, "the vm", "hv2", "test+tcp://hv2/system")


def test_it_reports_the_host_and_its_vms_by_name(hypervisor: Hypervisor) -> None:
    report = hypervisor.report()
    assert (report.host, report.cores, report.memory_mb) == ("hv1", 4, 8192)
    assert 0 <= report.memory_free_mb <= report.memory_mb
    assert [(vm.name, vm.uuid, vm.vcpus) for vm in report.vms] == [("gpu1", GPU1, 1), ("web1", WEB1, 2)]
    assert [(vm.passthrough, vm.tags) for vm in report.vms] == [(True, ("db", "pet")), (False, ())]
    assert {vm.state for vm in report.vms} == {"running"}
    assert len({vm.domain_id for vm in report.vms}) == 2


def test_what_it_reports_passes_the_check_of_whoever_reads_it(hypervisor: Hypervisor) -> None:
    report = hypervisor.report()
    assert decode(encode(report)) == report


def test_at_first_sight_nothing_is_eaten_and_then_the_difference(hypervisor: Hypervisor) -> None:
    first = {vm.uuid: vm.counter for vm in hypervisor.report().vms}
    time.sleep(0.01)
    second = {vm.uuid: vm.counter for vm in hypervisor.report().vms}
    assert all(counter.eaten_ns is None and counter.interval is None for counter in first.values())
    for uuid, counter in second.items():
        assert counter.eaten_ns == counter.cpu_ns - first[uuid].cpu_ns
        assert counter.interval == counter.instant - first[uuid].instant > 0


def test_reports_are_counted_within_one_boot(hypervisor: Hypervisor) -> None:
    first, second = hypervisor.report(), hypervisor.report()
    assert second.sequence == first.sequence + 1
    assert second.boot_id == first.boot_id
    assert second.uptime >= first.uptime


@pytest.mark.parametrize("vm", ["33333333-3333-3333-3333-333333333333", GPU1])
def test_a_vm_that_is_unknown_or_has_passed_through_devices_is_not_moved(hypervisor: Hypervisor, vm: str) -> None:
    with pytest.raises(HypervisorError):
        hypervisor.migrate(order(vm))
    assert [seen.uuid for seen in hypervisor.report().vms] == [GPU1, WEB1]
    assert hypervisor.departure(order(vm)) != ()


def test_a_vm_that_is_here_already_is_not_taken_in_a_second_time(hypervisor: Hypervisor) -> None:
    report = hypervisor.report()
    obstacles = hypervisor.arrival(Guest(WEB1, "web1", 1, ("local:/disk",), report.cpu, report.xen), 0)
    assert any("hv1 has a domain 'web1' already" in each for each in obstacles)
    assert "hv1 does not offer local:/disk" in obstacles


def test_memory_that_is_promised_to_others_is_not_given(hypervisor: Hypervisor) -> None:
    report = hypervisor.report()
    guest = Guest("u9", "web9", 64, (), report.cpu, report.xen)
    (obstacle,) = hypervisor.arrival(guest, report.memory_free_mb)
    assert obstacle.startswith("hv1 has 0 MiB")


@pytest.mark.parametrize("vm", ["33333333-3333-3333-3333-333333333333", WEB1])
def test_a_vm_that_did_not_arrive_paused_is_not_taken_over(hypervisor: Hypervisor, vm: str) -> None:
    with pytest.raises(HypervisorError):
        hypervisor.take_over(vm)
