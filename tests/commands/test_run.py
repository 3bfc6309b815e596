"""`run`: the daemon as a process, with signals, broken files and a broker that comes and goes."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from balancer.adapters.control import ask
from tests.brokers import BrokerProcess
from tests.commands.conftest import Farm
from tests.stage import (
    SOON,
    Program,
    coilmq_wire,
    nobody,
    simulated_agents,
    write_balancer,
    xen_balancer,
)
from tests.wire import eventually

Start = Callable[..., Program]


def metrics(program: Program) -> str:
    """What Prometheus would be told now."""
    url = next(line.removeprefix("metrics: ") for line in program.said.splitlines() if line.startswith("metrics: "))
    with urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_when_told_to(number: int, daemon: Program) -> None:
    assert daemon.end(number) == 0
    assert "Traceback" not in daemon.said


def test_it_greets_with_its_mode_its_farm_and_the_url_of_its_metrics(daemon: Program, place: Path) -> None:
    assert f"mode dry-run, 2 hosts, state in {place}/state\nmetrics: http://127.0.0.1:" in daemon.said
    told = metrics(daemon)
    assert 'xen_balancer_mode{mode="dry-run"} 1.0' in told
    assert "xen_balancer_hosts_expected 2.0" in told


def test_so_many_rounds_and_it_ends_by_itself(config: Path, start: Start) -> None:
    program = start("run", "--config", str(config), "--rounds", "2")
    assert program.process.wait(60) == 0
    assert [line.split("  ")[0] for line in program.said.splitlines() if line.startswith("round")] == [
        "round 1", "round 2",
    ]  # fmt: skip


def test_dry_it_says_what_it_would_move_and_moves_nothing(config: Path, start: Start) -> None:
    program = start("run", "--config", str(config))
    assert program.says("would move web1 from hv1 to hv2: ")
    assert "\nmoved " not in program.said
    assert program.says("round 6 ")
    assert ask(config.parent / "state", "status")["hosts"]["hv1"]["vms"] == 2


def test_dry_run_on_the_command_line_goes_before_the_configuration(
    place: Path, hot_farm: Farm, keys: Path, start: Start
) -> None:
    config = write_balancer(place, hot_farm.hosts, coilmq_wire(hot_farm.port), keys, mode="active")
    program = start("run", "--config", str(config), "--dry-run")
    assert program.says("mode dry-run, 2 hosts")


def test_for_programs_it_prints_a_line_of_json_for_each_round(config: Path, start: Start, place: Path) -> None:
    done = xen_balancer("run", "--config", str(config), "--rounds", "3", "--format", "json")
    assert done.returncode == 0
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["format"], each["round"]) for each in rounds] == [("rounds/1", number) for number in (1, 2, 3)]
    assert set(rounds[0]["hosts"]) == {"hv1", "hv2"}


def test_under_its_old_name_it_talks_as_in_2010_and_knows_the_mappings_of_2010(
    place: Path, hot_farm: Farm, keys: Path
) -> None:
    (place / "xen-mappings.csv").write_text("# name,ip\nhv1,10.0.0.1\nhv2,10.0.0.2\n")
    config = write_balancer(place, [], coilmq_wire(hot_farm.port), keys, hosts_file="xen-mappings.csv")
    config.rename(place / "xen-balancer.yaml")
    name = Path(sys.executable).with_name("mc-xen-balancer")
    done = subprocess.run(
        [name, "--rounds", "2"], cwd=place, capture_output=True, text=True, check=False, timeout=120,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[+] hv1 : 3.6 load and 2 slice(s) running\n")
    assert "[+] sleeping for 1 seconds" in done.stdout


# -- rules that change


def test_rules_that_break_leave_the_last_good_ones_in_force_and_it_is_said_everywhere(
    place: Path, hot_farm: Farm, keys: Path, start: Start
) -> None:
    rules = place / "farm.rules"
    rules.write_text(SOON)
    config = write_balancer(place, hot_farm.hosts, coilmq_wire(hot_farm.port), keys, rules="farm.rules")
    program = start("run", "--config", str(config))
    assert program.says("round 1 ")
    assert "xen_balancer_rules_last_reload_successful 1.0" in metrics(program)

    rules.write_text(SOON.replace("host.cpu", "host.cpuu"))
    assert program.says("the last good rules stay in force")
    assert f"{rules}:3:9: unknown-name: " in program.said
    assert eventually(lambda: "xen_balancer_rules_last_reload_successful 0.0" in metrics(program))
    assert "the rule file cannot be run with" in xen_balancer("status", "--config", str(config)).stdout
    assert program.says("would move web1 from hv1 to hv2")

    rules.write_text(SOON)
    assert program.says(f"rules in force: {rules}", times=2)
    assert eventually(lambda: "xen_balancer_rules_last_reload_successful 1.0" in metrics(program))

    program.process.send_signal(signal.SIGHUP)
    assert program.says(f"rules in force: {rules}", times=3)
    assert program.end() == 0
    assert "Traceback" not in program.said


# -- what it cannot be run with


def test_rules_it_cannot_start_with_are_exit_code_2(place: Path, hot_farm: Farm, keys: Path) -> None:
    (place / "farm.rules").write_text(SOON.replace("host.cpu", "host.cpuu"))
    config = write_balancer(place, hot_farm.hosts, coilmq_wire(hot_farm.port), keys, rules="farm.rules")
    done = xen_balancer("run", "--config", str(config))
    assert done.returncode == 2
    assert done.stderr.startswith(f"{place}/farm.rules:3:9: unknown-name: ")
    assert "Traceback" not in done.stderr


def test_a_second_daemon_on_one_state_directory_is_told_who_holds_it(daemon: Program, config: Path) -> None:
    done = xen_balancer("run", "--config", str(config))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{config.parent}/state: held by process {daemon.process.pid} on " in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_exit_code_2_and_says_what_to_do(place: Path, hot_farm: Farm, keys: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        config = write_balancer(place, hot_farm.hosts, coilmq_wire(hot_farm.port), keys, metrics={"listen": address})
        done = xen_balancer("run", "--config", str(config))
    assert done.returncode == 2
    assert f"metrics cannot be served on {address}: Address already in use: choose another address" in done.stderr


def test_an_interval_that_ends_before_the_deadline_is_exit_code_2(config: Path) -> None:
    done = xen_balancer("run", "--config", str(config), "--interval", "0.5")
    assert done.returncode == 2
    assert "a round of 0.5 s is too short for a deadline of 0.9 s: set “deadline” in the" in done.stderr


def test_a_key_that_is_not_there_is_exit_code_2_and_named(place: Path, hot_farm: Farm, tmp_path: Path) -> None:
    config = write_balancer(place, hot_farm.hosts, coilmq_wire(hot_farm.port), tmp_path)
    done = xen_balancer("run", "--config", str(config))
    assert done.returncode == 2
    assert "balancer-private.pem: No such file or directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_configuration_that_is_wrong_is_exit_code_2(place: Path) -> None:
    (place / "balancer.yaml").write_text("interval: 0s\n")
    done = xen_balancer("run", "--config", f"{place}/balancer.yaml")
    assert done.returncode == 2
    assert f"{place}/balancer.yaml:1:11: out-of-range: interval: “0s” is too small; at least 1" in done.stderr


# -- a broker that comes and goes


def test_without_a_broker_rounds_are_lost_and_it_says_why_until_there_is_one(
    place: Path, keys: Path, coilmq_process: BrokerProcess, start: Start
) -> None:
    coilmq_process.stop()
    quick = {"connect_timeout": "0.2s", "reconnect_max": "0.5s"}
    wire = coilmq_wire(coilmq_process.port) | quick
    program = start("run", "--config", str(write_balancer(place, ["hv1", "hv2"], wire, keys)))
    assert program.says("round 2  lost: ")
    assert f"127.0.0.1:{coilmq_process.port}" in program.said

    coilmq_process.start()
    with simulated_agents(place, wire, keys):
        assert program.says("2/2 hosts")
        coilmq_process.stop()
        lost = program.said.count("  lost: ")
        assert program.says("  lost: ", times=lost + 1)
        whole = program.said.count("2/2 hosts")
        coilmq_process.start()
        assert program.says("2/2 hosts", times=whole + 2)
        assert program.end() == 0
    assert "Traceback" not in program.said


def test_it_can_be_ended_while_it_still_looks_for_its_broker(place: Path, keys: Path, start: Start) -> None:
    wire = coilmq_wire(nobody()) | {"connect_timeout": "5 min"}
    program = start("run", "--config", str(write_balancer(place, ["hv1"], wire, keys)))
    assert program.says("rules in force")
    assert program.end() == 0
    assert "Traceback" not in program.said
