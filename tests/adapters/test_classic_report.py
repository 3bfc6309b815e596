"""What the agent of 2010 says, as a report: values as they come off the wire, right and wrong."""

from dataclasses import replace
from typing import Any

import pytest

from agents.mcollective.errors import MessageError
from agents.mcollective.serializers import Symbol
from agents.report import Counter, Report, decode, encode
from balancer.adapters.classic_report import identity, read_stat
from balancer.config import Classic, HostEntry
from balancer.core.model import Gathering, Observation, Order, OrderState, State
from balancer.core.observation import observe
from tests.farms import journey

CLASSIC = Classic(vm_memory=1024.0, dom0_memory=512.0)


def host(name: str = "hv1", **changes: Any) -> HostEntry:
    return HostEntry.model_validate({"name": name, "cores": 8, "memory": 32768.0} | changes)


def stat(times: dict[str, str], load: float = 0.5) -> dict[str, Any]:
    """As Ruby's agent answers: names, a float, and a text of seconds for each name."""
    return {"slices": list(times), "load": load, "times": times}


def report(data: Any, asked: float = 1000.0, **changes: Any) -> Report:
    return read_stat(host(**changes), CLASSIC, data, asked, sequence=7)


def test_a_host_is_what_the_agent_says_and_else_what_the_configuration_says() -> None:
    told = report(stat({"web1": "18.4", "db1": "3.0"}, 0.42), maintenance=True)

    assert (told.host, told.load, told.cores, told.maintenance) == ("hv1", 0.42, 8.0, True)
    assert (told.memory_mb, told.memory_free_mb) == (32768.0, 32768.0 - 512 - 2 * 1024)
    assert [(vm.name, vm.counter, vm.memory_mb, vm.vcpus, vm.state) for vm in told.vms] == [
        ("web1", Counter(18_400_000_000, 1000.0), 1024.0, 8, "running"),
        ("db1", Counter(3_000_000_000, 1000.0), 1024.0, 8, "running"),
    ]
    assert decode(encode(told)) == told


def test_a_vm_is_known_by_its_name_alone_wherever_it_is_and_whenever_it_is_asked_for() -> None:
    (here,) = report(stat({"web1": "18.4"})).vms
    (there,) = report(stat({"web1": "0.1"}), name="hv2", asked=9000.0).vms

    assert here.uuid == there.uuid == identity("web1") == "e28b36e1-519a-58af-8eba-4915e28a828a"
    assert identity("web2") != identity("web1")


def test_domain_0_is_no_vm_should_anybody_name_it() -> None:
    told = report({"slices": ["Domain-0", "web1"], "load": 0.1, "times": {"Domain-0": "99.0", "web1": "1.0"}})

    assert [vm.name for vm in told.vms] == ["web1"]
    assert told.memory_free_mb == 32768.0 - 512 - 1024


def test_a_host_that_is_fuller_than_the_configuration_thinks_has_no_room() -> None:
    assert report(stat({"web1": "1", "web2": "1"}), memory=2000.0).memory_free_mb == 0.0


@pytest.mark.parametrize(
    "data",
    [
        {"slices": [b"web1"], "load": 1, "times": {b"web1": b"18.4"}},
        {"slices": [Symbol("web1")], "load": "1", "times": {Symbol("web1"): 18.4}},
        {"slices": ["web1"], "load": 1.0, "times": {"web1": "18.4", "gone": "3"}, "result": None},
    ],
    ids=["strings without an encoding", "symbols and numbers", "more than is wanted"],
)
def test_what_another_ruby_may_make_of_it_is_read_as_well(data: dict[str, Any]) -> None:
    told = report(data)

    assert (told.load, [(vm.name, vm.counter.cpu_ns) for vm in told.vms]) == (1.0, [("web1", 18_400_000_000)])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "data: "),
        ("Present", "data: "),
        ({"slices": ["web1"], "load": 1.0}, "times: "),
        ({"slices": ["web1"], "load": 1.0, "times": {}}, "times: there is none of web1"),
        (stat({"web1": "1"}, float("nan")), "load: "),
        (stat({"web1": "1"}, -1.0), "load: "),
        (stat({"web1": "soon"}), "times.web1: "),
        (stat({"web1": "inf"}), "times.web1: "),
        (stat({"web1": "-1"}), "times.web1: "),
        (stat({"web1": "1e300"}), "times.web1: "),
        ({"slices": ["x" * 201], "load": 1.0, "times": {}}, "slices.0: "),
        ({"slices": [["web1"]], "load": 1.0, "times": {}}, "slices.0: "),
        ({"slices": ["x"] * 10_001, "load": 1.0, "times": {"x": "1"}}, "slices: "),
    ],
    ids=range(13),
)
def test_what_is_no_answer_to_stat_is_refused_with_the_host_and_the_reason(data: Any, why: str) -> None:
    with pytest.raises(MessageError) as error:
        report(data)

    assert (error.value.reason, error.value.message[: len(why) + 5]) == ("unreadable report", f"hv1: {why}")


