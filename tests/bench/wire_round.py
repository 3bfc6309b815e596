"""How long the gathering of a round takes over a real broker, beside plain STOMP echoes of the same number and size.

Rule: both are measured in one run, over one broker, from the same farm process, through the same connection class; the
echoes are what the broker and the wire can do, the round also checks every signature and reads every report. Signing is
told apart (see wire_farm.py): a thousand real hosts sign side by side, here one process does it for all. Broker and
hosts have all processors but the last one and the balancer has that one, as if on a machine of its own; with `--mixed`
all share all.

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
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from agents.mcollective.client import Client
from agents.mcollective.connector.connection import Connection, Incoming
from agents.mcollective.connector.destinations import fabric
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
    sealing: float
    size: int


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
    farm: "subprocess.Popen[str]"

    def told(self) -> dict[str, Any]:
        """The farm's next line."""
        assert self.farm.stdout is not None
        line: dict[str, Any] = json.loads(self.farm.stdout.readline())
        return line

    def gathers(self) -> Iterator[tuple[float, float, dict[str, int]]]:
        """Rounds of the balancer's own farm port: seconds without sealing, those of sealing, what the farm tells."""
        names = [{"name": f"h{number:04}"} for number in range(self.hosts)]
        configuration = Configuration.model_validate(
            {"hosts": names, "deadline": DEADLINE, "mcollective": self.settings}
        )
        with closing(Client(self.settings)) as client:
            client.connect()
            farm = McollectiveFarm(client, configuration, time.time)
            gc.freeze()  # as `run` does
            gc.disable()
            while True:
                gc.collect()
                begin = time.perf_counter()
                reports = farm.observe(1).reports
                taken = time.perf_counter() - begin
                told = self.told()
                assert len(reports) == self.hosts, f"{len(reports)} of {self.hosts} reported"
                del reports  # to forget a round is no part of the next one
                yield taken - told["sealing"], told["sealing"], told

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
                taken = time.perf_counter() - begin
                self.told()
                yield taken

    def figures(self) -> Figures:
        """Rounds and echoes by turns, the warm-up left out."""
        gathers = self.gathers()
        _, _, sizes = next(gathers)
        echoes = self.echoes(sizes["asked"])
        pairs = [(next(gathers), next(echoes)) for _ in range(WARM_UP + ROUNDS)][WARM_UP:]
        gathers.close()  # type: ignore[attr-defined] # a generator
        echoes.close()  # type: ignore[attr-defined] # a generator
        rounds = [each for each, _ in pairs]
        return Figures(
            median(echo for _, echo in pairs),
            median(gather for gather, _, _ in rounds),
            median(sealing for _, sealing, _ in rounds),
            sizes["size"],
        )


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
        farm = subprocess.Popen([sys.executable, str(FARM), str(file)], stdout=subprocess.PIPE, text=True)
    try:
        ready = Bench(settings, case[0], farm)
        ready.told()
        yield ready
    finally:
        farm.terminate()
        farm.wait()


def main() -> None:
    """One table."""
    os.sched_setaffinity(0, OURS)
    figures = f"{'hosts':>5} {'bytes':>6} {'echo':>9} {'round':>9} {'of limit':>8} {'signing':>9}"
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
        f"{told.echo / told.gather:8.0%} {told.sealing * 1000:6.0f} ms",
        flush=True,
    )


if __name__ == "__main__":
    main()
