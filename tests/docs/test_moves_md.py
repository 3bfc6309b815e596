"""The page on moves says nothing that the program does not."""

import re
from pathlib import Path

import pytest

from agents.report import Counter, VmReport
from balancer.cli import COMMANDS
from balancer.commands.doctor import in_words
from balancer.core.doctor.checkup import Check, Checkup, of_clocks, of_storage
from balancer.core.doctor.prospects import Prospect
from balancer.core.model import Rejection
from balancer.core.orders.puzzles import puzzle
from balancer.core.walls import safety
from dsl.ruleset import DEFAULT_CAPS

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "moves.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading."""
    section = MANUAL.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_the_words_of_a_checkup_are_those_that_doctor_prints() -> None:
    told = MANUAL.partition("shared storage:\n\n")[2].partition("\n\n")[0]
    ways = Check(
        "libvirt",
        "3 hosts, each asked for the way to every other",
        ("hv1 does not reach hv3: hv3:16514 cannot be reached: Connection refused",),
    )
    checks = (Check("agents", "3 of 3 hosts report"), of_clocks((), 0.0, 0.2), ways, Check("storage", "nfs1"))
    db1 = Prospect("db1", "u", "hv1", (), (Rejection("db1", None, "", None, "local disk", "/srv/a.img"),))
    web1 = Prospect("web1", "u", "hv1", ("hv2",), (Rejection("web1", "hv3", "", None, "no bridge", "xenbr7"),))
    printed = in_words(Checkup(checks, (db1, web1)))
    assert [line.removeprefix("    ") for line in told.splitlines()] == list(printed)
    assert of_storage(()).told == "none is shared"


def vm(state: str) -> VmReport:
    return VmReport("u", "web1", 1, state, 1, 64.0, Counter(0, 0.0))


@pytest.mark.parametrize(
    ("states", "words"),
    [(("running", "running"), "RUNS TWICE, on hv1 and hv2"),
     (("running", "paused"), "runs on hv1, and a copy that does not run (paused) is left on hv2")],
)  # fmt: skip
def test_the_words_of_a_doubt_are_those_that_are_told(states: tuple[str, str], words: str) -> None:
    assert words in puzzle([(f"hv{number}", vm(state)) for number, state in enumerate(states, 1)])
    assert words in MANUAL


def test_the_figures_of_the_safety_nets_are_those_in_force() -> None:
    told = " ".join(" ".join(row) for row in rows("Safety nets"))
    assert f"rests for {safety.VM_WAITS / 60:.0f} min, then {safety.VM_WAITS / 30:.0f}" in told
    assert f"{safety.PAIR_WAITS / 3600:.0f} h, then {safety.PAIR_WAITS / 1800:.0f} h" in told
    assert (safety.HOST_FAILURES, safety.FARM_FAILURES, safety.FARM_SECONDS) == (2, 3, 3600.0)
    assert [(cap.count, cap.per) for cap in DEFAULT_CAPS] == [(2, None), (1, "host")]
    assert "else 2 at once and 1 per host" in told


def test_the_commands_that_it_names_are_there() -> None:
    named = set(re.findall(r"xen-balancer (\w+)", MANUAL))
    assert {"doctor", "status", "resolve", "resume"} <= named <= {*COMMANDS, "agent"}


def test_every_scenario_of_a_move_that_went_wrong_is_in_the_table() -> None:
    table = " ".join(" ".join(row) for row in rows("What was seen, on what"))
    scenarios = list((ROOT / "tests" / "scenarios").glob("*.yaml"))
    named = set(re.findall(r"`([a-z-]+)`", table)) & {path.stem for path in scenarios}
    assert {path.stem for path in scenarios if "libvirtd-" in path.read_text(encoding="utf-8")} <= named
    assert len(named) == 16