@pytest.mark.parametrize("name", ["Windows 7", "web1; reboot", "$(reboot)", "-l", "web1\nweb2", "wéb"])
def test_a_vm_whose_name_a_shell_would_read_stays_where_it_is(name: str) -> None:
    (vm,) = report({"slices": [name], "load": 0.0, "times": {name: "1"}}).vms

    assert (vm.name, vm.passthrough) == (name, True)


@pytest.mark.parametrize("name", ["web1", "pg-1", "www.example.net", "a_b:c/d+e"])
def test_a_vm_with_a_name_of_xens_may_move(name: str) -> None:
    (vm,) = report(stat({name: "1"})).vms

    assert (vm.name, vm.passthrough) == (name, False)


# -- what it comes to, round after round


def gathered(*reports: Report) -> Gathering:
    return Gathering(reports, tuple(each.host for each in reports))


def used(*told: tuple[str, float]) -> list[float | None]:
    """Busy CPUs of web1, by its seconds and the moments of the question."""
    state, rates = State(), []
    for seconds, asked in told:
        looked = observe(state, gathered(report(stat({"web1": seconds}), asked)), asked)
        rates.append(looked.observation.vms[0].cpu)
        state = replace(state, references=looked.references, sightings=looked.sightings)
    return rates


def test_what_a_vm_uses_is_what_its_seconds_grew_by() -> None:
    assert used(("18.0", 0.0), ("33.0", 30.0), ("93.0", 60.0)) == [None, 0.5, 2.0]


def test_seconds_that_begin_anew_make_no_spike() -> None:
    assert used(("90.0", 0.0), ("105.0", 30.0), ("2.0", 60.0), ("17.0", 90.0)) == [None, 0.5, 0.5, 0.5]


def test_a_clock_that_is_set_back_makes_no_spike() -> None:
    assert used(("0", 1000.0), ("15", 1030.0), ("30", 900.0), ("45", 930.0), ("105", 931.0)) == [
        None, 0.5, 0.5, 0.5, 0.5,
    ]  # fmt: skip


# -- a VM on its way


def seen(*reports: Report, order: Order | None = None) -> Observation:
    return observe(State(orders=(order,) if order else ()), gathered(*reports), 1000.0).observation


@pytest.mark.parametrize(
    ("source", "target"),
    [("migrating-web1", "web1"), ("web1", "web1--incoming"), ("web1--migratedaway", "web1")],
    ids=["xm", "xl while it copies", "xl at the end"],
)
def test_while_it_migrates_it_is_one_vm_at_both_ends_whatever_its_toolstack_calls_it(source: str, target: str) -> None:
    reports = report(stat({source: "9"})), report(stat({target: "0"}), name="hv2")
    move = replace(journey("web1", "hv1", "hv2"), uuid=identity("web1"))
    ours = Order("a-1", 1, 1, move, OrderState.UNDER_WAY, started=0.0)

    assert [(vm.name, vm.host) for vm in seen(*reports).vms] == [("web1", "hv1"), ("web1", "hv2")]
    assert [doubt.hosts for doubt in seen(*reports).doubts] == [("hv1", "hv2")]
    assert seen(*reports, order=ours).doubts == ()


@pytest.mark.parametrize("name", ["migrating-web1", "web1--incoming", "web1--migratedaway"])
def test_one_that_is_on_its_way_by_somebody_elses_hand_is_not_to_be_moved(name: str) -> None:
    (vm,) = report(stat({name: "9"})).vms

    assert (vm.name, vm.state) == ("web1", "migrating")


@pytest.mark.parametrize("name", ["migrating-", "--incoming", "--migratedaway"])
def test_a_name_that_is_nothing_else_is_a_name(name: str) -> None:
    (vm,) = report(stat({name: "9"})).vms

    assert vm.name == name
