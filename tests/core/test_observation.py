"""What the reports of a round amount to, told on reports made by hand."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from agents.report import Counter, Report
from balancer.core.model import Discovered, Gathering, Observation, OrderState, State, Vm
from balancer.core.observation import FORGET_SIGHTING, observe
from tests.farms import Farm, Rounds, farm, journey, moves

SECOND = 10**9
IDLE = "rule none when host.cpu > 100% move vm by most cpu to host by least cpu"


def counted(farm: Farm, vm: str, *seen: tuple[int, float]) -> list[Vm]:
    """The VM as observed, one observation for each counter (ns) and instant."""
    state, told = State(), []
    for number, (cpu_ns, instant) in enumerate(seen):
        farm.vms[vm].cpu_ns, farm.time = cpu_ns, instant
        looked = observe(state, farm.gathering(), 30.0 * number)
        told.append(vm_named(looked.observation, vm))
        state = State(references=looked.references, sightings=looked.sightings)
    return told


def vm_named(observation: Observation, name: str) -> Vm:
    return next(vm for vm in observation.vms if vm.name == name)


def busy(observation: Observation, host: str) -> float | None:
    return next(each.busy for each in observation.hosts if each.name == host)


# -- counters ---------------------------------------------------------------------------------------------------------


def test_a_vm_ate_what_its_counter_grew_since_its_reference() -> None:
    _, second = counted(farm("xen1: web1 0"), "web1", (18 * SECOND, 0.0), (33 * SECOND, 30.0))
    assert (second.eaten, second.cpu, second.counter) == (15.0, 0.5, 33.0)


def test_a_counter_seen_for_the_first_time_is_a_reference_and_eats_nothing() -> None:
    (first,) = counted(farm("xen1: web1 0"), "web1", (18 * SECOND, 0.0))
    assert (first.is_new, first.eaten, first.cpu, first.counter) == (True, 0.0, None, 18.0)


def test_a_counter_that_runs_backwards_is_a_new_reference() -> None:
    _, fallen, after = counted(
        farm("xen1: web1 0"), "web1", (90 * SECOND, 0.0), (2 * SECOND, 30.0), (17 * SECOND, 60.0)
    )
    assert (fallen.is_new, fallen.eaten) == (True, 0.0)
    assert (after.is_new, after.eaten) == (False, 15.0)


def test_a_sample_that_is_older_than_its_reference_eats_nothing() -> None:
    _, late = counted(farm("xen1: web1 0"), "web1", (15 * SECOND, 30.0), (15 * SECOND, 20.0))
    assert (late.is_new, late.eaten) == (True, 0.0)


@pytest.mark.parametrize("change", [{"web1": {"domain_id": 2}}, {"xen1": {"boot": 2}}, {"web1": {"uuid": "another"}}])
def test_a_counter_whose_identity_changed_is_a_new_reference(change: dict[str, dict[str, object]]) -> None:
    play = Rounds(farm("xen1: web1 2.0"), IDLE)
    play.next()
    play.farm.with_(**change)
    changed = vm_named(play.next().observation, "web1")
    again = vm_named(play.next().observation, "web1")
    assert (changed.is_new, changed.eaten) == (True, 0.0)
    assert (again.is_new, again.eaten) == (False, 60.0)


def test_a_lost_report_costs_nothing_the_next_one_spans_two_rounds() -> None:
    play = Rounds(farm("xen1: web1 2.0 | xen2:"), IDLE)
    play.next()
    play.next(silent=["xen1"])
    web1 = vm_named(play.next().observation, "web1")
    assert (web1.eaten, web1.cpu) == (120.0, 2.0)


def test_a_silent_host_keeps_its_references_and_no_other_does() -> None:
    play = Rounds(farm("xen1: web1 1 | xen2: web2 1"), IDLE)
    play.next()
    del play.farm.vms["web2"]
    decision = play.next(silent=["xen1"])
    assert [each.uuid for each in decision.state.references] == ["uuid-web1"]
    assert decision.observation.silent == ("xen1",)


def test_at_first_sight_the_agents_own_delta_tells_what_a_vm_uses() -> None:
    report = farm("xen1: web1 0").report("xen1")
    counter = Counter(cpu_ns=500 * SECOND, instant=100.0, eaten_ns=45 * SECOND, interval=30.0)
    told = with_counter(report, counter)
    seen = observe(State(), Gathering((told,), ("xen1",)), 0.0).observation
    assert (seen.vms[0].eaten, seen.vms[0].cpu, busy(seen, "xen1")) == (0.0, 1.5, 1.5)


@pytest.mark.parametrize("interval", [0.0, 0.4])
def test_an_interval_too_short_for_a_rate_tells_nothing(interval: float) -> None:
    told = with_counter(farm("xen1: web1 0").report("xen1"), Counter(SECOND, 1.0, SECOND // 10, interval))
    assert observe(State(), Gathering((told,), ("xen1",)), 0.0).observation.vms[0].cpu is None


def test_a_counter_that_grew_faster_than_its_cpus_can_is_refused_and_counted() -> None:
    play = Rounds(farm("xen1: web1 1.0").with_(web1={"vcpus": 2}), IDLE)
    play.next()
    play.farm.vms["web1"].cpu_ns += 40 * SECOND
    decision = play.next()
    web1 = vm_named(decision.observation, "web1")
    assert decision.observation.refused == {"implausible counter": 1}
    assert (web1.is_new, web1.eaten, web1.cpu) == (True, 0.0, 1.0), "what it was last known to use"
    assert vm_named(play.next().observation, "web1").eaten == 30.0, "the jump itself is never eaten"


def test_five_per_cent_above_its_cpus_is_how_clocks_are_read() -> None:
    play = Rounds(farm("xen1: web1 2.08").with_(web1={"vcpus": 2}), IDLE)
    assert vm_named(play.next().observation, "web1").cpu == pytest.approx(2.08)


def test_after_a_move_a_vm_is_reckoned_with_what_it_last_used() -> None:
    play = Rounds(farm("xen1: web1 2.0 | xen2:"), IDLE)
    play.next()
    play.farm.move("web1", "xen2")
    play.farm.vms["web1"].cpu = 0.5
    arrived, measured = (vm_named(play.next().observation, "web1") for _ in range(2))
    assert (arrived.host, arrived.eaten, arrived.cpu) == ("xen2", 0.0, 2.0)
    assert (measured.eaten, measured.cpu) == (15.0, 0.5)


@given(
    st.lists(
        st.tuples(st.integers(0, 2**63), st.floats(0, 1e9, allow_nan=False)),
        min_size=1,
        max_size=8,
    )
)
def test_nothing_ever_eats_less_than_nothing(seen: list[tuple[int, float]]) -> None:
    for vm in counted(farm("xen1: web1 0"), "web1", *seen):
        assert vm.eaten >= 0.0
        assert vm.cpu is None or 0.0 <= vm.cpu <= vm.vcpus * 1.05
        assert vm.eaten == 0.0 or not vm.is_new


# -- hosts ------------------------------------------------------------------------------------------------------------


def test_a_hosts_busy_cpus_are_its_vms_and_domain_0() -> None:
    play = Rounds(farm("xen1: web1 1.5, web2 0.5 | xen2:").with_(xen1={"own": 0.25}), IDLE)
    seen = play.next().observation
    assert (busy(seen, "xen1"), busy(seen, "xen2")) == (2.25, 0.0)


def test_until_two_samples_make_an_interval_nobody_knows_how_busy_a_host_is() -> None:
    seen = observe(State(), farm("xen1: web1 1 | xen2:").gathering(), 0.0).observation
    assert (busy(seen, "xen1"), busy(seen, "xen2")) == (None, 0.0)


def test_a_host_whose_domain_0_is_not_measured_yet_is_not_measured() -> None:
    made = farm("xen1: web1 1.5").with_(xen1={"own": 0.25})
    play = Rounds(made, IDLE)
    play.next()
    made.hosts["xen1"].own_ns = 0
    reports = made.gathering().reports
    forgotten = tuple(structs.replace(each, own=each.own and structs.replace(each.own, cpu_ns=0)) for each in reports)
    seen = observe(play.state, Gathering(forgotten, ("xen1",)), made.time).observation
    assert (busy(seen, "xen1"), seen.vms[0].cpu) == (None, 1.5)


def test_what_a_host_says_of_itself_is_taken_over() -> None:
    told = farm("xen1:").with_(
        xen1={"load": 3.2, "uptime": 99.0, "maintenance": True, "tags": ("rack:a",), "xen": "4.17", "cpu_group": "amd"}
    )
    (host,) = observe(State(), told.gathering(), 0.0).observation.hosts
    assert (host.load, host.uptime, host.maintenance, host.tags) == (3.2, 99.0, True, ("rack:a",))
    assert (host.xen, host.cpu_group, host.cores, host.memory, host.memory_free) == ("4.17", "amd", 4, 16384, 16384)


# -- who answered -----------------------------------------------------------------------------------------------------


def test_a_host_that_nobody_expects_is_refused() -> None:
    reports = farm("xen1: | evil: web1 1").gathering().reports
    seen = observe(State(), Gathering(reports, ("xen1",)), 0.0).observation
    assert ([host.name for host in seen.hosts], seen.vms, seen.refused) == (["xen1"], (), {"unknown host": 1})


def test_the_same_answer_twice_counts_once() -> None:
    report = farm("xen1: web1 1").report("xen1")
    seen = observe(State(), Gathering((report, report), ("xen1",)), 0.0).observation
    assert (len(seen.hosts), len(seen.vms), seen.refused) == (1, 1, {})


def test_two_different_answers_of_one_host_make_both_worthless() -> None:
    report = farm("xen1: web1 1 | xen2:").report("xen1")
    reports = (report, structs.replace(report, load=99.0), farm("xen2:").report("xen2"))
    seen = observe(State(), Gathering(reports, ("xen1", "xen2")), 0.0).observation
    assert ([host.name for host in seen.hosts], seen.silent) == (["xen2"], ("xen1",))
    assert seen.refused == {"conflicting answers": 2}


def test_what_the_fabric_refused_is_counted_with_the_rest() -> None:
    gathering = Gathering(farm("evil:").gathering().reports, (), {"too large": 2, "unknown host": 1})
    assert observe(State(), gathering, 0.0).observation.refused == {"too large": 2, "unknown host": 2}


def test_the_farm_is_complete_as_far_as_expected_hosts_reported() -> None:
    four = farm("xen1: | xen2: | xen3: | xen4:")
    assert observe(State(), four.gathering(silent=["xen3"]), 0.0).observation.complete == 0.75
    assert observe(State(), Gathering((), ()), 0.0).observation.complete == 0.0


@given(st.permutations(farm("xen1: b 1, a 2 | xen2: c 1 | xen3: | xen4: d 0.5").gathering().reports))
def test_the_order_of_reports_changes_nothing(reports: list[Report]) -> None:
    expected = ("xen1", "xen2", "xen3", "xen4")
    told = observe(State(), Gathering(tuple(reports), expected), 0.0)
    assert told == observe(State(), Gathering(tuple(sorted(reports, key=lambda each: each.host)), expected), 0.0)
    assert [vm.name for vm in told.observation.vms] == ["a", "b", "c", "d"]


# -- doubt ------------------------------------------------------------------------------------------------------------


def test_one_vm_on_two_hosts_is_a_doubt() -> None:
    twice = farm("xen1: web1 1 | xen2: copy 1 | xen3:").with_(copy={"name": "web1", "uuid": "uuid-web1"})
    (doubt,) = observe(State(), twice.gathering(), 0.0).observation.doubts
    assert (doubt.uuid, doubt.name, doubt.hosts) == ("uuid-web1", "web1", ("xen1", "xen2"))


def test_one_vm_twice_on_one_host_is_a_doubt() -> None:
    twice = farm("xen1: web1 1, copy 1").with_(copy={"uuid": "uuid-web1", "domain_id": 2})
    (doubt,) = observe(State(), twice.gathering(), 0.0).observation.doubts
    assert doubt.hosts == ("xen1", "xen1")


@pytest.mark.parametrize(
    ("source", "target", "state", "explained"),
    [
        ("xen1", "xen2", OrderState.UNDER_WAY, True),
        ("xen2", "xen1", OrderState.IN_DOUBT, True),
        ("xen1", "xen3", OrderState.UNDER_WAY, False),
        ("xen1", "xen2", OrderState.DONE, False),
        ("xen1", "xen2", OrderState.FAILED, False),
    ],
)
def test_an_open_order_between_just_these_hosts_explains_it(
    source: str, target: str, state: OrderState, *, explained: bool
) -> None:
    twice = farm("xen1: web1 1 | xen2: copy 1 | xen3:").with_(copy={"uuid": "uuid-web1"})
    play = Rounds(twice, IDLE)
    play.order(journey("web1", source, target), state)
    assert (play.next().observation.doubts == ()) is explained


# -- what others do ----------------------------------------------------------------------------------------------------


def test_a_vm_that_runs_elsewhere_by_no_order_of_ours_was_moved_by_others() -> None:
    play = Rounds(farm("xen1: web1 1 | xen2:"), IDLE)
    assert play.next().observation.journeys == ()
    play.farm.move("web1", "xen2")
    (its,) = play.next().observation.journeys
    assert (its.vm, its.source, its.target, its.seen) == ("web1", "xen1", "xen2", 60.0)
    assert play.next().observation.journeys == ()


def test_a_round_that_saw_it_at_both_ends_does_not_hide_that_others_moved_it() -> None:
    play = Rounds(farm("xen1: web1 1 | xen2:"), IDLE)
    play.next()
    play.farm.add("xen2", "copy", 1.0)
    play.farm.with_(copy={"name": "web1", "uuid": "uuid-web1", "domain_id": 9})
    assert play.next().observation.journeys == ()
    del play.farm.vms["web1"]
    assert [(its.source, its.target) for its in play.next().observation.journeys] == [("xen1", "xen2")]


def test_a_move_of_ours_is_none_by_others() -> None:
    play = Rounds(farm("xen1: web1 1 | xen2:"), IDLE)
    play.next()
    play.carry_out(journey("web1", "xen1", "xen2"))
    assert play.next().observation.journeys == ()


@pytest.mark.parametrize("state", [OrderState.FAILED, OrderState.DONE])
def test_an_order_that_did_not_bring_it_there_explains_nothing(state: OrderState) -> None:
    play = Rounds(farm("xen1: web1 1 | xen2:"), IDLE)
    play.next()
    play.order(journey("web1", "xen1", "xen2"), state, ago=600.0 if state is OrderState.DONE else 0.0)
    play.farm.move("web1", "xen2")
    assert [each.vm for each in play.next().observation.journeys] == ["web1"]


def test_a_copy_that_does_not_run_was_not_moved_there_and_uses_nothing() -> None:
    play = Rounds(farm("xen1: web1 1, web2 1 | xen2: db1 0.5"), IDLE)
    play.next()
    play.farm.add("xen2", "copy", 0.0)
    play.farm.with_(copy={"name": "web1", "uuid": "uuid-web1", "state": "paused", "domain_id": 9})
    seen = play.next().observation
    assert ([each.vm for each in seen.journeys], busy(seen, "xen2")) == ([], 0.5)
    del play.farm.vms["copy"]
    assert play.next().observation.journeys == ()


def test_a_vm_that_is_on_its_way_is_none_yet_where_it_arrives() -> None:
    made = farm("xen1: web1 1 | xen2: copy 0").with_(copy={"uuid": "uuid-web1", "name": "web1", "state": "arriving"})
    seen = observe(State(), made.gathering(), 0.0).observation
    assert [(vm.name, vm.host) for vm in seen.vms] == [("web1", "xen1")]


# -- sightings --------------------------------------------------------------------------------------------------------


def test_a_vm_is_as_old_as_its_first_sighting_and_a_move_does_not_make_it_younger() -> None:
    play = Rounds(farm("xen1: web1 1 | xen2:"), IDLE)
    play.after(3)
    play.farm.move("web1", "xen2")
    assert vm_named(play.next().observation, "web1").age == 120.0


def test_a_clock_that_jumped_back_makes_nobody_younger_than_new() -> None:
    play = Rounds(farm("xen1: web1 1"), IDLE)
    play.after(2)
    back = observe(play.state, play.farm.gathering(), -1000.0)
    assert back.observation.vms[0].age == 0.0


def test_a_vm_not_seen_for_a_week_is_forgotten() -> None:
    play = Rounds(farm("xen1: web1 1 | xen2:"), IDLE)
    play.next()
    del play.farm.vms["web1"]
    gathering, last = play.farm.gathering(), play.farm.time
    assert len(observe(play.state, gathering, last + FORGET_SIGHTING - 1).sightings) == 1
    assert observe(play.state, gathering, last + FORGET_SIGHTING).sightings == ()


def test_counters_set_back_all_over_the_farm_move_nothing() -> None:
    play = Rounds(farm("xen1: a 1, b 1 | xen2: c 1"), IDLE.replace("100%", "60%"))
    play.next()
    for vm in play.farm.vms.values():
        vm.cpu_ns = 0
    assert moves(play.next()) == []


def with_counter(report: Report, counter: Counter) -> Report:
    return structs.replace(report, vms=tuple(structs.replace(vm, counter=counter) for vm in report.vms))


# -- hosts that were found --------------------------------------------------------------------------------------------


def test_of_the_hosts_that_were_found_those_are_told_that_take_no_part_yet() -> None:
    found = (Discovered("xen1", 2), Discovered("xen2", 1), Discovered("xen3"))
    seen = observe(State(), replace(farm("xen1:").gathering(), discovered=found), 0.0)
    assert [(each.name, each.rounds) for each in seen.observation.found] == [("xen2", 1), ("xen3", 0)]
