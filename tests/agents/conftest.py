"""What the tests of agents share: libvirt, where it is installed."""

import importlib.util
import os

import pytest


@pytest.fixture(scope="session")
def needs_libvirt() -> None:
    """Skips where libvirt-python is missing; where CI is set it must be there."""
    if importlib.util.find_spec("libvirt") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("libvirt-python is not installed: apt-get install libvirt-dev, then pip install .[libvirt]")
        pytest.skip("libvirt-python is not installed")
