"""Fixtures for every test: brokers and keys, made for the test run and gone with it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from agents.mcollective.keys import generate_keys
from agents.mcollective.settings import ClientKeys, ConnectorName, ServerKeys
from tests.brokers import COLLECTIVES, PASSWORD, USER, BrokerProcess, activemq, coilmq, rabbitmq
from tests.certificates import Authority

# How fast a machine is says nothing about a property.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


LONGEST: Final = ("tests/xen/", "tests/interop/", "tests/e2e/", "tests/test_demonstration.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes begins first, so that nobody waits for it alone in the end."""
    items.sort(key=lambda item: next((n for n, place in enumerate(LONGEST) if place in item.nodeid), len(LONGEST)))


@dataclass(frozen=True)
class Login:
    """A broker that asks who is there; `connector` is MCollective's for it."""

    connector: ConnectorName
    process: BrokerProcess
    user: str
    password_file: Path
    _collectives: Iterator[str] = field(default_factory=lambda: iter(COLLECTIVES[1:]))

    @property
    def port(self) -> int:
        return self.process.port

    @property
    def tls_port(self) -> int:
        """STOMP over TLS, for those with a certificate of `authority`; the broker's own is for 127.0.0.1 alone."""
        return self.process.tls_port

    @property
    def authority(self) -> Authority:
        assert self.process.authority is not None
        return self.process.authority

    def collective(self) -> str:
        """One that nobody else has been given."""
        return next(self._collectives)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the pairs `server`, `balancer` and `stranger`; the servers know `balancer-public` only."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("server", "balancer", "stranger"):
        generate_keys(folder, name)
    (folder / "callers").mkdir()
    shutil.copy(folder / "balancer-public.pem", folder / "callers")
    return folder


@pytest.fixture(scope="session")
def server_keys(keys: Path) -> ServerKeys:
    return ServerKeys(
        server_private=keys / "server-private.pem",
        server_public=keys / "server-public.pem",
        client_cert_dir=keys / "callers",
    )


@pytest.fixture(scope="session")
def client_keys(keys: Path) -> ClientKeys:
    return ClientKeys(
        client_private=keys / "balancer-private.pem",
        client_public=keys / "balancer-public.pem",
        server_public=keys / "server-public.pem",
    )


@pytest.fixture
def coilmq_process(tmp_path: Path) -> Iterator[BrokerProcess]:
    """A CoilMQ of this test's own, which it may stop and start."""
    process = coilmq(tmp_path)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def coilmq_port(coilmq_process: BrokerProcess) -> int:
    """The port of a CoilMQ of this test's own."""
    return coilmq_process.port


@pytest.fixture(scope="session")
def activemq_login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Login]:
    """Debian's ActiveMQ, one for the whole run; mark its tests `broker` and `xdist_group("activemq")`."""
    yield from _logged_in("activemq", activemq(tmp_path_factory.mktemp("activemq")), tmp_path_factory)


@pytest.fixture(scope="session")
def rabbitmq_login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Login]:
    """Debian's RabbitMQ, one for the whole run; mark its tests `broker` and `xdist_group("rabbitmq")`."""
    yield from _logged_in("rabbitmq", rabbitmq(tmp_path_factory.mktemp("rabbitmq")), tmp_path_factory)


def _logged_in(connector: ConnectorName, process: BrokerProcess, folders: pytest.TempPathFactory) -> Iterator[Login]:
    password_file = folders.mktemp("login") / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(f"{PASSWORD}\n")
    process.start()
    yield Login(connector, process, USER, password_file)
    process.stop()
