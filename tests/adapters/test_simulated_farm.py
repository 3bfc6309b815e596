"""The simulated farm as a port: the common contract, and what only virtual time can show."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agents.hypervisor.scenario import load_scenario
from agents.hypervisor.simulated import SimulatedFarm
from balancer.adapters.clock import VirtualClock
from balancer.adapters.simulated_farm import ScenarioFarm
from tests.adapters.farm_contract import CONTRACT, SCENARIO, Staged


def staged(folder: Path, scenario: str) -> Staged:
    file = folder / "farm.yaml"
    file.write_text(scenario)
    clock = VirtualClock()
    farm = ScenarioFarm(SimulatedFarm(load_scenario(file)), clock)
    return Staged(farm, lambda: clock.wait_until(clock.now() + 0.5))


@pytest.mark.parametrize("claim", CONTRACT, ids=lambda claim: claim.__name__)
def test_it_keeps_to_the_contract(claim: Callable[[Staged], None], tmp_path: Path) -> None:
    claim(staged(tmp_path, SCENARIO))


def test_a_host_that_was_seen_and_is_lost_stays_expected(tmp_path: Path) -> None:
    stage = staged(tmp_path, SCENARIO + "  - {round: 2, host: hv2, event: lost}\n")
    stage.farm.observe(1)
    stage.wait()
    stage.wait()
    gathering = stage.farm.observe(2)
    assert [report.host for report in gathering.reports] == ["hv1"]
    assert gathering.expected == ("hv1", "hv2", "hv3")


def test_a_host_is_expected_from_when_it_appears(tmp_path: Path) -> None:
    stage = staged(
        tmp_path, SCENARIO.replace("round: 1, host: hv3, event: silent", "round: 2, host: hv3, event: appears")
    )
    assert stage.farm.observe(1).expected == ("hv1", "hv2")
    stage.wait()
    stage.wait()
    assert stage.farm.observe(2).expected == ("hv1", "hv2", "hv3")
