"""What happens to libvirtd, and to what is left of a migration: as both hosts report it."""

import pytest

from tests.agents.hypervisor.playing import TWO, farm, move, transcript

CUT = "failed after {} s: internal error: client socket is closed"


def after(*events: str, begin: float = 40, instants: tuple[float, ...]) -> list[str]:
    """web1 is sent to hv2 at `begin`; round r's events happen at (r - 1) * 30 s."""
    playing = farm(f"{TWO}events: [{', '.join(f'{{{event}}}' for event in events)}]")
    move(playing, "web1", "hv2", now=begin)
    return transcript(playing, *instants)


def test_towards_a_stopped_libvirtd_nothing_begins() -> None:
    stop, start = "round: 2, host: hv2, event: libvirtd-stops", "round: 3, host: hv2, event: libvirtd-restart"
    assert after(stop, start, instants=(42, 62)) == [
        "42 s  hv1: #1 running* (4968)  no report",
        "62 s  hv1: #1 running* (4968)  hv2: empty (7168)",
        "o1: failed after 0 s: unable to connect to server at 'hv2:16509': Connection refused",
    ]


def test_a_stopped_libvirtd_sends_nothing_away() -> None:
    assert after("round: 2, host: hv1, event: libvirtd-stops", instants=(42,)) == [
        "42 s  no report  hv2: empty (7168)",
        "o1: failed after 0 s: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Connection refused",
    ]


def test_towards_a_hung_libvirtd_the_call_never_returns_until_that_is_killed() -> None:
    hang = "round: 2, host: hv2, event: libvirtd-hangs"
    assert after(hang, instants=(42, 3600)) == [
        "42 s  hv1: #1 running* (4968)  no report",
        "3600 s  hv1: #1 running* (4968)  no report",
        "o1: under way after 3560 s",
    ]
    assert after(hang, "round: 5, host: hv2, event: libvirtd-restart", instants=(122,)) == [
        "122 s  hv1: #1 running* (4968)  hv2: empty (7168)",
        f"o1: {CUT.format(80)}",
    ]


def test_a_target_whose_libvirtd_is_killed_keeps_an_orphan_until_that_is_restarted_again() -> None:
    kill, again = "round: 3, host: hv2, event: libvirtd-restart", "round: 4, host: hv2, event: libvirtd-restart"
    assert after(kill, again, begin=50, instants=(52, 62, 92)) == [
        "52 s  hv1: #1 running* (4968)  hv2: #1 arriving (4968)",
        "62 s  hv1: #1 running* (4968)  hv2: #1 paused (4968)",
        "92 s  hv1: #1 running* (4968)  hv2: empty (7168)",
        f"o1: {CUT.format(10)}",
    ]


def test_a_source_whose_libvirtd_is_killed_loses_the_call_and_the_target_keeps_an_orphan() -> None:
    kill, start = "round: 3, host: hv1, event: libvirtd-stops", "round: 4, host: hv1, event: libvirtd-restart"
    assert after(kill, start, begin=50, instants=(62, 92)) == [
        "62 s  no report  hv2: #1 paused (4968)",
        "92 s  hv1: #1 running* (4968)  hv2: #1 paused (4968)",
        "o1: lost after 10 s",
    ]


def test_a_call_that_waits_at_a_libvirtd_is_lost_with_it() -> None:
    playing = farm(f"{TWO}events: [{{round: 3, host: hv1, event: libvirtd-restart}}]")
    move(playing, "web1", "hv2", order="o1", now=50)
    move(playing, "web1", "hv2", order="o2", now=55)
    assert transcript(playing, 62, 600)[1:] == [
        "600 s  hv1: #1 running* (4968)  hv2: #1 paused (4968)",
        "o1: lost after 10 s",
        "o2: lost after 5 s",
    ]


@pytest.mark.parametrize("host", ["hv1", "hv2"])
def test_what_is_under_way_stands_still_while_a_libvirtd_hangs(host: str) -> None:
    hang, kill = f"round: 3, host: {host}, event: libvirtd-hangs", f"round: 9, host: {host}, event: libvirtd-restart"
    *_looks, last, call = after(hang, kill, begin=50, instants=(100, 242))
    assert last == "242 s  hv1: #1 running* (4968)  hv2: #1 paused (4968)"
    assert call == {"hv1": "o1: lost after 190 s", "hv2": f"o1: {CUT.format(190)}"}[host]


def test_a_doubled_vm_is_stopped_wherever_it_runs() -> None:
    double, stop = "round: 1, vm: web1, event: migration-doubles", "round: 4, vm: web1, event: vm-stopped"
    assert after(double, stop, instants=(62, 92))[:2] == [
        "62 s  hv1: #1 running* (4968)  hv2: #1 running* (4968)",
        "92 s  hv1: empty (7168)  hv2: empty (7168)",
    ]


def test_what_is_destroyed_at_one_end_goes_on_at_the_other() -> None:
    double, stop = "round: 1, vm: web1, event: migration-doubles", "round: 4, vm: web1, host: hv2, event: destroyed"
    assert after(double, stop, instants=(92,))[0] == "92 s  hv1: #1 running* (4968)  hv2: empty (7168)"


def test_a_vm_is_not_moved_by_hand_to_where_an_orphan_of_it_is() -> None:
    orphan, by_hand = "round: 1, vm: web1, event: migration-orphans", "round: 7, vm: web1, to: hv2, event: moved"
    assert after(orphan, by_hand, instants=(182,))[0] == "182 s  hv1: #1 running* (4968)  hv2: #1 paused (4968)"


def test_a_rebooted_host_has_a_libvirtd_that_is_up_and_no_orphans() -> None:
    orphan, hang = "round: 1, vm: web1, event: migration-orphans", "round: 6, host: hv2, event: libvirtd-hangs"
    assert after(orphan, hang, "round: 7, host: hv2, event: reboot", instants=(152, 182))[:2] == [
        "152 s  hv1: #1 running* (4968)  no report",
        "182 s  hv1: #1 running* (4968)  hv2: empty (7168)",
    ]
