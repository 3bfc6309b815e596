"""A whole farm on this machine: a STOMP broker, five agents on one simulated farm, and the daemon, as real processes.

Rule: nothing is pretended but the hypervisors. Everything is made in a folder of its own, every process is a child that
is ended by its pid, and nothing outlives the context.
"""

import importlib.util
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from agents.hypervisor.scenario import load_scenario
from agents.mcollective.keys import generate_keys
from balancer.errors import UsageError

SCENARIO: Final = Path(__file__).parent / "demonstration.yaml"
METRICS_PORT: Final = 9460
STARTUP: Final = 20.0
FAREWELL: Final = 10.0
POLICY: Final = "policy default deny\nallow\tcert=balancer\treport migrate order\t*\t*\n"


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A farm that runs: the daemon's command line, and where everything lies."""

    folder: Path
    hosts: tuple[str, ...]
    daemon: list[str]


@contextmanager
def demonstration(folder: Path) -> Iterator[Demonstration]:
    """Broker and agents run while the context is open; the daemon is the caller's to start."""
    if importlib.util.find_spec("coilmq") is None:
        raise UsageError("the demo's broker is missing; install it with: pip install 'xen-balancer[demo]'")
    hosts = tuple(host.name for host in load_scenario(SCENARIO).hosts)
    port = free_port()
    _make_keys(folder / "keys")
    (folder / "policies").mkdir()
    (folder / "policies" / "xenagent.policy").write_text(POLICY, encoding="utf-8")
    shutil.copy(SCENARIO, folder / "farm.yaml")
    with ExitStack() as stack:
        log = stack.enter_context((folder / "demo.log").open("ab"))
        command = [sys.executable, "-m", "coilmq.start", "--host", "127.0.0.1", "--port", str(port)]
        broker = stack.enter_context(child(command, log))
        _wait_for(port, broker, folder / "demo.log")
        for host in hosts:
            config = _write(folder / f"{host}.yaml", _agent(host, port))
            stack.enter_context(child([sys.executable, "-m", "agents.daemon", "--config", str(config)], log))
        config = _write(folder / "balancer.yaml", _balancer(hosts, port))
        yield Demonstration(folder, hosts, [sys.executable, "-m", "balancer.cli", "run", "--config", str(config)])


@contextmanager
def child(command: list[str], log: IO[bytes] | None) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own (Ctrl-C is ours to pass on), ended with the context."""
    process = subprocess.Popen(  # noqa: S603  (our own interpreter and modules)
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> int:
    """Ask a process to end, insist after a while; its exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def free_port(wanted: int = 0) -> int:
    """`wanted` where it is free on the loopback, else any port that is."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return free_port()
        port: int = probe.getsockname()[1]
        return port


def _make_keys(folder: Path) -> None:
    """The agents' common pair, the balancer's own, and the folder of callers that the agents know."""
    callers = folder / "callers"
    callers.mkdir(parents=True)
    generate_keys(folder, "server")
    _, public = generate_keys(folder, "balancer")
    shutil.copy(public, callers / "balancer.pem")
    shutil.copy(public, folder / "balancer.pem")


def _wire(identity: str, port: int) -> dict[str, Any]:
    """CoilMQ knows no selectors and no heart-beats."""
    return {
        "identity": identity,
        "brokers": [{"host": "127.0.0.1", "port": port}],
        "vhost": "localhost",
        "direct_addressing": False,
        "heartbeat": "0s",
    }


def _agent(host: str, port: int) -> dict[str, Any]:
    ssl = {
        "server_private": "keys/server-private.pem",
        "server_public": "keys/server-public.pem",
        "client_cert_dir": "keys/callers",
    }
    return {
        "driver": "simulated",
        "simulated": {"scenario": "farm.yaml", "directory": "."},
        "log_level": "warning",
        "mcollective": _wire(host, port) | {"ssl": ssl, "policies": "policies"},
    }


def _balancer(hosts: tuple[str, ...], port: int) -> dict[str, Any]:
    ssl = {
        "client_private": "keys/balancer-private.pem",
        "client_public": "keys/balancer.pem",
        "server_public": "keys/server-public.pem",
    }
    return {
        "mode": "active",
        "state": "state",
        "interval": "2s",
        "deadline": "1.5s",
        "hosts": [{"name": host} for host in hosts],
        "metrics": {"listen": f"127.0.0.1:{free_port(METRICS_PORT)}"},
        "mcollective": _wire("balancer", port) | {"ssl": ssl},
    }


def _write(path: Path, document: dict[str, Any]) -> Path:
    """JSON is YAML."""
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


def _wait_for(port: int, broker: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTUP
    while time.monotonic() < deadline and broker.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise UsageError(f"the demo's broker did not start; its last words are in {log}")
