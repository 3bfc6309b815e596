"""How calls for migrations go: what libvirt does not check, what waits, what arrives paused, what cannot even begin."""

import pytest

from agents.hypervisor import HypervisorError
from agents.hypervisor.simulated import SimulatedFarm
from tests.agents.hypervisor.playing import TWO, call, farm, migration, move, only_vm, transcript

BIG = "  - {name: big, host: hv2, memory: 6GiB}\n"


def test_nobody_checks_the_memory_so_it_fails_in_the_end() -> None:
    playing = farm(TWO + BIG)
    move(playing, "web1", "hv2", now=40)
    assert transcript(playing, 42, 56) == [
        "42 s  hv1: #1 running* (4968)  hv2: #1 running, #2 arriving (0)",
        "56 s  hv1: #1 running* (4968)  hv2: #1 running (1024)",
        "o1: failed after 15 s: internal error: Failed to send migration data to destination host",
    ]


def test_whatever_fits_arrives() -> None:
    playing = farm(TWO + BIG.replace("6GiB", "4968MiB"))
    move(playing, "web1", "hv2", now=40)
    assert transcript(playing, 62) == [
        "62 s  hv1: empty (7168)  hv2: #1 running, #2 running* (0)",
        "o1: done after 20 s",
    ]


def test_a_second_call_waits_for_the_first_and_then_finds_no_domain() -> None:
    playing = farm(TWO)
    move(playing, "web1", "hv2", order="o1", now=40)
    move(playing, "web1", "hv2", order="o2", now=45)
    uuid = only_vm(playing.report("hv1")).uuid
    assert call(playing, "o2") == "under way after 0 s"
    assert transcript(playing, 62) == [
        "62 s  hv1: empty (7168)  hv2: #1 running* (4968)",
        "o1: done after 20 s",
        f"o2: failed after 15 s: Domain not found: no domain with matching uuid '{uuid}' (web1)",
    ]


def test_a_second_call_goes_on_where_the_first_one_failed() -> None:
    playing = farm(f"{TWO}events: [{{round: 1, vm: web1, event: migration-fails}}]")
    move(playing, "web1", "hv2", order="o1", now=40)
    move(playing, "web1", "hv2", order="o2", now=45)
    assert transcript(playing, 62, 82) == [
        "62 s  hv1: #1 running* (4968)  hv2: #2 arriving (4968)",
        "82 s  hv1: empty (7168)  hv2: #2 running* (4968)",
        "o1: failed after 20 s: Failed to send migration data to destination host",
        "o2: done after 35 s",
    ]


def test_towards_a_host_that_holds_an_orphan_of_it_the_source_is_falsely_paused_until_it_gets_away() -> None:
    playing = farm(
        f"{TWO}events: [{{round: 1, vm: web1, event: migration-orphans}}, "
        "{round: 7, vm: web1, host: hv2, event: destroyed}]"
    )
    move(playing, "web1", "hv2", order="o1", now=40)
    move(playing, "web1", "hv2", order="o2", now=160)
    move(playing, "web1", "hv2", order="o3", now=190)
    assert transcript(playing, 195, 212) == [
        "195 s  hv1: #1 falsely paused* (4968)  hv2: #2 arriving (4968)",
        "212 s  hv1: empty (7168)  hv2: #2 running* (4968)",
        "o1: failed after 109 s: internal error: client socket is closed",
        "o2: failed after 0.2 s: Requested operation is not valid: domain 'web1' is already active",
        "o3: done after 20 s",
    ]


def test_handed_over_it_waits_paused_until_it_is_taken_over() -> None:
    playing = farm(TWO)
    move(playing, "web1", "hv2", now=40, hand_over=True)
    uuid = only_vm(playing.report("hv1")).uuid
    with pytest.raises(HypervisorError, match="domain 'web1' did not arrive on hv2 to be taken over"):
        playing.take_over("hv2", uuid, 50)
    assert transcript(playing, 62)[0] == "62 s  hv1: empty (7168)  hv2: #1 paused (4968)"
    assert (playing.host_of(uuid), only_vm(playing.report("hv2")).counter.cpu_ns) == (None, 0)
    with pytest.raises(HypervisorError, match=f"Domain not found: '{uuid}' is not on hv1"):
        playing.take_over("hv1", uuid, 65)
    playing.take_over("hv2", uuid, 70)
    assert transcript(playing, 72)[0] == "72 s  hv1: empty (7168)  hv2: #1 running* (4968)"
    assert (playing.host_of(uuid), only_vm(playing.report("hv2")).counter.cpu_ns) == ("hv2", 10**9)


def test_a_doubled_one_that_was_to_be_handed_over_runs_once() -> None:
    playing = farm(f"{TWO}events: [{{round: 1, vm: web1, event: migration-doubles}}]")
    move(playing, "web1", "hv2", now=40, hand_over=True)
    assert transcript(playing, 62)[0] == "62 s  hv1: #1 running* (4968)  hv2: #1 paused (4968)"


def test_a_domain_that_is_another_one_by_now_is_not_touched() -> None:
    playing = farm(f"{TWO}events: [{{round: 2, vm: web1, event: reboot}}]")
    move(playing, "web1", "hv2", now=40, domain_id=1)
    assert transcript(playing, 42) == [
        "42 s  hv1: #2 running* (4968)  hv2: empty (7168)",
        "o1: failed after 0 s: domain 'web1' has the id 2 by now, not 1",
    ]
    move(playing, "web1", "hv2", order="o2", domain_id=2)
    assert call(playing, "o2") == "under way after 0 s"


def counters(playing: SimulatedFarm, host: str, *instants: float) -> list[int]:
    told = []
    for instant in instants:
        playing.advance(instant)
        told.append(only_vm(playing.report(host)).counter.cpu_ns)
    return told


IDLE = TWO.replace("cpu: 0.5, counter: 100", "cpu: 0")


def test_an_idle_vm_that_arrived_is_seen_to_run() -> None:
    playing = farm(IDLE)
    move(playing, "web1", "hv2")
    assert counters(playing, "hv2", 20, 20.5, 21, 21.5, 27, 28, 29, 32, 600) == [0, 1, 1, 2, 7, 8, 8, 9, 151]


@pytest.mark.parametrize("target", ["hv2", "hv9"])
def test_an_idle_vm_that_stayed_is_seen_to_run_as_well(target: str) -> None:
    playing = farm(f"{IDLE}events: [{{round: 1, vm: web1, event: migration-fails}}]")
    assert counters(playing, "hv1", 0, 10) == [0, 0]
    move(playing, "web1", target)
    playing.advance(30)
    (before, *after) = counters(playing, "hv1", 30, 34, 38)
    assert 0 < before < after[0] < after[1]


def test_an_order_tells_whom_it_moves_where_and_since_when() -> None:
    playing = farm(TWO)
    move(playing, "web1", "hv2")
    playing.advance(50)
    outcome = playing.outcome("o1")
    assert outcome is not None
    assert (outcome.vm, outcome.target, outcome.seconds, outcome.age) == ("web1", "hv2", 20.0, 50.0)
    assert playing.departure(migration(playing, "web1", "hv1")) == ()
