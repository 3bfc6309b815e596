"""The lab, started once and found tidy by each test."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Login
from tests.xen.lab import Hypervisor, Lab, new_lab
from tests.xen.site import Site


@pytest.fixture(scope="session")
def running_lab(activemq_login: Login) -> Iterator[Lab]:
    if os.geteuid() != 0:
        pytest.skip("builds a disk of Debian's packages: run it as root")
    with tempfile.TemporaryDirectory() as folder:
        lab = new_lab(Path(folder), activemq_login.port)
        try:
            lab.start()
            yield lab
        finally:
            lab.stop()


@pytest.fixture
def lab(running_lab: Lab) -> Lab:
    running_lab.tidy()
    return running_lab


@pytest.fixture
def first(lab: Lab) -> Hypervisor:
    return lab.hosts[0]


@pytest.fixture
def second(lab: Lab) -> Hypervisor:
    return lab.hosts[1]


@pytest.fixture
def site(lab: Lab, activemq_login: Login, keys: Path, tmp_path: Path) -> Site:
    """An agent in each Domain-0."""
    site = Site(lab, activemq_login, keys, tmp_path)
    site.start()
    return site
