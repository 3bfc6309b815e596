"""The command `xen-balancer-agent`, as an operator meets it."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from agents.mcollective.client import Client
from agents.mcollective.settings import Broker, ClientKeys, ClientSettings
from agents.report import decode

Start = Callable[..., "subprocess.Popen[str]"]

SCENARIO = """
format: scenario/1
interval: 1s
migration: {bandwidth: 1000MiB/s}
hosts:
  - {name: hv1, cores: 4, memory: 8GiB}
  - {name: hv2, cores: 4, memory: 8GiB}
vms:
  - {name: web1, host: hv1, memory: 64MiB, uuid: u1}
"""


def agent(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "agents.cli", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def configure(tmp_path: Path, keys: Path) -> Callable[..., Path]:
    def write(identity: str, port: int = 1, driver: str = "driver: simulated", interval: str = "1s") -> Path:
        (tmp_path / "policies").mkdir(exist_ok=True)
        (tmp_path / "policies/xenagent.policy").write_text(
            "policy default deny\nallow\tcert=balancer-public\t*\t*\t*\n"
        )
        (tmp_path / "farm.yaml").write_text(SCENARIO.replace("interval: 1s", f"interval: {interval}"))
        file = tmp_path / f"{identity}.yaml"
        file.write_text(f"""
mcollective:
  identity: {identity}
  brokers: [{{host: 127.0.0.1, port: {port}}}]
  vhost: localhost
  direct_addressing: false
  heartbeat: 0s
  ssl:
    server_private: {keys}/server-private.pem
    server_public: {keys}/server-public.pem
    client_cert_dir: {keys}/callers
  policies: policies
state: state-of-{identity}
{driver}
simulated: {{scenario: farm.yaml, directory: .}}
""")
        return file

    return write


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts agents, and ends those that are left."""
    running: list[subprocess.Popen[str]] = []

    def begin(file: Path) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "agents.cli", "--config", str(file)], stderr=subprocess.PIPE, text=True
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def client(coilmq_port: int, client_keys: ClientKeys) -> Iterator[Client]:
    settings = ClientSettings(
        identity="balancer",
        brokers=(Broker(host="127.0.0.1", port=coilmq_port),),
        vhost="localhost",
        direct_addressing=False,
        heartbeat=0.0,
        ssl=client_keys,
    )
    caller = Client(settings)
    caller.connect()
    yield caller
    caller.close()


