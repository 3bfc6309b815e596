"""Several processes on one simulated farm: they share its past and so see the same."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agents.hypervisor import HypervisorError, Migration
from agents.hypervisor.scenario import load_scenario
from agents.hypervisor.shared_farm import FILE, SimulatedHypervisor

WEB1 = "11111111-1111-1111-1111-111111111111"

ANOTHER_PROCESS = """
import sys
from pathlib import Path
from agents.hypervisor import Migration
from agents.hypervisor.scenario import load_scenario
from agents.hypervisor.shared_farm import SimulatedHypervisor

scenario = Path(sys.argv[1])
hypervisor = SimulatedHypervisor("hv1", load_scenario(scenario), scenario.parent)
hypervisor.migrate(Migration("o1", sys.argv[2], "web1", "hv2", "simulated://hv2/system"))
print(hypervisor.placement)
"""


def host(name: str, scenario: Path) -> SimulatedHypervisor:
    return SimulatedHypervisor(name, load_scenario(scenario), scenario.parent)


def seen(hypervisor: SimulatedHypervisor) -> list[str]:
    return [vm.name for vm in hypervisor.report().vms]


def test_what_one_process_moves_is_where_another_one_sees_it(scenario_file: Path) -> None:
    source, target = host("hv1", scenario_file), host("hv2", scenario_file)
    assert (seen(source), seen(target)) == (["gpu1", "web1"], [])
    other = subprocess.run(
        [sys.executable, "-c", ANOTHER_PROCESS, str(scenario_file), WEB1], capture_output=True, text=True, check=True
    )
    assert other.stdout == "{'web1': 'hv2', 'gpu1': 'hv1'}\n"
    assert (seen(source), seen(target)) == (["gpu1"], ["web1"])
    assert source.placement == target.placement == host("hv1", scenario_file).placement


def test_two_that_move_at_once_both_get_through(scenario_file: Path) -> None:
    scenario_file.write_text(scenario_file.read_text().replace("passthrough: true, ", ""))
    orders = {"web1": WEB1, "gpu1": WEB1.replace("1", "2")}
    movers = [
        threading.Thread(target=host("hv1", scenario_file).migrate, args=(Migration(name, uuid, name, "hv2", ""),))
        for name, uuid in orders.items()
    ]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join(timeout=60)
    assert seen(host("hv2", scenario_file)) == ["gpu1", "web1"]


def test_a_vm_is_sent_away_by_the_host_that_has_it(scenario_file: Path) -> None:
    with pytest.raises(HypervisorError, match="Domain not found: web1 does not run on hv2"):
        host("hv2", scenario_file).migrate(Migration("o1", WEB1, "web1", "hv1", ""))


def test_a_migration_that_fails_says_why(scenario_file: Path) -> None:
    scenario_file.write_text(f"{scenario_file.read_text()}events: [{{round: 1, vm: web1, event: migration-fails}}]\n")
    with pytest.raises(HypervisorError, match="Failed to send migration data to destination host"):
        host("hv1", scenario_file).migrate(Migration("o1", WEB1, "web1", "hv2", ""))


def test_a_silent_host_does_not_answer(scenario_file: Path) -> None:
    scenario_file.write_text(f"{scenario_file.read_text()}events: [{{round: 1, host: hv1, event: silent}}]\n")
    with pytest.raises(HypervisorError, match="hv1 does not answer: the scenario wants it so"):
        host("hv1", scenario_file).report()


def test_a_host_that_the_scenario_does_not_have_is_refused(scenario_file: Path) -> None:
    with pytest.raises(HypervisorError, match="the scenario has no host named “hv9”"):
        host("hv9", scenario_file)


@pytest.mark.parametrize(
    ("past", "complaint"),
    [
        ('{"format": "simulated-farm/2", "start_ns": 0}\n', "is damaged; remove it"),
        ('{"format": "simulated-farm/1", "start_ns": 0}\n{"at": 1, "migra', "is damaged; remove it"),
        (f'{{"format": "simulated-farm/1", "start_ns": {2**62}}}\n', "is from before this machine's last boot"),
    ],
)
def test_a_past_that_cannot_be_read_is_refused(scenario_file: Path, past: str, complaint: str) -> None:
    (scenario_file.parent / FILE).write_text(past)
    with pytest.raises(HypervisorError, match=complaint):
        host("hv1", scenario_file)


def test_a_directory_that_is_not_there_is_told(scenario_file: Path) -> None:
    with pytest.raises(HypervisorError, match="cannot be used: No such file or directory"):
        SimulatedHypervisor("hv1", load_scenario(scenario_file), scenario_file.parent / "none")
