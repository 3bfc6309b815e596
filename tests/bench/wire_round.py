"""How long the gathering of a round takes over a real broker, beside plain STOMP echoes of the same number and size.

Rule: both are measured in one run, over one broker, from the same farm process, through the same connection class; the
echoes are what the broker and the wire can do, the round also checks every signature and reads every report. Each host
answers as soon as it hears the question; it has signed before that (see wire_farm.py), which is counted in neither.
Broker and hosts have all processors but the last one and the balancer has that one, as if on a machine of its own; with
`--mixed` all share all.

    make bench
    wire_round.py --mixed
"""

import gc
import json
import os
import queue
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from agents.mcollective.client import Client
from agents.mcollective.connector.connection import Connection, Incoming
from agents.mcollective.connector.destinations import Outgoing, fabric
from agents.mcollective.keys import generate_keys
from agents.mcollective.settings import ClientSettings
from balancer.adapters.mcollective_farm import McollectiveFarm
from balancer.config import Configuration
from tests.brokers import PASSWORD, USER, BrokerProcess, activemq, rabbitmq

FARM = Path(__file__).with_name("wire_farm.py")
CASES = ((1_000, 20), (20, 240))
"""Hosts, and VMs of each; the second is the case of 2010, 20 hosts with 60 KB each."""
SECURITY = ("ssl yaml", "ssl marshal", "psk")
WARM_UP, ROUNDS = 3, 7
COLLECTIVE = "mcollective"
DEADLINE = 60.0
PROCESSORS = os.sched_getaffinity(0)
OURS = PROCESSORS if "--mixed" in sys.argv or len(PROCESSORS) == 1 else {max(PROCESSORS)}


@contextmanager
def theirs() -> Iterator[None]:
    """What is started in here has the processors that are not the balancer's."""
    os.sched_setaffinity(0, PROCESSORS - OURS or PROCESSORS)
    yield
    os.sched_setaffinity(0, OURS)


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians, s; `size` of one answer in bytes."""

    echo: float
    gather: float
    size: int


class Farm:
    """The process of all hosts, which signs before it is asked; see wire_farm.py."""

    def __init__(self, file: Path) -> None:
        command = [sys.executable, str(FARM), str(file)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.told()

    def told(self) -> dict[str, Any]:
        """Its next line."""
        assert self.process.stdout is not None
        line: dict[str, Any] = json.loads(self.process.stdout.readline())
        return line

    def sign(self, question: bytes) -> dict[str, Any]:
        """Every host's answer to this question, for when it comes; how large both are."""
        assert self.process.stdin is not None
        self.process.stdin.write(b64encode(question).decode() + "\n")
        self.process.stdin.flush()
        return self.told()

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()


class Foretelling(Client):
    """A client whose questions the farm knows before they are asked; `waited`: s for that in all, `sizes`: the last."""

    def __init__(self, settings: ClientSettings, farm: Farm) -> None:
        super().__init__(settings)
        self.farm = farm
        self.waited = 0.0
        self.sizes: dict[str, int] = {}

    def _questions(self, *about: Any, **options: Any) -> Iterator[Outgoing]:
        for outgoing in super()._questions(*about, **options):
            begin = time.perf_counter()
            self.sizes = self.farm.sign(outgoing.body)
            self.waited += time.perf_counter() - begin
            yield outgoing


