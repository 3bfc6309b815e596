"""The lab, started once and found tidy by each test."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Login
from tests.xen.hypervisor import new_lab
from tests.xen.kinds import KINDS
from tests.xen.lab import Host, Lab
from tests.xen.namespaces import pair
from tests.xen.site import Site


@pytest.fixture(scope="session")
def running_lab(activemq_login: Login) -> Iterator[Lab]:
    with tempfile.TemporaryDirectory() as folder:
        lab = new_lab(Path(folder), activemq_login.port)
        try:
            lab.start()
            yield lab
        finally:
            lab.stop()


@pytest.fixture(scope="session")
def qemu_known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What libvirt has found out about QEMU: it takes seconds, and is the same for every test."""
    return tmp_path_factory.mktemp("qemu")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which of them a test is about; without a word of it, both."""
    return str(request.param)


@pytest.fixture
def lab(kind: str, request: pytest.FixtureRequest) -> Iterator[Lab]:
    if os.geteuid() != 0:
        pytest.skip("makes hypervisors and namespaces: run it as root")
    if kind == "xen":
        lab: Lab = request.getfixturevalue("running_lab")
        lab.tidy()
        yield lab
    else:
        known: Path = request.getfixturevalue("qemu_known")
        with pair(known, request.getfixturevalue("activemq_login").port) as lab:
            yield lab


@pytest.fixture
def first(lab: Lab) -> Host:
    return lab.hosts[0]


@pytest.fixture
def second(lab: Lab) -> Host:
    return lab.hosts[1]


@pytest.fixture
def site(lab: Lab, activemq_login: Login, keys: Path, tmp_path: Path) -> Site:
    """An agent in each Domain-0."""
    site = Site(lab, activemq_login, keys, tmp_path)
    site.start()
    return site
