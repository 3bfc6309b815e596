"""The broker's example configuration, on the real ActiveMQ: who may say what, and where."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import BrokerProcess, activemq

DEPLOYED = Path(__file__).parents[2] / "deploy" / "broker"

REQUESTS = "/topic/mcollective.xenagent.agent"
DIRECTED = "/queue/mcollective.nodes"
REPLIES = "/queue/mcollective.reply.balancer_1.1"

pytestmark = [pytest.mark.broker, pytest.mark.xdist_group("deployed-broker")]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    folder = tmp_path_factory.mktemp("broker")
    process = activemq(folder)
    config = (DEPLOYED / "activemq.xml").read_text().replace("//0.0.0.0:61613", f"//127.0.0.1:{process.port}")
    credentials = (DEPLOYED / "credentials.properties.example").read_text()
    (folder / "conf" / "activemq.xml").write_text(config)
    (folder / "conf" / "credentials.properties").write_text(credentials)
    process.start()
    yield process
    process.stop()


def exchange(connection: socket.socket, command: str, **headers: str) -> str:
    """Send one frame without a body; the first line of the frame that comes back."""
    lines = [command, *(f"{name}:{value}" for name, value in headers.items())]
    connection.sendall(("\n".join(lines) + "\n\n\0").encode())
    answer = b""
    while b"\0" not in answer:
        answer += connection.recv(65536)
    return answer.decode().lstrip("\n").partition("\n")[0]


def answer_to(broker: BrokerProcess, user: str, command: str, destination: str) -> str:
    with socket.create_connection(("127.0.0.1", broker.port), 10) as connection:
        assert exchange(connection, "CONNECT", login=user, passcode="CHANGE-ME") == "CONNECTED"
        return exchange(connection, command, destination=destination, receipt="1")


@pytest.mark.parametrize(
    ("user", "command", "destination"),
    [
        ("balancer", "SEND", REQUESTS),
        ("balancer", "SEND", DIRECTED),
        ("balancer", "SUBSCRIBE", REPLIES),
        ("hv1", "SUBSCRIBE", REQUESTS),
        ("hv1", "SUBSCRIBE", DIRECTED),
        ("hv1", "SEND", REPLIES),
    ],
)
def test_what_each_needs_is_allowed(broker: BrokerProcess, user: str, command: str, destination: str) -> None:
    assert answer_to(broker, user, command, destination) == "RECEIPT"


@pytest.mark.parametrize(
    ("user", "command", "destination"),
    [
        ("hv1", "SEND", REQUESTS),
        ("hv1", "SEND", DIRECTED),
        ("hv1", "SUBSCRIBE", REPLIES),
        ("balancer", "SUBSCRIBE", REQUESTS),
        ("balancer", "SUBSCRIBE", DIRECTED),
        ("balancer", "SEND", REPLIES),
        ("hv1", "SEND", "/queue/elsewhere"),
        ("balancer", "SEND", "/queue/elsewhere"),
        ("balancer", "SEND", "/topic/other.xenagent.agent"),
    ],
)
def test_a_host_commands_nobody_and_nothing_unnamed_is_allowed(
    broker: BrokerProcess, user: str, command: str, destination: str
) -> None:
    assert answer_to(broker, user, command, destination) == "ERROR"


@pytest.mark.parametrize(
    "login", [{}, {"login": "hv1", "passcode": "guessed"}, {"login": "hv3", "passcode": "CHANGE-ME"}]
)
def test_who_has_no_password_is_not_let_in(broker: BrokerProcess, login: dict[str, str]) -> None:
    with socket.create_connection(("127.0.0.1", broker.port), 10) as connection:
        assert exchange(connection, "CONNECT", **login) == "ERROR"
