"""The brokers' example configurations, on the real ones: who may say what, and where, and who gets in over TLS."""

import queue
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agents.mcollective.connector.connection import Connection, FabricError, Incoming
from agents.mcollective.connector.destinations import Subscription, fabric
from agents.mcollective.settings import Broker, Settings
from tests.brokers import BrokerProcess, activemq, rabbitmq
from tests.certificates import STORE_PASSWORD

DEPLOYED = Path(__file__).parents[2] / "deploy" / "broker"
PASSWORD = "CHANGE-ME"
VHOST = "/mcollective"
HUNG_UP = "hung up"

PLACES = {
    "activemq": {
        "broadcast": "/topic/mcollective.xenagent.agent",
        "directed": "/queue/mcollective.nodes",
        "replies": "/queue/mcollective.reply.balancer_1.1",
        "another queue": "/queue/elsewhere",
        "another topic": "/topic/elsewhere",
        "another collective": "/topic/other.xenagent.agent",
    },
    "rabbitmq": {
        "broadcast": "/exchange/mcollective_broadcast/xenagent",
        "directed": "/exchange/mcollective_directed/hv1",
        "replies": "/exchange/mcollective_reply/balancer_1_1",
        "another queue": "/queue/elsewhere",
        "another topic": "/topic/elsewhere",
        "another collective": "/exchange/other_broadcast/xenagent",
    },
}

pytestmark = pytest.mark.broker


@dataclass(frozen=True)
class Deployed:
    """A broker with the example's configuration."""

    connector: str
    process: BrokerProcess

    def answer(self, user: str, command: str, destination: str) -> str:
        """The first word of what it says to one frame."""
        with self.connection() as connection:
            assert exchange(connection, "CONNECT", host=VHOST, login=user, passcode=PASSWORD) == "CONNECTED"
            return exchange(connection, command, destination=destination, receipt="1", id="1")

    def connection(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.process.port), 10)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("activemq", marks=pytest.mark.xdist_group("deployed-activemq")),
        pytest.param("rabbitmq", marks=pytest.mark.xdist_group("deployed-rabbitmq")),
    ],
)
def deployed(request: pytest.FixtureRequest) -> Deployed:
    return Deployed(request.param, request.getfixturevalue(f"deployed_{request.param}"))


@pytest.fixture(scope="module")
def deployed_activemq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    folder = tmp_path_factory.mktemp("activemq")
    process = activemq(folder)
    config = (DEPLOYED / "activemq.xml").read_text()
    config = config.replace("//0.0.0.0:61613", f"//127.0.0.1:{process.port}")
    config = config.replace("//0.0.0.0:61614", f"//127.0.0.1:{process.tls_port}")
    config = re.sub(r"<!-- (<transportConnector.*>) -->", r"\1", config)
    config = re.sub(r"<!-- With TLS[^<]*(<sslContext>.*</sslContext>)\s*-->", r"\1", config, flags=re.DOTALL)
    credentials = (DEPLOYED / "credentials.properties.example").read_text()
    (folder / "conf" / "activemq.xml").write_text(config)
    (folder / "conf" / "credentials.properties").write_text(f"{credentials}keystore.password={STORE_PASSWORD}\n")
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def deployed_rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    folder = tmp_path_factory.mktemp("rabbitmq")
    process = rabbitmq(folder)
    config = (DEPLOYED / "rabbitmq.conf").read_text().replace("/etc/rabbitmq", str(folder))
    config = config.replace("\nlisteners.tcp = none", f"\nlisteners.tcp.1 = 127.0.0.1:{process.ready_port}")
    config = config.replace("0.0.0.0:61613", f"127.0.0.1:{process.port}")
    config = config.replace("0.0.0.0:61614", f"127.0.0.1:{process.tls_port}")
    config = re.sub(r"^# (stomp\.listeners\.ssl|ssl_options)", r"\1", config, flags=re.MULTILINE)
    (folder / "rabbitmq.conf").write_text(config)
    for name in ("definitions.json", "enabled_plugins"):
        (folder / name).write_text((DEPLOYED / name).read_text())
    process = replace(process, environment=deployed_environment(process))
    process.start()
    yield process
    process.stop()


