"""Every name that a rule can speak of, against a farm whose figures are known."""

import math

import pytest

from balancer.core.figures.projection import Projection
from balancer.core.figures.signals import SIGNALS, TABLE, VOCABULARY
from balancer.core.model import State
from dsl.syntax import Kind
from dsl.units import version_number
from tests.farms import AT_ONCE, Farm, Rounds, decided, farm, journey, moves

MEANT = {
    ("host", "cpu"): Kind.SHARE, ("host", "memory"): Kind.SHARE, ("host", "load"): Kind.NUMBER,
    ("host", "cores"): Kind.NUMBER, ("host", "vms"): Kind.NUMBER, ("host", "vcpus"): Kind.NUMBER,
    ("host", "memory_free"): Kind.SIZE, ("host", "memory_total"): Kind.SIZE, ("host", "age"): Kind.TIME,
    ("host", "moves"): Kind.NUMBER, ("host", "failures"): Kind.NUMBER,
    ("host", "xen"): Kind.VERSION, ("host", "cpu_group"): Kind.TEXT,
    ("host", "maintenance"): Kind.BOOL,
    ("host", "contention"): Kind.SHARE,
    ("vm", "cpu"): Kind.NUMBER, ("vm", "memory"): Kind.SIZE, ("vm", "share"): Kind.SHARE,
    ("vm", "cpu_time"): Kind.TIME, ("vm", "vcpus"): Kind.NUMBER, ("vm", "age"): Kind.TIME,
    ("vm", "moves"): Kind.NUMBER, ("vm", "failures"): Kind.NUMBER, ("vm", "passthrough"): Kind.BOOL,
    ("farm", "reports"): Kind.SHARE, ("farm", "cpu"): Kind.SHARE, ("farm", "memory"): Kind.SHARE,
    ("farm", "hosts"): Kind.NUMBER, ("farm", "vms"): Kind.NUMBER, ("farm", "moves"): Kind.NUMBER,
    ("farm", "failures"): Kind.NUMBER,
}  # fmt: skip
"""The names of the language and their kinds."""


def known() -> Farm:
    """xen1 has all figures, xen2 tells nothing that it need not tell."""
    return farm("xen1: web1 1, web2 0.5 | xen2: db1 0.25").with_(
        xen1={
            "own": 0.5, "stolen": 0.1, "load": 3.0, "uptime": 7200.0, "xen": "4.17.2", "cpu_group": "amd",
            "maintenance": True,
        },
        web1={"memory": 4096.0, "vcpus": 2, "passthrough": True},
        web2={"memory": 4096.0, "vcpus": 4},
    )  # fmt: skip


def projected() -> Projection:
    return Projection(Rounds(known(), AT_ONCE).next().observation)


def test_the_vocabulary_is_the_table_and_means_what_the_language_means() -> None:
    assert {key: signal.kind for key, signal in TABLE.items()} == MEANT
    assert {key: word.kind for key, word in VOCABULARY.words.items()} == MEANT
    assert all(signal.meaning and signal.meaning[-1] != "." for signal in SIGNALS)


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("cpu", [0.5, 0.0625]),
        ("memory", [0.5, 0.0625]),
        ("load", [3.0, 0.25]),
        ("cores", [4, 4]),
        ("vms", [2, 1]),
        ("vcpus", [6, 4]),
        ("memory_free", [8192, 15360]),
        ("memory_total", [16384, 16384]),
        ("age", [7200, math.nan]),
        ("moves", [0, 0]),
        ("failures", [0, 0]),
        ("xen", [version_number("4.17.2"), math.nan]),
        ("maintenance", [1, 0]),
        ("contention", [0.1, math.nan]),
    ],
)
def test_figures_of_hosts(name: str, figures: list[float]) -> None:
    assert TABLE["host", name].of(projected()).tolist() == pytest.approx(figures, nan_ok=True)


