"""How decisions are told."""

import math

import pytest

from balancer.core.model import Rejection
from balancer.core.wording import gap, refusal, spoken, told
from dsl.syntax import Compare, Kind
from tests.farms import AT_ONCE, Rounds, decided, farm, rules


@pytest.mark.parametrize(
    ("number", "kind", "text"),
    [
        (0.931, Kind.SHARE, "93.1%"),
        (1.0, Kind.SHARE, "100%"),
        (12.345, Kind.SHARE, "1234%"),
        (0.0, Kind.SHARE, "0%"),
        (1.7, Kind.TIME, "1.7 s"),
        (90.0, Kind.TIME, "90 s"),
        (299.6, Kind.TIME, "300 s"),
        (300.0, Kind.TIME, "5 min"),
        (900.0, Kind.TIME, "15 min"),
        (7200.0, Kind.TIME, "2 h"),
        (172800.0, Kind.TIME, "2 d"),
        (512.0, Kind.SIZE, "512 MiB"),
        (999.9, Kind.SIZE, "1000 MiB"),
        (4096.0, Kind.SIZE, "4 GiB"),
        (1572864.0, Kind.SIZE, "1.5 TiB"),
        (0.0, Kind.SIZE, "0 MiB"),
        (2.0, Kind.NUMBER, "2"),
        (0.05667, Kind.NUMBER, "0.0567"),
        (0.00001, Kind.NUMBER, "0"),
        (999.7, Kind.NUMBER, "1000"),
        (123456.7, Kind.NUMBER, "123457"),
        (-0.4, Kind.NUMBER, "-0.4"),
        (4e10 + 17e5, Kind.VERSION, "4.17"),
        (4e10 + 17e5 + 2, Kind.VERSION, "4.17.2"),
        (math.nan, Kind.SHARE, "unknown"),
        (math.nan, Kind.VERSION, "unknown"),
    ],
)
def test_figures_carry_their_unit_and_never_an_exponent(number: float, kind: Kind, text: str) -> None:
    assert spoken(number, kind) == text


@pytest.mark.parametrize(
    ("rejection", "text"),
    [
        (Rejection("a", "xen2", "r", 5, "max load", 0.9, 0.7, Kind.SHARE), "max load: 90%, limit 70%"),
        (Rejection("a", "xen2", "r", 5, "max VMs", 10.0, 10.0), "max VMs: 10, limit 10"),
        (Rejection("a", "xen2", "r", 5, "memory", 4096.0, 512.0, Kind.SIZE), "memory: 4 GiB, limit 512 MiB"),
        (Rejection("a", None, "r", 5, "rest", 30.0, 900.0, Kind.TIME), "rest: 30 s, limit 15 min"),
        (Rejection("a", "xen2", "r", 5, "group", "intel", "amd", Kind.TEXT), "group: intel, limit amd"),
        (Rejection("a", "xen2", "r", 5, "xen", 4e10 + 9e5, 4e10 + 17e5, Kind.VERSION), "xen: 4.9, limit 4.17"),
        (Rejection("a", "xen2", "r", None, "unknown"), "unknown"),
        (Rejection("a", "xen2", "r", None, "max load", None, 0.7, Kind.SHARE), "max load"),
    ],
)
def test_a_refusal_names_its_reason_and_its_figures(rejection: Rejection, text: str) -> None:
    assert refusal(rejection) == text


@pytest.mark.parametrize(
    "words",
    [
        "host.cpu - 10%", "(host.memory_free - 1 GiB) / 2", "host.memory_free - (host.memory_total - 1 GiB)",
        "avg(host.cpu, 30 min) - 10%", "p95(host.load / host.cores, 1 h) * 2", "host.facts.weight * 2",
        "2 * host.load + 1", "2 * (host.load + 1)", "host.load / (2 * host.cores)", "host.load / 2 / host.cores",
    ],
)  # fmt: skip
def test_a_sum_is_told_as_it_would_be_written(words: str) -> None:
    test = rules(AT_ONCE.replace("host.cpu > 85%", f"{words} > {words}")).rules[0].when.held
    assert isinstance(test, Compare)
    assert told(test.left, "host") == words.replace("host.", "")


def why(condition: str) -> str:
    made = farm("xen1: a 1.9, b 1.8 | xen2:").with_(
        xen1={"xen": "4.9.1", "uptime": 7200.0, "cpu_group": "amd", "load": 3.7, "facts": {"row": "7", "os": "6.1-x"}},
        xen2={"xen": "4.17"},
    )
    (move,) = decided(made, AT_ONCE.replace("host.cpu > 85%", condition)).plan.moves
    return move.why.split(" for 1 round")[0]


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ("host.cpu > 85%", "xen1 cpu 92.5% > 85%"),
        ("host.load > 3.5", "xen1 load 3.7 > 3.5"),
        ("host.load / host.cores > 0.9", "xen1 load / cores 0.925 > 0.9"),
        ("2 * host.cpu > 150%", "xen1 2 * cpu 185% > 150%"),
        ("host.cpu * 2 > 150%", "xen1 cpu * 2 185% > 150%"),
        ("host.memory_free / 2 < host.memory_total", "xen1 memory_free / 2 7 GiB < 16 GiB"),
        ("host.xen < 4.17", "xen1 xen 4.9.1 < 4.17"),
        ("host.age > 1 h", "xen1 age 2 h > 1 h"),
        ('host.cpu_group == "amd"', "xen1 cpu_group amd == amd"),
        ("farm.cpu > 40% and host.cpu > 85%", "xen1 farm.cpu 46.2% > 40% and cpu 92.5% > 85%"),
        ("host.cpu > 85% and host.vms > 1", "xen1 cpu 92.5% > 85% and vms 2 > 1"),
        ("host.cpu > farm.cpu + 30%", "xen1 cpu 92.5% > 76.2%"),
        ("host.facts.row > 6", "xen1 facts.row 7 > 6"),
        ("host.facts.os >= 5.10", "xen1 facts.os 6.1 >= 5.10"),
        ('host.facts.os != "5"', "xen1 facts.os 6.1-x != 5"),
        ("sum(host.moves, 1 d) < 2", "xen1 sum(moves, 1 d) 0 < 2"),
    ],
)
def test_what_holds_is_told_with_its_figures(condition: str, text: str) -> None:
    assert why(condition) == text


