"""Our programs on the lab: an agent in each Domain-0, and whoever asks them, over a real broker.

Rule: files are written as for any agent (tests/stage.py), and lie in there at the same paths as here.
"""

import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agents.mcollective.client import Client
from agents.mcollective.message import Result
from agents.report import Report, VmReport, decode
from balancer.config import read_configuration
from tests.conftest import Login
from tests.stage import Program, orders, running, write_agent, write_balancer
from tests.xen.lab import Guest, Host, Lab, soon

LOG: Final = "/run/agent.log"
READY: Final = 90.0
MOVE: Final = 180.0
"""Seconds a move may take until its journal tells how it ended; it takes 30 on a quiet machine."""


@dataclass(frozen=True)
class Balancer:
    """The daemon, and its journal."""

    program: Program
    config: Path

    def orders(self) -> list[dict[str, Any]]:
        """The journal's, oldest first."""
        return orders(self.config)

    def outcome(self, number: int = 0) -> str:
        """How its first order ended, or the one of that number."""
        states = {"under way", "in doubt"}
        assert soon(lambda: len(self.orders()) > number, MOVE), self.program.said
        soon(lambda: self.orders()[number]["outcome"] not in states, MOVE)
        return str(self.orders()[number]["outcome"])

    def rounds_on(self, number: int = 2) -> None:
        """Return once it has told so many rounds more."""
        before = self.program.said.count("\nround ")
        assert soon(lambda: self.program.said.count("\nround ") >= before + number, MOVE), self.program.said


@dataclass(frozen=True)
class Agent:
    """Our agent in a Domain-0."""

    host: Host
    config: Path

    def start(self) -> None:
        """Return once it serves."""
        before = self.said.count("serves with")
        self.host.begin_agent(self.config, LOG)
        assert self.host.tells(LOG, "serves with", before + 1, seconds=READY), self.said

    def kill(self) -> None:
        """The agent alone, and not what it has started."""
        self.host.run("kill -KILL $(cat /run/agent.pid)")

    @property
    def said(self) -> str:
        return self.host.run(f"cat {LOG} || :")


class Site:
    """Two hypervisors with their agents, and a balancer's configuration."""

    def __init__(self, lab: Lab, login: Login, keys: Path, folder: Path) -> None:
        self.lab: Final = lab
        self.folder: Final = folder
        self._keys: Final = keys
        self._login: Final = login
        self._wire: Final = {"collective": login.collective(), "reconnect_max": "0.5s"}
        self.agents: Final = {host.name: self._agent(host) for host in lab.hosts}

    def start(self) -> None:
        """Both agents, at once."""
        with ThreadPoolExecutor(len(self.agents)) as pool:
            list(pool.map(Agent.start, self.agents.values()))

    def configuration(self, **settings: Any) -> Path:
        """A balancer's: over TCP, without encryption, as in the lab; `settings` are of its top level."""
        wire = self._wire | {"brokers": [self._broker("127.0.0.1", self._login.port)]}
        usual = {
            "interval": "6s",
            "deadline": "5s",
            "migration": {"transport": "tcp", "driver": self.lab.hosts[0].driver},
        }
        return write_balancer(self.folder, list(self.agents), wire, self._keys, **usual | settings)

    @contextmanager
    def balancer(self, rules: str, **settings: Any) -> Iterator["Balancer"]:
        """The daemon, which moves, with these rules."""
        (self.folder / "farm.rules").write_text(rules)
        config = self.configuration(mode="active", rules=str(self.folder / "farm.rules"), **settings)
        with running("balancer.cli", "run", "--config", str(config), log=self.folder / "balancer") as program:
            yield Balancer(program, config)

    def ask(self, host: Host, action: str, data: Mapping[str, Any] | None = None) -> Result:
        """What a host's agent answers."""
        with closing(Client(read_configuration(self.configuration()).mcollective)) as client:
            client.connect()
            return client.call("xenagent", action, data or {}, (host.name,), 30).by_host[host.name]

    def report(self, host: Host) -> Report:
        return decode(self.ask(host, "report").data["report"])

    def vm(self, host: Host, guest: Guest) -> VmReport | None:
        """The guest in a host's report."""
        return next((vm for vm in self.report(host).vms if vm.uuid == guest.uuid), None)

    def _agent(self, host: Host) -> Agent:
        wire = self._wire | {"brokers": [self._broker(*host.broker_seen)]}
        config = write_agent(self.folder, host.name, wire, self._keys, libvirt={"uri": f"{host.driver}:///system"})
        files = [config, self.folder / "policies", self._keys, self._login.password_file]
        tar = subprocess.run(["tar", "cP", *files], stdout=subprocess.PIPE, check=True).stdout
        host.run("tar xP", tar)
        return Agent(host, config)

    def _broker(self, host: str, port: int) -> dict[str, Any]:
        return {
            "host": host, "port": port, "user": self._login.user, "password_file": str(self._login.password_file),
        }  # fmt: skip
