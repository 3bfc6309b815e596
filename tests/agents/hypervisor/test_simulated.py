"""The simulated farm: what its hosts report, round by round, and what becomes of migrations and events."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.hypervisor.events import Event
from agents.hypervisor.simulated import SimulatedFarm
from agents.hypervisor.simulated.fates import FORETOLD
from agents.report import decode, encode
from tests.agents.hypervisor.playing import TWO, at_round, farm, move, names, only_vm, scenario


def test_the_transcript_of_2010_gets_its_numbers() -> None:
    playing = farm("""
hosts:
  - {name: hypervisor2, cores: 8, memory: 32GiB, load: "0.0x1 0.16"}
  - {name: hypervisor3, cores: 8, memory: 32GiB, load: "1.11 1.33"}
vms:
  - {name: test3, host: hypervisor3, vcpus: 2, memory: 2GiB, counter: 18.3, cpu: "0 0.05 0.0566667"}
""")
    seen = [at_round(playing, number, "hypervisor3") for number in (1, 2, 3)]
    counters = [only_vm(report).counter for report in seen]
    assert [round(counter.cpu_ns / 1e9, 1) for counter in counters] == [18.3, 19.8, 21.5]
    assert [counter.eaten_ns and round(counter.eaten_ns / 1e9, 1) for counter in counters] == [None, 1.5, 1.7]
    assert [report and report.load for report in seen] == [1.11, 1.33, 1.33]
    assert [report and report.load for report in [playing.report("hypervisor2")]] == [0.16]


def test_a_host_tells_the_facts_that_the_scenario_gives_it() -> None:
    playing = farm("""
hosts:
  - {name: hv1, cores: 4, memory: 8GiB, facts: {rack: a, width: "19", kernelrelease: 5.10.0}}
  - {name: hv2, cores: 4, memory: 8GiB}
vms: []
""")
    told = [playing.report(host) for host in ("hv1", "hv2")]
    assert [each and dict(each.facts) for each in told] == [
        {"rack": "a", "width": "19", "kernelrelease": "5.10.0"}, {}
    ]  # fmt: skip


def test_load_is_the_demand_of_the_interval_that_ends() -> None:
    playing = farm("""
hosts: [{name: hv1, cores: 4, memory: 8GiB}]
vms:
  - {name: a, host: hv1, memory: 1GiB, cpu: 1 2 3}
  - {name: b, host: hv1, memory: 1GiB, cpu: "0.5"}
""")
    reports = [at_round(playing, number, "hv1") for number in (1, 2, 3, 4)]
    assert [report and report.load for report in reports] == [1.5, 2.5, 3.5, 3.5]
    assert [playing.demand("hv1"), playing.now] == [3.5, 90.0]


def test_who_asks_for_more_than_the_cores_gets_a_share_and_the_load_shows_the_queue() -> None:
    playing = farm("""
hosts: [{name: hv1, cores: 3, memory: 8GiB}]
vms:
  - {name: a, host: hv1, memory: 1GiB, cpu: 0 4 1}
  - {name: b, host: hv1, memory: 1GiB, cpu: 0 2 1}
