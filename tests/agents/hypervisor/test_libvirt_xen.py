"""The libvirt driver against libvirt itself: its test driver, and a socket behind which nobody answers."""

import socket
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agents.hypervisor import HypervisorError, Migration

pytestmark = [pytest.mark.libvirt, pytest.mark.usefixtures("needs_libvirt")]

WEB1 = "11111111-1111-1111-1111-111111111111"


@pytest.fixture
def driver(needs_libvirt: None) -> Any:
    from agents.hypervisor import libvirt_xen  # noqa: PLC0415 - only where libvirt is installed

    return libvirt_xen


@pytest.fixture
def hypervisor(driver: Any, node_file: Path) -> Any:
    return driver.LibvirtHypervisor("hv1", f"test://{node_file}")


LIVE, PEER2PEER, TUNNELLED, PERSIST_DEST, UNDEFINE_SOURCE, PAUSED = (1 << bit for bit in range(6))


def test_a_definition_moves_along_with_its_vm(driver: Any) -> None:
    assert driver.migration_flags(persistent=True) == LIVE | PEER2PEER | PERSIST_DEST | UNDEFINE_SOURCE
    assert driver.migration_flags(persistent=False) == LIVE | PEER2PEER


@pytest.mark.parametrize("persistent", [True, False])
def test_no_flag_that_libxl_refuses_ever_reaches_it(driver: Any, *, persistent: bool) -> None:
    accepted = LIVE | PEER2PEER | TUNNELLED | PERSIST_DEST | UNDEFINE_SOURCE | PAUSED
    assert driver.migration_flags(persistent=persistent) & ~accepted == 0


@pytest.mark.parametrize(("number", "words"), [(4017005, "4.17.5"), (4017000, "4.17"), (4020001, "4.20.1")])
def test_a_xen_version_is_told_as_people_say_it(driver: Any, number: int, words: str) -> None:
    assert driver.xen_version(number) == words


@pytest.mark.parametrize(
    ("devices", "passthrough"),
    [
        ("<devices><disk/></devices>", False),
        ("<devices><hostdev mode='subsystem'/></devices>", True),
        ("<devices><interface type='hostdev'/></devices>", True),
        ("<devices><interface type='bridge'/></devices>", False),
    ],
)
def test_passed_through_devices_are_seen_in_the_xml(driver: Any, devices: str, *, passthrough: bool) -> None:
    assert driver.traits_of(f"<domain>{devices}</domain>").passthrough is passthrough


def test_the_load_and_the_boot_are_those_of_this_machine(hypervisor: Any) -> None:
    report = hypervisor.report()
    assert report.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert report.uptime <= float(Path("/proc/uptime").read_text().split()[0])
    assert report.load >= 0
    assert report.xen is None
    assert report.own is None


def test_shut_off_and_vanished_domains_are_nowhere(hypervisor: Any) -> None:
    assert [vm.name for vm in hypervisor.report().vms] == ["gpu1", "web1"]
    hypervisor._connection.lookupByName("web1").destroy()
    assert [vm.name for vm in hypervisor.report().vms] == ["gpu1"]


def test_a_domain_that_vanishes_while_one_looks_is_left_out(hypervisor: Any) -> None:
    hypervisor.report()
    connection = hypervisor._connection
    listed = connection.listAllDomains()
    gone = connection.lookupByName("web1")
    gone.destroy()
    gone.undefine()
    assert [domain.name for domain in hypervisor._domains(listed)] == ["gpu1"]


def test_a_vm_that_was_started_anew_is_a_first_sight(hypervisor: Any) -> None:
    before = {vm.name: vm for vm in hypervisor.report().vms}
    web1 = hypervisor._connection.lookupByName("web1")
    web1.destroy()
    web1.create()
    after = {vm.name: vm for vm in hypervisor.report().vms}
    assert after["web1"].domain_id != before["web1"].domain_id
    assert after["web1"].counter.eaten_ns is None
    assert after["gpu1"].counter.eaten_ns is not None


def test_domain_0_is_the_host_itself_and_no_vm(driver: Any) -> None:
    traits, reading = driver.Traits(), driver.Reading(5, 1.0)
    domain = partial(driver.Domain, name="x", state="running", vcpus=1, memory_mb=1.0, persistent=True)
    assert domain(uuid=driver.NOBODY, id=0, reading=reading, traits=traits).is_own
    assert not domain(uuid=WEB1, id=1, reading=reading, traits=traits).is_own


def test_a_connection_that_was_lost_is_opened_anew(hypervisor: Any) -> None:
    first = hypervisor.report()
    hypervisor._connection.close()
    second = hypervisor.report()
    assert [vm.name for vm in second.vms] == [vm.name for vm in first.vms]
    assert second.sequence == first.sequence + 1


def test_what_libvirt_says_of_a_failed_migration_is_handed_on(hypervisor: Any) -> None:
    migration = Migration("o1", WEB1, "web1", "hv2", "test+tcp://hv2/system", "tcp://10.0.0.2")
    with pytest.raises(HypervisorError, match="p2p migration is not supported by the source host"):
        hypervisor.migrate(migration)


def test_a_paused_vm_is_not_moved(hypervisor: Any, driver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    hypervisor.report()
    connection = hypervisor._connection
    connection.lookupByName("web1").suspend()
    # libvirt's test driver keeps a farm for each connection: the migration has to look at this one.
    monkeypatch.setattr(driver.libvirt, "open", lambda _uri: connection)
    with pytest.raises(HypervisorError, match="web1 cannot be moved: it is paused, only a running VM is moved"):
        hypervisor.migrate(Migration("o1", WEB1, "web1", "hv2", "test+tcp://hv2/system"))


def test_no_daemon_is_told_with_the_uri(driver: Any, tmp_path: Path) -> None:
    uri = f"qemu+unix:///system?socket={tmp_path}/none"
    with pytest.raises(HypervisorError) as caught:
        driver.LibvirtHypervisor("hv1", uri).report()
    assert str(caught.value).startswith(f"{uri}: Failed to connect socket")


def test_a_daemon_that_does_not_answer_costs_patience_and_no_more(driver: Any, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{tmp_path}/sock")
        silent.listen()
        hypervisor = driver.LibvirtHypervisor("hv1", f"qemu+unix:///system?socket={tmp_path}/sock", patience=0.2)
        for _again in range(2):
            with pytest.raises(HypervisorError, match=r"has not answered for 0\.2 s; is libvirtd"):
                hypervisor.report()
