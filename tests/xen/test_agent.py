"""Our agent in a real Domain-0: what it reads there, and a VM that it sends away."""

import time

import pytest

from agents.mcollective.message import OK
from agents.report import Counter
from tests.xen.kinds import XEN
from tests.xen.lab import Host, Lab
from tests.xen.site import LOG, Site

pytestmark = [pytest.mark.broker, pytest.mark.libvirt, pytest.mark.timeout(900)]


def share(counter: Counter | None) -> float:
    """Of one CPU, what was eaten since the report before."""
    assert counter is not None
    assert counter.eaten_ns is not None
    assert counter.interval is not None
    return counter.eaten_ns / 1e9 / counter.interval


@XEN
def test_what_guests_use_is_told_beside_the_load_which_is_domain_0_s_own(lab: Lab, site: Site, first: Host) -> None:
    busy, idle = lab.guest(first, "busy1", work=40), lab.guest(first, "idle1")
    site.report(first)
    time.sleep(10)
    report = site.report(first)
    vms = {vm.uuid: vm for vm in report.vms}
    told = {vm.name: (vm.domain_id, vm.state) for vm in report.vms}

    assert share(report.own) > 0
    assert share(vms[busy.uuid].counter) > 0.25
    assert share(vms[idle.uuid].counter) < 0.2
    assert report.load == pytest.approx(float(first.run("cut -d ' ' -f 1 /proc/loadavg")), abs=0.5)

    seen = {domain.name: domain for domain in first.domains()}
    assert {name: number for name, (number, _) in told.items()} == {name: domain.id for name, domain in seen.items()}
    assert {state for _, state in told.values()} <= {"running", "blocked"}
    assert [vm.memory_mb for vm in report.vms] == pytest.approx([96, 96], abs=1)
    assert (report.host, report.cores, report.xen) == ("dom0-1", 1, "4.17")
    assert 100 < report.memory_free_mb < report.memory_mb < 1024


def test_an_order_moves_a_guest_which_runs_on_and_says_every_number_once(
    lab: Lab, site: Site, first: Host, second: Host
) -> None:
    guest = lab.guest(first, "web1", work=40)
    order = {
        "order": "a-1-1-1", "epoch": 1, "vm": guest.uuid, "name": guest.name, "source": first.name,
        "target": second.name, "target_uri": second.uri, "valid_until": time.time() + 20,
    }  # fmt: skip
    answer = site.ask(first, "migrate", order)
    assert (answer.status, answer.data["state"]) == (OK, "under way"), answer.text
    assert first.tells(LOG, "order a-1-1-1: web1 to", 1, seconds=90)
    end = site.ask(first, "order", {"order": "a-1-1-1"}).data
    assert (end["state"], end["error"]) == ("done", "")

    assert list(lab.seen(guest)) == [second.name]
    assert lab.counts_on(guest) == [second.name]
    assert (lab.count(guest).lost, lab.count(guest).twice) == ([], [])
    assert site.vm(first, guest) is None
    arrived = site.vm(second, guest)
    assert arrived is not None
    assert (arrived.name, arrived.state in {"running", "blocked"}) == ("web1", True)