def test_texts_of_hosts() -> None:
    assert TABLE["host", "cpu_group"].of(projected()).tolist() == ["amd", None]


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("cpu", [0.25, 1, 0.5]),
        ("memory", [1024, 4096, 4096]),
        ("share", [0.0625, 0.25, 0.125]),
        ("cpu_time", [7.5, 30, 15]),
        ("vcpus", [4, 2, 4]),
        ("age", [30, 30, 30]),
        ("moves", [0, 0, 0]),
        ("failures", [0, 0, 0]),
        ("passthrough", [0, 1, 0]),
    ],
)
def test_figures_of_vms_by_name(name: str, figures: list[float]) -> None:
    assert TABLE["vm", name].of(projected()).tolist() == pytest.approx(figures)


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("reports", 1),
        ("cpu", 2.25 / 8),
        ("memory", 9216 / 32768),
        ("hosts", 2),
        ("vms", 3),
        ("moves", 0),
        ("failures", 0),
    ],
)
def test_figures_of_the_farm(name: str, figure: float) -> None:
    column = TABLE["farm", name].of(projected())
    assert (column.ndim, float(column)) == (0, pytest.approx(figure))


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("cpu", [0.75, 0.3125]),
        ("memory", [0.75, 0.3125]),
        ("load", [4.0, 1.25]),
        ("vms", [3, 2]),
        ("vcpus", [8, 6]),
        ("memory_free", [4096, 11264]),
        ("moves", [1, 1]),
    ],
)
def test_after_is_the_host_once_web1_is_there(name: str, figures: list[float]) -> None:
    after = TABLE["host", name].after
    assert after is not None
    assert after(projected(), 1).tolist() == pytest.approx(figures)


@pytest.mark.parametrize(("owner", "name"), sorted(MEANT))
def test_every_name_can_be_used_and_moves_follow_a_planned_move(owner: str, name: str) -> None:
    projection = projected()
    before = TABLE[owner, name].of(projection)
    projection.move(1, 1)
    assert TABLE[owner, name].of(projection).shape == before.shape


def test_moves_of_the_farm_are_those_under_way_and_of_hosts_those_planned_now() -> None:
    play = Rounds(known(), AT_ONCE)
    play.order(journey("db1", "xen2", "xen1"))
    projection = Projection.with_orders(play.next().observation, play.state)
    projection.move(1, 1)
    assert float(TABLE["farm", "moves"].of(projection)) == 1
    assert TABLE["host", "moves"].of(projection).tolist() == [1, 1]
    assert TABLE["vm", "moves"].of(projection).tolist() == [0, 1, 0]


def test_without_hosts_the_farms_shares_are_unknown() -> None:
    nothing = Projection(Rounds(farm("xen1:"), AT_ONCE).next(silent=["xen1"]).observation)
    assert [float(TABLE["farm", name].of(nothing)) for name in ("cpu", "memory")] == pytest.approx(
        [math.nan, math.nan], nan_ok=True
    )


@pytest.mark.parametrize(
    "test",
    [
        f"{owner}.{name} {sign}" if sign else f"{owner}.{name}"
        for (owner, name), kind in sorted(MEANT.items())
        if owner != "vm"
        for sign in [{
            Kind.SHARE: ">= 0%", Kind.NUMBER: ">= 0", Kind.SIZE: ">= 0 MiB", Kind.TIME: ">= 0 s",
            Kind.VERSION: ">= 4.17", Kind.TEXT: '== "amd"', Kind.BOOL: "",
        }[kind]]
    ],
)  # fmt: skip
def test_every_name_of_hosts_and_farm_can_stand_in_a_when(test: str) -> None:
    hot = known().with_(web1={"passthrough": False})
    assert [each.host for each in Rounds(hot, AT_ONCE.replace("host.cpu > 85%", test)).next().state.streaks][:1] == [
        "xen1"
    ]


def test_every_name_of_vms_can_stand_in_a_move() -> None:
    told = decided(
        known().with_(xen1={"own": 3.0}, xen2={"xen": "4.17.2"}),
        AT_ONCE.replace(
            "by most cpu",
            "by most cpu where memory > 1 GiB where share > 1% where cpu_time > 1 s where vcpus >= 2 where age > 1 s"
            " where moves == 0 where not passthrough",
        ),
    )
    assert moves(told) == ["web2: xen1 -> xen2"]


def test_a_state_without_anything_knows_no_moves() -> None:
    assert Projection.with_orders(Rounds(known(), AT_ONCE).next().observation, State()).moves_under_way == 0