def ask(client: Client, action: str, host: str, **data: object) -> Mapping[str, object]:
    """The answer, asked for until the agent is there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        replies = client.call("xenagent", action, data, [host], timeout=1.0)
        if host in replies.by_host:
            result = replies.by_host[host]
            assert (result.status, result.text) == (0, "OK")
            return result.data
    pytest.fail(f"{host} did not answer")


def test_agents_report_over_the_wire_and_move_a_vm_between_them(
    configure: Callable[..., Path], start: Start, client: Client, coilmq_port: int
) -> None:
    processes = [start(configure(host, coilmq_port)) for host in ("hv1", "hv2")]
    told = {host: decode(str(ask(client, "report", host)["report"])) for host in ("hv1", "hv2")}
    assert [[vm.name for vm in told[host].vms] for host in ("hv1", "hv2")] == [["web1"], []]

    order = {
        "order": "farm-1-1", "epoch": 1, "vm": "u1", "name": "web1", "source": "hv1", "target": "hv2",
        "target_uri": "xen+ssh://hv2/system", "valid_until": int(time.time()) + 60,
    }  # fmt: skip
    assert ask(client, "migrate", "hv1", **order)["state"] in {"under way", "done"}
    while ask(client, "order", "hv1", order="farm-1-1")["state"] == "under way":
        pass
    told = {host: decode(str(ask(client, "report", host)["report"])) for host in ("hv1", "hv2")}
    assert [[vm.name for vm in told[host].vms] for host in ("hv1", "hv2")] == [[], ["web1"]]
    assert [(each.id, each.state) for each in told["hv1"].orders] == [("farm-1-1", "done")]

    for process, number in zip(processes, (signal.SIGTERM, signal.SIGINT), strict=True):
        process.send_signal(number)
        _out, log = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "has stopped" in log.splitlines()[-1]
        assert "Traceback" not in log


def test_an_agent_that_is_killed_in_a_migration_knows_of_it_when_it_is_back(
    configure: Callable[..., Path], start: Start, client: Client, coilmq_port: int, tmp_path: Path
) -> None:
    file = configure("hv1", coilmq_port)
    slow = (tmp_path / "farm.yaml").read_text().replace("1000MiB/s", "16MiB/s")
    (tmp_path / "farm.yaml").write_text(slow)
    order = {
        "order": "farm-1-1", "epoch": 1, "vm": "u1", "name": "web1", "source": "hv1", "target": "hv2",
        "target_uri": "xen+ssh://hv2/system", "valid_until": int(time.time()) + 60,
    }  # fmt: skip
    process = start(file)
    assert ask(client, "migrate", "hv1", **order)["state"] == "under way"
    process.kill()
    process.wait(60)

    start(file)
    while (told := ask(client, "order", "hv1", order="farm-1-1"))["state"] == "under way":
        time.sleep(0.1)
    assert (told["state"], told["error"], told["vm"], told["target"]) == ("done", "", "web1", "hv2")
    report = decode(str(ask(client, "report", "hv1")["report"]))
    assert ([vm.name for vm in report.vms], report.epoch) == ([], 1)


def test_without_a_broker_it_keeps_trying_until_it_is_told_to_stop(
    configure: Callable[..., Path], start: Start
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        process = start(configure("hv1", nobody.getsockname()[1]))
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        _out, log = process.communicate(timeout=60)
    served = "controller, discovery, process, rpcutil, xenagent"
    assert f"hv1 serves with the simulated driver: {served}" in first
    assert process.returncode == 0
    assert "Traceback" not in log


def test_check_says_what_would_be_reported(configure: Callable[..., Path]) -> None:
    done = agent("check", "--config", str(configure("hv1")))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "hv1: load 0.00, 4 cores, 8128 of 8192 MiB free, VMs: 1\n"


def test_the_configuration_may_be_named_before_the_verb(configure: Callable[..., Path]) -> None:
    done = agent("--config", str(configure("hv1")), "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("hv1: load ")


def test_a_bad_configuration_is_exit_code_2_and_one_message(tmp_path: Path) -> None:
    done = agent("--config", str(tmp_path / "none.yaml"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{tmp_path}/none.yaml:1:1: unreadable: No such file or directory\n"


def test_a_bad_scenario_is_exit_code_2_as_well(configure: Callable[..., Path]) -> None:
    done = agent("check", "--config", str(configure("hv1", interval="30")))
    assert done.returncode == 2
    assert "farm.yaml:3:11: wrong-value: interval: “30” is not a time" in done.stderr


def test_a_missing_key_is_exit_code_2_and_names_the_file(configure: Callable[..., Path], tmp_path: Path) -> None:
    file = configure("hv1")
    file.write_text(file.read_text().replace("server-private.pem", "none.pem"))
    done = agent("--config", str(file))
    assert done.returncode == 2
    assert "none.pem: No such file or directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_book_of_orders_that_cannot_be_kept_is_exit_code_2(configure: Callable[..., Path], tmp_path: Path) -> None:
    file = configure("hv1")
    (tmp_path / "state-of-hv1").touch()
    done = agent("--config", str(file))
    assert done.returncode == 2
    assert f"{tmp_path}/state-of-hv1/orders.sqlite cannot be used: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_hypervisor_that_cannot_be_had_is_exit_code_4(configure: Callable[..., Path]) -> None:
    done = agent("--config", str(configure("hv9")))
    assert done.returncode == 4
    assert done.stderr == (
        "xen-balancer-agent: the scenario has no host named “hv9”; set `identity` to one that it has\n"
    )


def test_no_libvirt_daemon_is_exit_code_4(configure: Callable[..., Path], tmp_path: Path) -> None:
    uri = f"qemu+unix:///system?socket={tmp_path}/none"
    done = agent("--config", str(configure("hv1", driver=f'driver: libvirt\nlibvirt: {{uri: "{uri}"}}')))
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1


def test_keys_are_made_and_never_overwritten(tmp_path: Path) -> None:
    made = agent("keys", "--directory", str(tmp_path), "server", "balancer")
    assert made.returncode == 0
    assert made.stdout.splitlines() == [
        f"{tmp_path}/{name}-{half}.pem" for name in ("server", "balancer") for half in ("private", "public")
    ]
    assert (tmp_path / "server-private.pem").stat().st_mode & 0o077 == 0
    again = agent("keys", "--directory", str(tmp_path), "server")
    assert again.returncode == 2
    assert "exists already; move it away first" in again.stderr


def test_it_tells_its_version_and_its_usage() -> None:
    assert agent("--version").stdout.startswith("xen-balancer-agent ")
    assert "keys" in agent("--help").stdout
    assert agent("nonsense").returncode == 2
