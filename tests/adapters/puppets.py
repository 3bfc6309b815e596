"""Hosts that answer as a test tells them, on a real broker, and the farm that asks them."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.mcollective.client import Client
from agents.mcollective.ddl import Abort, Ddl
from agents.mcollective.service import Service
from agents.mcollective.settings import ClientKeys, ServerKeys, ServerSettings
from agents.mcollective.statistics import Statistics
from agents.mcollective.this_node import ThisNode
from balancer.config import Configuration
from tests.wire import eventually, roster_of

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]

POLICY = "policy default deny\nallow\tcert=balancer-public\treport admit migrate take_over reach order stat\t*\t*\n"


@dataclass
class Puppet:
    """An agent that answers as it is told to, and remembers what it was asked."""

    ddl: Ddl
    answers: dict[str, Answer]
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def call(self, action: str, data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        self.asked.append((action, data))
        return self.answers[action](data)

    def given(self, action: str) -> list[dict[str, Any]]:
        """What it was asked to do."""
        return [dict(data) for name, data in self.asked if name == action]


def said(**data: Any) -> Answer:
    return lambda _data: data


def aborts(reason: str, kind: type[Abort] = Abort) -> Answer:
    def answer(_data: Mapping[str, Any]) -> Mapping[str, Any]:
        raise kind(reason)

    return answer


def breaks(_data: Mapping[str, Any]) -> Mapping[str, Any]:
    raise ValueError("kaboom")


def says_nothing(_data: Mapping[str, Any]) -> Mapping[str, Any]:
    time.sleep(8)
    return {}


@dataclass(frozen=True)
class Stage:
    """A collective of a test's own on a broker that tests share; what comes on goes when the stack ends."""

    ddl: Ddl
    folder: Path
    keys: tuple[ServerKeys, ClientKeys]
    wire: Mapping[str, Any]
    stack: ExitStack

    def enter(self, host: str, answers: Mapping[str, Answer], number: int = 0) -> Puppet:
        """A host comes on; two of one name have different numbers."""
        (self.folder / "xenagent.policy").write_text(POLICY)
        settings = {"identity": host, "ssl": self.keys[0], "policies": self.folder, "workers": 2, **self.wire}
        puppet, own = Puppet(self.ddl, dict(answers)), ServerSettings.model_validate(settings)
        roster = roster_of(puppet, self.folder / f"{host}-{number}", "xenagent")
        service = Service(own, roster, ThisNode(own, roster, {}), Statistics())
        self.stack.callback(service.close)
        service.start()
        assert eventually(lambda: service.connected)
        return puppet

    def configuration(self, **settings: Any) -> Configuration:
        """A balancer's, with a deadline of a second."""
        client = {"identity": "balancer", "ssl": self.keys[1], **self.wire}
        return Configuration.model_validate({"mcollective": client, "deadline": 1.0} | settings)

    def connected(self, configuration: Configuration) -> Client:
        """A client of that balancer's."""
        client = self.stack.enter_context(closing(Client(configuration.mcollective)))
        client.connect()
        return client


@contextmanager
def staged(ddl: Ddl, folder: Path, keys: tuple[ServerKeys, ClientKeys], wire: Mapping[str, Any]) -> Iterator[Stage]:
    """A stage, empty."""
    with ExitStack() as stack:
        yield Stage(ddl, folder, keys, {**wire, "collective": f"c{abs(hash(folder))}", "heartbeat": 0.0}, stack)
