"""The libvirt driver against libvirt itself: its test driver, and a socket behind which nobody answers."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.hypervisor import Guest, HypervisorError, Migration
from agents.hypervisor.terms import Terms

WEB1 = "11111111-1111-1111-1111-111111111111"
LIVE, PEER2PEER, TUNNELLED, PERSIST_DEST, UNDEFINE_SOURCE, PAUSED = (1 << bit for bit in range(6))


@pytest.fixture
def driver() -> Any:
    from agents.hypervisor.libvirt_xen import driver  # noqa: PLC0415 - only where libvirt is installed

    return driver


@pytest.fixture
def one_farm(hypervisor: Any, driver: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The connection that is kept; libvirt's test driver has a farm for each, so that every other must be this one."""
    hypervisor.report()
    connection = hypervisor._connection
    monkeypatch.setattr(driver.libvirt, "open", lambda _uri: connection)
    return connection


@pytest.fixture
def migration() -> Iterator[Migration]:
    """Of web1, to a target that can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as there:
        yield Migration("o1", WEB1, "web1", "hv2", f"test+tcp://127.0.0.1:{there.getsockname()[1]}/system")


@pytest.mark.parametrize("hand_over", [True, False])
@pytest.mark.parametrize("persistent", [True, False])
def test_a_definition_moves_along_and_no_flag_that_libxl_refuses_reaches_it(
    driver: Any, *, persistent: bool, hand_over: bool
) -> None:
    flags = driver.migration_flags(persistent=persistent, hand_over=hand_over)
    moves_along = PERSIST_DEST | UNDEFINE_SOURCE if persistent else 0
    assert flags == LIVE | PEER2PEER | moves_along | (PAUSED if hand_over else 0)
    assert flags & ~(LIVE | PEER2PEER | TUNNELLED | PERSIST_DEST | UNDEFINE_SOURCE | PAUSED) == 0


def test_the_load_and_the_boot_are_those_of_this_machine(hypervisor: Any) -> None:
    report = hypervisor.report()
    assert report.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert report.uptime <= float(Path("/proc/uptime").read_text().split()[0])
    assert report.load >= 0
    assert (report.xen, report.own, report.stolen, report.cpu) == (None, None, None, None)


def test_a_report_tells_what_vms_need_and_what_is_offered(hypervisor: Any) -> None:
    report = hypervisor.report()
    assert {vm.name: vm.needs for vm in report.vms} == {"gpu1": ("guest:hvm",), "web1": ("guest:hvm",)}
    assert {"guest:hvm", "guest:pvh"} <= set(report.offers)


def test_shut_off_and_vanished_domains_are_nowhere(hypervisor: Any) -> None:
    assert [vm.name for vm in hypervisor.report().vms] == ["gpu1", "web1"]
    hypervisor._connection.lookupByName("web1").destroy()
    assert [vm.name for vm in hypervisor.report().vms] == ["gpu1"]


def test_a_vm_that_was_started_anew_is_a_first_sight(hypervisor: Any) -> None:
    before = {vm.name: vm for vm in hypervisor.report().vms}
    web1 = hypervisor._connection.lookupByName("web1")
    web1.destroy()
    web1.create()
    after = {vm.name: vm for vm in hypervisor.report().vms}
    assert after["web1"].domain_id != before["web1"].domain_id
    assert after["web1"].counter.eaten_ns is None
    assert after["gpu1"].counter.eaten_ns is not None


def test_a_connection_that_was_lost_is_opened_anew(hypervisor: Any) -> None:
    first = hypervisor.report()
    hypervisor._connection.close()
    second = hypervisor.report()
    assert [vm.name for vm in second.vms] == [vm.name for vm in first.vms]
    assert second.sequence == first.sequence + 1


def test_what_libvirt_says_of_a_failed_migration_is_handed_on(hypervisor: Any, migration: Migration) -> None:
    assert hypervisor.departure(migration) == ()
    with pytest.raises(HypervisorError, match="p2p migration is not supported by the source host"):
        hypervisor.migrate(migration)


@pytest.mark.usefixtures("one_farm")
def test_it_is_looked_at_once_more_just_before_it_would_go(
    hypervisor: Any, one_farm: Any, migration: Migration
) -> None:
    one_farm.lookupByName("web1").suspend()
    assert hypervisor.departure(migration) == ("web1 is paused, only a running VM is moved",)
    with pytest.raises(HypervisorError, match="web1 is paused, only a running VM is moved"):
        hypervisor.migrate(migration)


@pytest.mark.usefixtures("one_farm")
def test_a_target_that_cannot_be_reached_is_told_with_its_port(hypervisor: Any, migration: Migration) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        away = replace(migration, target_uri=f"test+tcp://127.0.0.1:{port}/system")
        words = f"127.0.0.1:{port} cannot be reached: Connection refused"
        assert hypervisor.departure(away) == (words,)
        with pytest.raises(HypervisorError, match=words):
            hypervisor.migrate(away)


def test_a_name_that_is_long_resolved_takes_nothing_of_libvirts_time(
    driver: Any, node_file: Path, migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    hypervisor = driver.LibvirtHypervisor("hv1", f"test://{node_file}", patience=1)
    answers, asked = threading.Event(), []

    def resolve(*_: Any, **__: Any) -> None:
        asked.append(hypervisor.report().host)
        answers.wait()

    monkeypatch.setattr(driver.reach.socket, "getaddrinfo", resolve)
    assert hypervisor.departure(replace(migration, target_uri="test+tcp://hv2/system")) == (
        "hv2 cannot be resolved: no answer within 3 s; look at this host's DNS",
    )
    answers.set()
    assert asked == ["hv1"]


def test_a_guest_is_told_what_stands_against_it(driver: Any, node_file: Path) -> None:
    # libvirt's test driver has no memory free.
    hypervisor = driver.LibvirtHypervisor("hv1", f"test://{node_file}", terms=Terms(memory_margin=0))
    assert hypervisor.arrival(Guest("u9", "web1", 64, ("guest:pv",)), 32) == (
        "hv1 has 0 MiB to give, 'web1' needs 64: 0 are free, 32 promised to others, 0 kept",
        f"hv1 has a domain 'web1' already, which is running (uuid {WEB1})",
        "hv1 does not offer guest:pv",
    )


def test_who_waits_is_taken_over_and_nobody_else(hypervisor: Any, one_farm: Any, driver: Any) -> None:
    with pytest.raises(HypervisorError, match="web1 does not wait here to be taken over: it is not paused"):
        hypervisor.take_over(WEB1)


def test_who_arrived_paused_runs_once_it_is_taken_over(driver: Any, node_file: Path) -> None:
    import libvirt  # noqa: PLC0415 - only where it is installed

    kept = libvirt.open("test:///default")
    kept.lookupByName("test").suspend()
    hypervisor = driver.LibvirtHypervisor("hv1", "test:///default")
    hypervisor.take_over(kept.lookupByName("test").UUIDString())
    assert [vm.state for vm in hypervisor.report().vms] == ["running"]


def test_a_vm_that_is_not_here_cannot_be_taken_over(hypervisor: Any) -> None:
    with pytest.raises(HypervisorError, match="Domain not found"):
        hypervisor.take_over("33333333-3333-3333-3333-333333333333")


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
        for ask in (hypervisor.report, lambda: hypervisor.take_over(WEB1)):
            with pytest.raises(HypervisorError, match=r"has not answered for 0\.2 s; is libvirtd"):
                ask()