""")
    at_round(playing, 1, "hv1")
    hot = at_round(playing, 2, "hv1")
    assert hot is not None
    assert hot.load == 6.0
    assert [vm.counter.eaten_ns for vm in hot.vms] == [60 * 10**9, 30 * 10**9]
    assert playing.overload_seconds == 30.0
    cool = at_round(playing, 3, "hv1")
    assert cool is not None
    assert [vm.counter.eaten_ns for vm in cool.vms] == [30 * 10**9, 30 * 10**9]
    assert playing.overload_seconds == 30.0


def test_overload_is_counted_while_it_lasts() -> None:
    playing = farm("hosts: [{name: h, cores: 1, memory: 8GiB}]\nvms: [{name: a, host: h, memory: 1GiB, cpu: 0 2 0}]")
    playing.advance(12.5)
    assert playing.overload_seconds == 12.5


def test_a_migration_takes_memory_through_bandwidth_and_ends_with_a_new_counter() -> None:
    playing = farm(TWO)
    before = only_vm(at_round(playing, 1, "hv1"))
    move(playing, "web1", "hv2")
    playing.advance(19.9)
    assert [only_vm(playing.report(host)).state for host in ("hv1", "hv2")] == ["running", "arriving"]
    arriving = only_vm(playing.report("hv2"))
    assert (arriving.counter.cpu_ns, arriving.counter.eaten_ns) == (0, 0)
    assert [playing.report(host).memory_free_mb for host in ("hv1", "hv2")] == [4968.0, 4968.0]
    assert playing.outcome("o1").state == "under way"
    after = at_round(playing, 2, "hv2")
    assert names(playing.report("hv1")) == []
    assert only_vm(after).uuid == before.uuid
    assert only_vm(after).domain_id == arriving.domain_id
    assert only_vm(after).state == "running"
    assert only_vm(after).counter.cpu_ns == 10 * 10**9 // 2
    assert only_vm(after).counter.eaten_ns is None
    outcome = playing.outcome("o1")
    assert outcome is not None
    assert (outcome.state, outcome.seconds) == ("done", 20.0)
    assert playing.report("hv1").orders == (outcome,)
    assert playing.placement == {"web1": "hv2"}


def test_an_order_that_is_given_twice_moves_once() -> None:
    playing = farm(TWO)
    move(playing, "web1", "hv2")
    playing.advance(60)
    move(playing, "web1", "hv1", order="o1")
    playing.advance(120)
    assert playing.placement == {"web1": "hv2"}


@pytest.mark.parametrize(
    ("change", "target", "words"),
    [
        ("", "hv1", "Attempt to migrate guest to the same host hv1"),
        ("", "hv3", "unable to connect to server at 'hv3': No route to host"),
        ("events: [{round: 1, host: hv2, event: lost}]", "hv2", "unable to connect to server at 'hv2'"),
        ("events: [{round: 1, vm: web1, event: vm-stopped}]", "hv2", "no domain with matching uuid"),
    ],
)
def test_what_cannot_start_fails_at_once_and_leaves_the_vm_alone(change: str, target: str, words: str) -> None:
    playing = farm(TWO + change)
    where = playing.placement
    move(playing, "web1", target)
    outcome = playing.outcome("o1")
    assert outcome is not None
    assert (outcome.state, outcome.seconds) == ("failed", 0.0)
    assert words in outcome.error
    playing.advance(300)
    assert playing.placement == where


def test_an_unknown_order_is_unknown() -> None:
    assert farm(TWO).outcome("o1") is None


def test_a_vm_with_passed_through_devices_stays() -> None:
    playing = farm(TWO.replace("counter: 100", "passthrough: true"))
    move(playing, "web1", "hv2")
    assert "has assigned host devices" in playing.outcome("o1").error


@pytest.mark.parametrize("subject", ["vm: web1", "host: hv1", "host: hv2"])
def test_the_next_migration_fails_where_an_event_says_so_and_the_one_after_does_not(subject: str) -> None:
    playing = farm(f"{TWO}events: [{{round: 2, {subject}, event: migration-fails}}]")
    playing.advance(30)
    move(playing, "web1", "hv2", order="o1")
    playing.advance(60)
    assert playing.outcome("o1").state == "failed"
    move(playing, "web1", "hv2", order="o2")
    playing.advance(90)
    assert playing.outcome("o2").state == "done"


def test_a_migration_that_hangs_never_ends_and_holds_its_memory_at_both_ends() -> None:
    playing = farm(f"{TWO}events: [{{round: 1, vm: web1, event: migration-hangs}}]")
    move(playing, "web1", "hv2")
    playing.advance(86_400)
    outcome = playing.outcome("o1")
    assert outcome is not None
    assert (outcome.state, outcome.seconds) == ("under way", 86_400.0)
    assert playing.report("hv2").memory_free_mb == 4968.0


def test_chance_decides_by_the_seed_alone() -> None:
    def fates(seed: int) -> list[str]:
        playing = farm(f"migration: {{failure: 0.5}}{TWO}", seed)
        for number in range(20):
            target = "hv2" if playing.placement["web1"] == "hv1" else "hv1"
            move(playing, "web1", target, order=str(number))
            playing.advance(playing.now + 30)
        return [playing.outcome(str(number)).state for number in range(20)]

    assert fates(1) == fates(1) != fates(2)
    assert set(fates(1)) == {"done", "failed"}


# -- events ------------------------------------------------------------------------------------------------------------


def heard(events: str, host: str = "hv1", rounds: int = 4) -> list[list[str] | None]:
    """For each round the VMs that the host reports, None where it is silent."""
    playing = farm(f"{TWO}events:\n{events}")
    reports = (at_round(playing, number, host) for number in range(1, rounds + 1))
    return [report if report is None else names(report) for report in reports]


def test_a_silent_host_says_nothing_until_it_answers() -> None:
    assert heard("  - {round: 2, host: hv1, event: silent}\n  - {round: 4, host: hv1, event: answers}") == [
        ["web1"],
        None,
        None,
        ["web1"],
    ]


def test_a_lost_host_takes_its_vms_along_and_appears_empty() -> None:
    assert heard("  - {round: 2, host: hv1, event: lost}\n  - {round: 4, host: hv1, event: appears}") == [
        ["web1"],
        None,
        None,
        [],
    ]


def test_a_host_that_appears_was_not_there_before() -> None:
    assert heard("  - {round: 3, host: hv2, event: appears}", host="hv2") == [None, None, [], []]


def test_a_host_brings_the_vms_along_that_were_never_elsewhere() -> None:
    assert heard("  - {round: 3, host: hv1, event: appears}") == [None, None, ["web1"], ["web1"]]


def test_a_vm_stops_and_starts() -> None:
    assert heard("  - {round: 2, vm: web1, event: vm-stopped}\n  - {round: 4, vm: web1, event: vm-started}") == [
        ["web1"],
        [],
        [],
        ["web1"],
    ]


def test_a_vm_that_is_started_was_not_there_before_and_begins_with_its_counter() -> None:
    playing = farm(f"{TWO}events: [{{round: 2, vm: web1, event: vm-started}}]")
    assert names(at_round(playing, 1, "hv1")) == []
    assert only_vm(at_round(playing, 2, "hv1")).counter.cpu_ns == 100 * 10**9


def test_an_operator_moves_a_vm() -> None:
    playing = farm(f"{TWO}events: [{{round: 2, vm: web1, to: hv2, event: moved}}]")
    playing.advance(30)
    assert (names(playing.report("hv1")), names(playing.report("hv2"))) == ([], ["web1"])


def test_a_host_that_was_rebooted_has_another_boot_and_its_vms_begin_anew() -> None:
    playing = farm(f"{TWO}events: [{{round: 3, host: hv1, event: reboot}}]")
    before, after = at_round(playing, 2, "hv1"), at_round(playing, 3, "hv1")
    assert before is not None
    assert after is not None
    assert after.boot_id != before.boot_id
    assert after.uptime == 0.0
    assert (only_vm(after).counter.cpu_ns, only_vm(after).counter.eaten_ns) == (0, None)
    assert only_vm(at_round(playing, 4, "hv1")).counter.eaten_ns == 15 * 10**9


def test_a_vm_that_was_rebooted_is_another_domain_with_a_counter_from_0() -> None:
    playing = farm(f"{TWO}events: [{{round: 2, vm: web1, event: reboot}}]")
    before, after = only_vm(at_round(playing, 1, "hv1")), only_vm(at_round(playing, 2, "hv1"))
    assert after.domain_id != before.domain_id
    assert (after.counter.cpu_ns, after.counter.eaten_ns) == (0, None)


def test_maintenance_is_reported_until_the_host_is_ready() -> None:
    playing = farm(f"{TWO}events: [{{round: 2, host: hv1, event: maintenance}}, {{round: 3, host: hv1, event: ready}}]")
    reports = [at_round(playing, number, "hv1") for number in (1, 2, 3)]
    assert [report and report.maintenance for report in reports] == [False, True, False]


@pytest.mark.parametrize(
    ("event", "where"),
    [
        ("host: hv1, event: lost", {}),
        ("host: hv2, event: lost", {"web1": "hv1"}),
        ("vm: web1, event: vm-stopped", {}),
        ("vm: web1, event: reboot", {"web1": "hv1"}),
        ("host: hv1, event: reboot", {"web1": "hv1"}),
        ("host: hv2, event: reboot", {"web1": "hv1"}),
        ("vm: web1, to: hv2, event: moved", {"web1": "hv2"}),
    ],
)
def test_a_migration_ends_with_what_happens_to_its_vm_or_hosts(event: str, where: dict[str, str]) -> None:
    playing = farm(f"{TWO}events: [{{round: 2, {event}}}]")
    move(playing, "web1", "hv2", now=15.0)
    playing.advance(600)
    assert playing.outcome("o1").state == "failed"
    assert playing.placement == where


def test_a_round_without_report_is_written_as_an_underscore() -> None:
    playing = farm("""
