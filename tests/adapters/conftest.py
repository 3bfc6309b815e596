"""What the tests of farms share: one broker for each file."""

from collections.abc import Iterator

import pytest

from tests.brokers import coilmq


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a CoilMQ."""
    process = coilmq(tmp_path_factory.mktemp("broker"))
    process.start()
    yield process.port
    process.stop()
