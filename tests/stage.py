"""A stage for whole programs: files as an operator would write them, agents that answer, daemons that can be watched.

Rule: nothing is pretended but the hypervisors, and not even those where libvirt is there. What is started here is ended
here.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from agents.config import load_config
from agents.daemon import assemble
from agents.drivers import open_hypervisor
from balancer.adapters.journal_reader import read_journal
from balancer.commands.history import documents
from balancer.config import read_configuration
from balancer.ports import JournalError
from tests.brokers import free_port
from tests.movers import none_left
from tests.wire import eventually

POLICY = "policy default deny\nallow\tcert=balancer-public\treport migrate order admit take_over reach\t*\t*\n"

HOT = """
format: scenario/1
interval: 1s
migration: {bandwidth: 4GiB/s}
hosts:
  - {name: hv1, cores: 4, memory: 16GiB}
  - {name: hv2, cores: 4, memory: 16GiB}
vms:
  - {name: web1, host: hv1, vcpus: 4, memory: 1GiB, cpu: "2.2"}
  - {name: db1, host: hv1, vcpus: 4, memory: 1GiB, cpu: "1.4"}
  - {name: dns1, host: hv2, vcpus: 1, memory: 1GiB, cpu: "0.1"}
"""
"""hv1 is over 85 % busy from the first round on; web1 has room on hv2."""

SOON = """
rule relieve
  when  host.cpu > 85% for 2 rounds
  move  vm   by most cpu
  to    host by least cpu   where vms < 40  as "max VMs"
                            where after.cpu < 70%  as "max load"
"""


def coilmq_wire(port: int) -> dict[str, Any]:
    """What both ends need for CoilMQ."""
    broker = {"host": "127.0.0.1", "port": port}
    return {"brokers": [broker], "vhost": "localhost", "direct_addressing": False, "heartbeat": "0s"}


def write(path: Path, document: Mapping[str, Any]) -> Path:
    """JSON is YAML."""
    path.write_text(json.dumps(document, indent=1))
    return path


def write_agent(folder: Path, identity: str, wire: Mapping[str, Any], keys: Path, **settings: Any) -> Path:
    """An agent's configuration; `settings` are of its top level."""
    (folder / "policies").mkdir(exist_ok=True)
    (folder / "policies" / "xenagent.policy").write_text(POLICY)
    ssl = {
        "server_private": str(keys / "server-private.pem"),
        "server_public": str(keys / "server-public.pem"),
        "client_cert_dir": str(keys / "callers"),
    }
    mcollective = {**wire, "identity": identity, "ssl": ssl, "policies": "policies"}
    document = {"mcollective": mcollective, "state": f"state-of-{identity}", **settings}
    return write(folder / f"{identity}.yaml", document)


def write_balancer(folder: Path, hosts: Sequence[str], wire: Mapping[str, Any], keys: Path, **settings: Any) -> Path:
    """A daemon's configuration, dry, with rounds of a second; `settings` are of its top level."""
    ssl = {
        "client_private": str(keys / "balancer-private.pem"),
        "client_public": str(keys / "balancer-public.pem"),
        "server_public": str(keys / "server-public.pem"),
    }
    document = {
        "state": str(folder / "state"),
        "interval": "1s",
        "deadline": "0.9s",
        "warm_up": 0,
        "hosts": [{"name": host} for host in hosts],
        "metrics": {"listen": "127.0.0.1:0"},
        "mcollective": {**wire, "identity": "balancer", "ssl": ssl},
    }
    return write(folder / "balancer.yaml", document | settings)


@contextmanager
def simulated_agents(folder: Path, wire: Mapping[str, Any], keys: Path, scenario: str = HOT) -> Iterator[list[str]]:
    """Agents of a simulated farm, as threads of this process; gives the names of the hosts."""
    (folder / "farm.yaml").write_text(scenario)
    hosts = [line.split("name: ")[1].split(",")[0] for line in scenario.splitlines() if "cores:" in line]
    with ExitStack() as stack:
        stack.enter_context(none_left(folder))
        for host in hosts:
            simulated = {"scenario": "farm.yaml", "directory": "."}
            file = write_agent(folder, host, wire, keys, driver="simulated", simulated=simulated)
            config = load_config(file)
            service = assemble(config, file, open_hypervisor(config)).service
            stack.callback(service.close)
            service.start()
            assert eventually(lambda each=service: each.connected)
        yield hosts


class Program:
    """One of our programs that runs, and whatever it has said on both its streams."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def says(self, words: str, times: int = 1) -> bool:
        """Sooner or later it says it, so many times; what it says instead is for whoever reads the failure."""
        eventually(lambda: self.said.count(words) >= times or self.process.poll() is not None, 90)
        heard = self.said.count(words) >= times
        if not heard:
            sys.stdout.write(f"it ended with {self.process.poll()} and did not say “{words}”, but:\n{self.said}\n")
        return heard

    def end(self, number: int = signal.SIGTERM) -> int:
        """Its exit code, after this signal where it has not ended."""
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def running(module: str, *words: str, log: Path) -> Iterator[Program]:
    """`python -m MODULE WORDS` while the context is open."""
    program = Program([sys.executable, "-m", module, *words], log)
    try:
        yield program
    finally:
        program.process.kill()
        program.process.wait()


def xen_balancer(*words: str) -> "subprocess.CompletedProcess[str]":
    """`xen-balancer WORDS`, to its end."""
    command = [sys.executable, "-m", "balancer.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL)


def orders(config: Path) -> list[dict[str, Any]]:
    """A balancer's orders, oldest first, as `xen-balancer history` tells them; read in here, for it is asked often."""
    try:
        with closing(read_journal(read_configuration(config).state)) as journal:
            return list(documents(journal.history(20)))
    except JournalError:  # it has none yet
        return []


def nobody() -> int:
    """A port of the loopback where nobody listens."""
    return free_port()