hosts:
  - {name: hv1, cores: 4, memory: 8GiB}
  - {name: hv2, cores: 4, memory: 8GiB, load: 1 _ 1}
vms:
  - {name: web1, host: hv1, memory: 1GiB, cpu: "0 0.5 _ 0.5"}
""")
    assert [at_round(playing, number, "hv2") is None for number in (1, 2, 3)] == [False, True, False]
    assert names(playing.report("hv1")) == []
    assert only_vm(at_round(playing, 4, "hv1")).counter.cpu_ns == 45 * 10**9


# -- what always holds -------------------------------------------------------------------------------------------------

FARM = """
migration: {bandwidth: 50MiB/s, failure: 0.3}
hosts:
  - {name: hv0, cores: 2, memory: 6GiB}
  - {name: hv1, cores: 3, memory: 6GiB}
  - {name: hv2, cores: 4, memory: 6GiB}
vms:
  - {name: vm0, host: hv0, memory: 1GiB, cpu: 0.3 1.7x2 0.1+0.3x4}
  - {name: vm1, host: hv0, memory: 1GiB, cpu: "1"}
  - {name: vm2, host: hv1, memory: 2GiB, cpu: 0 1.333333x3 3.14159}
  - {name: vm3, host: hv2, memory: 2GiB, cpu: 5 0x3 _ 2.5}