@pytest.mark.parametrize(
    ("by", "text"),
    [
        ("most cpu", "a uses 1.9 CPUs, most there"),
        ("most cpu_time", "a ate 57 s of CPU, most there"),
        ("most share", "a uses 47.5% of its host, most there"),
        ("most memory", "a holds 1 GiB, most there"),
        ("most age", "a has most age (30 s) there"),
        ("most cpu / vcpus", "a has most cpu / vcpus (0.475) there"),
    ],
)
def test_why_this_vm(by: str, text: str) -> None:
    (move,) = decided(farm("xen1: a 1.9, b 1.8 | xen2:"), AT_ONCE.replace("by most cpu", f"by {by}")).plan.moves
    assert move.why.split("; ")[1] == text


@pytest.mark.parametrize(
    ("by", "text"),
    [
        ("least cpu", "xen2 has least cpu (0%)"),
        ("least after.cpu", "xen2 has least after.cpu (47.5%)"),
        ("most memory_free", "xen2 has most memory_free (16 GiB)"),
        ("least after.cpu - source.cpu", "xen2 has least after.cpu - source.cpu (-45%)"),
        ("least vm.cpu / cores", "xen2 has least vm.cpu / cores (0.475)"),
        ("least vms", "xen2 has least vms (0)"),
        ("least after.memory", "xen2 has least after.memory (6.25%)"),
    ],
)
def test_why_this_host(by: str, text: str) -> None:
    (move,) = decided(farm("xen1: a 1.9, b 1.8 | xen2:"), AT_ONCE.replace("by least cpu", f"by {by}")).plan.moves
    assert move.why.split("; ")[2] == text


def test_a_history_is_told_with_its_window() -> None:
    text = AT_ONCE.replace("host.cpu > 85%", "avg(host.cpu, 1 min) > 85%").replace("most cpu", "most max(cpu, 1 min)")
    text = text.replace("least cpu", "most p90(memory_free, 1 min) where avg(cpu, 1 min) < avg(source.cpu, 1 min)")
    text = text.replace("70%", "70% where max(host.load - vm.cpu, 1 min) < 3".replace("host.load", "load"))
    (move,) = Rounds(farm("xen1: a 1.9, b 1.8 | xen2: | xen3: c 0.4"), text).after(2).plan.moves
    assert move.why == (
        "xen1 avg(cpu, 1 min) 92.5% > 85% for 1 round; a has most max(cpu, 1 min) (1.9) there; "
        "xen2 has most p90(memory_free, 1 min) (16 GiB)"
    )
    assert move.numbers == {
        "host.avg(cpu, 1 min)": 0.925, "vm.max(cpu, 1 min)": 1.9, "target.p90(memory_free, 1 min)": 16384.0,
        "target.avg(cpu, 1 min)": 0.0, "source.avg(cpu, 1 min)": 0.925, "after.cpu": 0.475,
        "max(host.load - vm.cpu, 1 min)": -1.9,
    }  # fmt: skip


def test_the_figures_behind_a_move_leave_out_texts_and_the_unknown() -> None:
    text = AT_ONCE.replace("85%", '85% and host.cpu_group == "amd"').replace("where", "where not maintenance where")
    made = farm("xen1: a 1.9, b 1.8 | xen2:").with_(xen1={"cpu_group": "amd"})
    (move,) = decided(made, text.replace("by least cpu", "by least cpu, most xen")).plan.moves
    assert sorted(move.numbers) == ["after.cpu", "host.cpu", "target.cpu", "vm.cpu"]


@pytest.mark.parametrize(
    ("value", "limit", "kind", "text"),
    [
        (0.8125, 0.7, Kind.SHARE, "11.3% too much"),
        (4096.0, 8192.0, Kind.SIZE, "4 GiB too little"),
        (300.0, 900.0, Kind.TIME, "10 min to go"),
        (10.0, 10.0, Kind.NUMBER, ""),
        (None, 10.0, Kind.NUMBER, ""),
        ("4.9", "4.17", Kind.TEXT, ""),
        ("br7", None, Kind.TEXT, ""),
    ],
)
def test_by_how_much(value: float | str | None, limit: float | str | None, kind: Kind, text: str) -> None:
    assert gap(Rejection("a", "xen1", "relieve", 2, "why", value, limit, kind)) == text
