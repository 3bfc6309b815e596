"""What leaves a move, or a VM, in an odd state, and what becomes of it."""

import pytest

from agents.report import OrderReport
from tests.xen.kinds import XEN
from tests.xen.lab import Host, Lab, soon
from tests.xen.site import MOVE, Site
from tests.xen.test_moves import EMPTY, on_its_way, ran_once

pytestmark = [pytest.mark.broker, pytest.mark.timeout(900)]

SHORT = {"transport": "tcp", "grace": "10s"}
"""How moves are made by a balancer that soon finds them overdue."""


def migration(host: Host, **settings: object) -> dict[str, object]:
    return {**SHORT, "driver": host.driver, **settings}


def calls(site: Site, host: Host) -> list[OrderReport]:
    return list(site.report(host).orders)


def test_a_libvirtd_that_hangs_in_the_middle_leaves_a_doubt_that_ends_when_it_answers(
    lab: Lab, site: Site, first: Host, second: Host
) -> None:
    guest = lab.guest(first, "web1")
    with site.balancer(EMPTY, migration=migration(first)) as balancer:
        on_its_way(guest, second)
        second.libvirtd("STOP")
        assert balancer.program.says("in doubt: web1 from dom0-1 to dom0-2: no end after ")
        assert "dom0-2 did not answer; ask there where web1 is" in balancer.program.said
        assert [call.state for call in calls(site, first)] == ["under way"], "its call hangs, and holds up nobody"
        second.libvirtd("CONT")
        outcome = balancer.outcome()
        assert balancer.program.end() == 0
        assert len(balancer.orders()) == 1
    ran_once(lab, guest, second if outcome == "done" else first)
    assert outcome in {"done", "failed"}


@XEN
def test_a_libvirtd_that_is_killed_at_the_source_leaves_half_a_copy_at_the_target(
    lab: Lab, site: Site, first: Host, second: Host
) -> None:
    guest = lab.guest(first, "web1")
    with site.balancer(EMPTY) as balancer:
        on_its_way(guest, second)
        first.libvirtd("KILL")
        first.start_libvirtd()
        assert balancer.program.says(
            "in doubt: web1 from dom0-1 to dom0-2: web1 runs on dom0-1, and a copy that does not"
        )
        assert "on dom0-2 restart libvirtd, then `virsh destroy web1`" in balancer.program.said
        second.libvirtd("KILL")
        second.start_libvirtd()
        second.tried("virsh destroy web1 || xl destroy web1")
        assert balancer.outcome() == "failed", balancer.program.said
        assert balancer.program.end() == 0
    ran_once(lab, guest, first)


@XEN
def test_a_guest_that_is_falsely_called_paused_is_known_to_run(lab: Lab, site: Site, first: Host, second: Host) -> None:
    guest, other = lab.guest(first, "web1"), lab.guest(second, "web1")
    code, said = first.tried(f"virsh migrate --live --p2p web1 {second.uri}")
    assert (code != 0, "already exists" in said) == (True, True), said
    assert "paused" in first.run("virsh domstate web1")

    def told() -> tuple[str, str]:
        seen = site.vm(first, guest)
        return (seen.state, seen.note) if seen else ("", "")

    assert soon(lambda: told() == ("running", "falsely paused")), told()
    second.run(f"virsh destroy {other.uuid}")
    with site.balancer(EMPTY) as balancer:
        assert balancer.program.says("web1 stays: falsely paused", times=2)
        first.libvirtd("KILL")
        first.start_libvirtd()
        assert balancer.outcome() == "done", balancer.program.said
        assert balancer.program.end() == 0
    assert lab.counts_on(guest) == [second.name]


def test_a_guest_that_is_handed_over_runs_on_once_its_source_is_rid_of_it(
    lab: Lab, site: Site, first: Host, second: Host
) -> None:
    guest = lab.guest(first, "web1")
    with site.balancer(EMPTY, migration=migration(first, grace="150s", hand_over=True)) as balancer:
        assert balancer.outcome() == "done", balancer.program.said
        assert balancer.program.end() == 0
        assert len(balancer.orders()) == 1
    ran_once(lab, guest, second)


def test_a_guest_that_was_moved_by_hand_is_seen_to_be_and_rests(
    lab: Lab, site: Site, first: Host, second: Host
) -> None:
    guest = lab.guest(first, "web1")
    with site.balancer("") as balancer:
        balancer.rounds_on(1)
        first.run(f"virsh migrate --live web1 {second.uri}", seconds=MOVE)
        assert balancer.program.says("moved by others: web1 from dom0-1 to dom0-2; it rests")
        assert balancer.program.end() == 0
        assert balancer.orders() == []
    ran_once(lab, guest, second)