"""
EVENTS = [
    *(
        {"event": kind, "host": host}
        for kind in (
            "silent",
            "answers",
            "lost",
            "appears",
            "reboot",
            "libvirtd-stops",
            "libvirtd-hangs",
            "libvirtd-restart",
        )
        for host in ("hv0", "hv1")
    ),
    *(
        {"event": kind, "vm": vm}
        for kind in ("vm-stopped", "vm-started", "reboot", "resumed", *sorted(set(FORETOLD) - {"migration-doubles"}))
        for vm in ("vm0", "vm2")
    ),
    {"event": "moved", "vm": "vm0", "to": "hv2"},
    {"event": "destroyed", "vm": "vm0", "host": "hv0"},
]
histories = st.fixed_dictionaries({
    "events": st.lists(st.tuples(st.integers(1, 8), st.sampled_from(EVENTS)), max_size=6),
    "moves": st.lists(
        st.tuples(
            st.integers(0, 240_000),
            st.sampled_from(["vm0", "vm1", "vm2", "vm3"]),
            st.sampled_from(["hv0", "hv1", "hv2"]),
        ),
        max_size=8,
    ).map(sorted),
    "seed": st.integers(0, 3),
})  # fmt: skip


def play(history: dict[str, Any], *, looks: list[int]) -> tuple[list[str], SimulatedFarm]:
    """The reports of eight rounds as bytes; `looks` are further instants (ms) at which time is let go by."""
    events = tuple(Event(round=number, **event) for number, event in history["events"])
    playing = SimulatedFarm(scenario(FARM).model_copy(update={"events": events}), history["seed"])
    happenings: list[tuple[float, int, Any]] = [
        (ms / 1000, 0, (str(i), vm, to)) for i, (ms, vm, to) in enumerate(history["moves"])
    ]
    happenings += [(number * 30.0, 2, None) for number in range(8)] + [(ms / 1000, 1, None) for ms in looks]
    told = []
    for now, kind, what in sorted(happenings, key=lambda happening: happening[:2]):
        playing.advance(now)
        if kind == 0:
            order, vm, to = what
            move(playing, vm, to, order, now)
        if kind == 2:
            told += [encode(report) for host in ("hv0", "hv1", "hv2") if (report := playing.report(host))]
    return told, playing


@settings(max_examples=60, deadline=None)
@given(histories, st.lists(st.integers(0, 240_000), max_size=10))
def test_the_same_history_gives_the_same_bytes_in_however_many_steps_time_goes_by(
    history: dict[str, Any], looks: list[int]
) -> None:
    assert play(history, looks=[])[0] == play(history, looks=looks)[0]


@settings(max_examples=60, deadline=None)
@given(histories)
def test_no_vm_is_ever_at_two_places_and_none_gets_lost(history: dict[str, Any]) -> None:
    _told, playing = play({**history, "events": []}, looks=[])
    shown = [vm for host in ("hv0", "hv1", "hv2") if (report := playing.report(host)) for vm in report.vms]
    assert Counter(vm.name for vm in shown if vm.state == "running") == Counter(["vm0", "vm1", "vm2", "vm3"])
    _told, playing = play(history, looks=[])
    hosts = playing._world.hosts.values()
    running = [copy.spec.name for host in hosts for copy in host.copies.values() if copy.condition.state == "running"]
    assert Counter(running) == Counter(list(playing.placement))
    assert all(host.memory_free >= 0 for host in hosts)


@settings(max_examples=60, deadline=None)
@given(histories)
def test_nobody_eats_backwards_or_more_than_there_is(history: dict[str, Any]) -> None:
    told, _playing = play(history, looks=[])
    for text in told:
        report = decode(text)
        eaten = [vm.counter for vm in report.vms if vm.counter.eaten_ns is not None]
        longest = max((counter.interval for counter in eaten), default=0.0)
        assert sum(counter.eaten_ns for counter in eaten) <= report.cores * longest * 1e9 + 1 + 15 * len(eaten)
