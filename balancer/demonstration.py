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
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from agents.hypervisor.scenario import load_scenario
from agents.mcollective.client import Client
from agents.mcollective.keys import generate_keys
from balancer.adapters.mcollective_farm import McollectiveFarm
from balancer.config import read_configuration
from balancer.errors import UsageError

SCENARIO: Final = Path(__file__).parent / "demonstration.yaml"
METRICS_PORT: Final = 9460
STARTUP: Final = 20.0
FAREWELL: Final = 10.0
POLICY: Final = "policy default deny\nallow\tcert=balancer\treport migrate order admit take_over reach\t*\t*\n"


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A farm that runs: the daemon's command line, and the state directory it will have."""

    state: Path
    daemon: list[str]


@contextmanager
def demonstration(folder: Path, rules: Path | None = None) -> Iterator[Demonstration]:
    """Broker and agents run, and have answered, while the context is open; the daemon is the caller's to start.

    Without `rules` of the caller's own the default ones are shown.
    """
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
        _wait_for_broker(port, broker, folder / "demo.log")
        for host in hosts:
            config = _write(folder / f"{host}.yaml", _agent(host, port))
            stack.enter_context(child([sys.executable, "-m", "agents.cli", "--config", str(config)], log))
        listen = f"127.0.0.1:{stack.enter_context(metrics_port())}"
        config = _write(folder / "balancer.yaml", _balancer(hosts, port, listen) | _ruled(rules))
        _wait_for_agents(config)
        yield Demonstration(folder / "state", [sys.executable, "-m", "balancer.cli", "run", "--config", str(config)])


def keep_journal(state: Path, to: Path) -> None:
    """Copy the journal of a daemon that has ended, in place of the one kept before; OSError as the system tells it."""
    to.mkdir(exist_ok=True)
    for old in to.glob("journal.sqlite*"):
        old.unlink()
    for file in state.glob("journal.sqlite*"):
        shutil.copy(file, to)


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
    """Ask a process to end, insist after a while, or at once where nobody wants to wait; its exit code."""
    process.terminate()
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(FAREWELL)
    finally:
        process.kill()
        code = process.wait()
    return code


def free_port() -> int:
    """A port of the loopback that was free just now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def metrics_port() -> Iterator[int]:
    """The usual port for the first demo of this machine while the context is open, where it is free; else 0, any.

    A name in the kernel, gone with its holder, says who is first: two that start at once must not want the same port.
    """
    with socket.socket(socket.AF_UNIX) as first, socket.socket() as probe:
        try:
            first.bind("\0xen-balancer-demo")
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", METRICS_PORT))
        except OSError:
            port = 0
        else:
            port = METRICS_PORT
        probe.close()
        yield port


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
        "state": f"state-of-{host}",
        "driver": "simulated",
        "simulated": {"scenario": "farm.yaml", "directory": "."},
        "log_level": "warning",
        "mcollective": _wire(host, port) | {"ssl": ssl, "policies": "policies"},
    }


def _balancer(hosts: tuple[str, ...], port: int, listen: str) -> dict[str, Any]:
    ssl = {
        "client_private": "keys/balancer-private.pem",
        "client_public": "keys/balancer.pem",
        "server_public": "keys/server-public.pem",
    }
    return {
        "mode": "active",
        "state": "state",
        "interval": "2s",
        "warm_up": 0,
        "deadline": "1.5s",
        "hosts": [{"name": host} for host in hosts],
        "metrics": {"listen": listen},
        "mcollective": _wire("balancer", port) | {"ssl": ssl},
    }


def _ruled(rules: Path | None) -> dict[str, Any]:
    return {} if rules is None else {"rules": str(rules.resolve())}


def _write(path: Path, document: dict[str, Any]) -> Path:
    """JSON is YAML."""
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


def _wait_for_agents(config: Path) -> None:
    """Return once every agent has answered; where one takes too long, the daemon will show which."""
    configuration = read_configuration(config)
    deadline = time.monotonic() + STARTUP
    with closing(Client(configuration.mcollective)) as client:
        client.connect()
        farm = McollectiveFarm(client, configuration, time.time)
        while time.monotonic() < deadline:
            gathering = farm.observe(0)
            if len(gathering.reports) == len(gathering.expected):
                return


def _wait_for_broker(port: int, broker: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTUP
    while time.monotonic() < deadline and broker.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise UsageError(f"the demo's broker did not start; its last words are in {log}")