def deployed_environment(process: BrokerProcess) -> dict[str, str]:
    """What rabbitmq-env.conf says, in the place of what the tests say."""
    said = {"RABBITMQ_NODENAME", "ERL_EPMD_ADDRESS", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"}
    kept = {name: value for name, value in (process.environment or {}).items() if name not in said}
    return kept | {"RABBITMQ_CONF_ENV_FILE": str(DEPLOYED / "rabbitmq-env.conf")}


def exchange(connection: socket.socket, command: str, **headers: str) -> str:
    """Send one frame without a body; the first line of the frame that comes back, or HUNG_UP."""
    lines = [command, *(f"{name}:{value}" for name, value in headers.items())]
    connection.sendall(("\n".join(lines) + "\n\n\0").encode())
    answer = b""
    while b"\0" not in answer:
        if not (data := connection.recv(65536)):
            return HUNG_UP
        answer += data
    return answer.decode().lstrip("\n").partition("\n")[0]


@pytest.mark.parametrize(
    ("user", "command", "place"),
    [
        ("balancer", "SEND", "broadcast"),
        ("balancer", "SEND", "directed"),
        ("balancer", "SUBSCRIBE", "replies"),
        ("hv1", "SUBSCRIBE", "broadcast"),
        ("hv1", "SUBSCRIBE", "directed"),
        ("hv1", "SEND", "replies"),
    ],
)
def test_what_each_needs_is_allowed(deployed: Deployed, user: str, command: str, place: str) -> None:
    assert deployed.answer(user, command, PLACES[deployed.connector][place]) == "RECEIPT"


@pytest.mark.parametrize(
    ("user", "command", "place"),
    [
        ("hv1", "SEND", "broadcast"),
        ("hv1", "SEND", "directed"),
        ("hv1", "SUBSCRIBE", "replies"),
        ("balancer", "SUBSCRIBE", "broadcast"),
        ("balancer", "SUBSCRIBE", "directed"),
        ("balancer", "SEND", "replies"),
        ("hv1", "SEND", "another queue"),
        ("hv1", "SEND", "another topic"),
        ("hv1", "SUBSCRIBE", "another queue"),
        ("hv1", "SUBSCRIBE", "another topic"),
        ("balancer", "SEND", "another queue"),
        ("balancer", "SEND", "another topic"),
        ("balancer", "SEND", "another collective"),
    ],
)
def test_a_host_commands_nobody_and_nothing_unnamed_is_allowed(
    deployed: Deployed, user: str, command: str, place: str
) -> None:
    assert deployed.answer(user, command, PLACES[deployed.connector][place]) == "ERROR"


@pytest.mark.parametrize(
    "login",
    [
        {},
        {"login": "hv1", "passcode": "guessed"},
        {"login": "hv3", "passcode": PASSWORD},
        {"login": "guest", "passcode": "guest"},
    ],
)
def test_who_has_no_password_is_not_let_in(deployed: Deployed, login: dict[str, str]) -> None:
    with deployed.connection() as connection:
        # Once in forty times ActiveMQ hangs up before it has said why.
        assert exchange(connection, "CONNECT", host=VHOST, **login) in {"ERROR", HUNG_UP}


@pytest.mark.xdist_group("deployed-rabbitmq")
@pytest.mark.parametrize("destination", ["/reply-queue/amq.gen-F8b5jtZlvb1eQ2FzZB0xYA", "/amq/queue/another"])
def test_on_rabbitmq_a_host_reaches_no_queue_by_its_name(deployed_rabbitmq: BrokerProcess, destination: str) -> None:
    assert Deployed("rabbitmq", deployed_rabbitmq).answer("hv1", "SEND", destination) == "ERROR"


@pytest.mark.xdist_group("deployed-rabbitmq")
def test_erlangs_own_port_is_open_to_this_machine_alone(deployed_rabbitmq: BrokerProcess) -> None:
    port = int((deployed_rabbitmq.environment or {})["RABBITMQ_DIST_PORT"])

    socket.create_connection(("127.0.0.1", port), 10).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), 10)


def test_with_a_certificate_a_question_and_its_answer_go_over_tls(deployed: Deployed) -> None:
    asking, answering = (settings(deployed, user) for user in ("balancer", "hv1"))
    words = fabric(asking)
    place = words.replies(1, 2)
    life = int(time.time()), 60

    with (
        connected(answering, fabric(answering).server_subscriptions(["xenagent"], directed=True)) as (host, questions),
        connected(asking, place.subscriptions) as (caller, answers),
    ):
        caller.send(words.request("mcollective", "xenagent", "hv1", place.reply_to, life, b"question"))
        reply_to = questions.get(timeout=30).reply_to
        host.send(fabric(answering).reply(reply_to, life, b"answer"))

        assert answers.get(timeout=30).body == b"answer"


def test_without_a_certificate_nobody_gets_in_over_tls(deployed: Deployed) -> None:
    with (
        pytest.raises(FabricError, match="wants a certificate from us"),
        connected(settings(deployed, "balancer", certificate=None, key=None), ()),
    ):
        pytest.fail("it got in")


def settings(deployed: Deployed, user: str, **changes: Path | None) -> Settings:
    """A user's end over TLS, as the example's comments say."""
    authority = deployed.process.authority
    assert authority is not None
    client = authority.issue(user)
    files = {"ca": authority.certificate, "certificate": client.certificate, "key": client.key}
    broker = {
        "host": "127.0.0.1", "port": deployed.process.tls_port, "user": user, "password": PASSWORD,
        "tls": files | changes,
    }  # fmt: skip
    options = {"identity": user, "connector": deployed.connector, "vhost": VHOST, "reply_exchange": True}
    return Settings.model_validate(options | {"brokers": (Broker.model_validate(broker),)})


@contextmanager
def connected(
    settings: Settings, subscriptions: tuple[Subscription, ...]
) -> Iterator[tuple[Connection, "queue.Queue[Incoming]"]]:
    arrived: queue.Queue[Incoming] = queue.Queue()
    connection = Connection(settings, arrived.put)
    connection.start(subscriptions)
    try:
        connection.wait(2)
        yield connection, arrived
    finally:
        connection.close()