def security(keys: Path, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of both ends for that plugin."""
    if kind == "psk":
        return {"psk": {"key": "s3cret"}}, {"psk": {"key": "s3cret"}}
    serializer = kind.split()[1]
    server = {
        "server_private": str(keys / "server-private.pem"),
        "server_public": str(keys / "server-public.pem"),
        "client_cert_dir": str(keys),
        "serializer": serializer,
    }
    client = {
        "client_private": str(keys / "balancer-private.pem"),
        "client_public": str(keys / "balancer-public.pem"),
        "server_public": str(keys / "server-public.pem"),
        "serializer": serializer,
    }
    return {"ssl": server}, {"ssl": client}


@dataclass(frozen=True, slots=True)
class Bench:
    """One farm on one broker."""

    settings: ClientSettings
    hosts: int
    farm: Farm

    def gathers(self) -> Iterator[tuple[float, dict[str, int]]]:
        """Rounds of the balancer's own farm port: seconds, and how large question and answer are."""
        names = [{"name": f"h{number:04}"} for number in range(self.hosts)]
        configuration = Configuration.model_validate(
            {"hosts": names, "deadline": DEADLINE, "mcollective": self.settings}
        )
        with closing(Foretelling(self.settings, self.farm)) as client:
            client.connect()
            farm = McollectiveFarm(client, configuration, time.time)
            gc.freeze()  # as `run` does
            gc.disable()
            while True:
                gc.collect()
                client.waited = 0.0
                begin = time.perf_counter()
                reports = farm.observe(1).reports
                taken = time.perf_counter() - begin - client.waited
                assert len(reports) == self.hosts, f"{len(reports)} of {self.hosts} reported"
                del reports  # to forget a round is no part of the next one
                yield taken, client.sizes

    def echoes(self, asked: int) -> Iterator[float]:
        """The same number of plain messages, received and counted; question and answers are as large as the round's."""
        arrived: queue.SimpleQueue[Incoming] = queue.SimpleQueue()
        places = fabric(self.settings)
        replies = places.replies(os.getpid(), 999_999)
        with closing(Connection(self.settings, arrived.put)) as connection:
            connection.start(replies.subscriptions)
            connection.wait(DEADLINE)
            while True:
                begin = time.perf_counter()
                life = int(time.time()), 60
                question = b"echo".ljust(asked)
                connection.send(places.request(COLLECTIVE, "xenagent", None, replies.reply_to, life, question))
                for _ in range(self.hosts):
                    arrived.get(timeout=DEADLINE)
                yield time.perf_counter() - begin

    def figures(self) -> Figures:
        """Rounds and echoes by turns, the warm-up left out."""
        gathers = self.gathers()
        _, sizes = next(gathers)
        echoes = self.echoes(sizes["asked"])
        pairs = [(next(gathers)[0], next(echoes)) for _ in range(WARM_UP + ROUNDS)][WARM_UP:]
        gathers.close()  # type: ignore[attr-defined] # a generator
        echoes.close()  # type: ignore[attr-defined] # a generator
        return Figures(median(echo for _, echo in pairs), median(gather for gather, _ in pairs), sizes["size"])


@contextmanager
def bench(broker: BrokerProcess, connector: str, keys: Path, kind: str, case: tuple[int, int]) -> Iterator[Bench]:
    """The farm, every host of it listening."""
    server, client = security(keys, kind)
    vhost = {"activemq": "mcollective", "rabbitmq": "/"}[connector]
    login: Mapping[str, Any] = {"host": "127.0.0.1", "port": broker.port, "user": USER, "password": PASSWORD}
    wire = {"connector": connector, "brokers": [login], "vhost": vhost, "heartbeat": 0, "max_message": 4}
    settings = ClientSettings.model_validate(wire | client | {"identity": "balancer"})
    listening = fabric(settings).server_subscriptions(["xenagent"], directed=False)
    document = {
        "port": broker.port, "vhost": vhost, "user": USER, "password": PASSWORD, "hosts": case[0], "vms": case[1],
        "destinations": [each.destination for each in listening],
        "server": {"identity": "h", "policies": str(keys), "max_message": 4} | server,
    }  # fmt: skip
    file = keys / "farm.json"
    file.write_text(json.dumps(document))
    with theirs():
        farm = Farm(file)
    try:
        yield Bench(settings, case[0], farm)
    finally:
        farm.end()


def main() -> None:
    """One table."""
    os.sched_setaffinity(0, OURS)
    figures = f"{'hosts':>5} {'bytes':>6} {'echo':>9} {'round':>9} {'of limit':>8}"
    print(f"{'broker':9} {'security':12} {figures}")
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys"
        keys.mkdir()
        for name in ("server", "balancer"):
            generate_keys(keys, name)
        for connector, start in (("activemq", activemq), ("rabbitmq", rabbitmq)):
            place = Path(folder) / connector
            place.mkdir()
            broker = start(place)
            with theirs():
                broker.start()
            for case in CASES:
                for kind in SECURITY:
                    with bench(broker, connector, keys, kind, case) as ready:
                        _print(connector, kind, case[0], ready.figures())
            broker.stop()


def _print(connector: str, kind: str, hosts: int, told: Figures) -> None:
    print(
        f"{connector:9} {kind:12} {hosts:5} {told.size:6} {told.echo * 1000:6.0f} ms {told.gather * 1000:6.0f} ms "
        f"{told.echo / told.gather:8.0%}",
        flush=True,
    )


if __name__ == "__main__":
    main()
