"""A host that is away while it is asked: ActiveMQ keeps what was directed to it, RabbitMQ loses it, for either server.

Kept is not done for ever: a server that comes back looks at the request's age, as it always does.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.conftest import Login
from tests.interop import ours, stock
from tests.interop.conftest import open_beside, open_cell
from tests.interop.questions import OURS, RUBY
from tests.interop.stock import Cell, Client
from tests.stage import Program
from tests.wire import eventually

KEPT = {"activemq": {"asked-by-mco", "told-by-mco", "asked-by-us", "told-by-us"}, "rabbitmq": set[str]()}
"""What of all that it was asked for comes to a host that is back."""
EXPIRED = {"activemq": 1, "rabbitmq": 0}
SOON = 5.0


def leave(cell: Cell, host: str) -> None:
    """The host was there, and is away now."""
    if host == RUBY:
        stock.write_server(cell, host)
    else:
        ours.write_server(cell, host, {}, {})
    with there(cell, host, "before.log") as program:
        assert ours.answers(cell, host), program.said


def there(cell: Cell, host: str, log: str) -> AbstractContextManager[Program]:
    """The host while the context is open."""
    folder = cell.folder / host
    if host == RUBY:
        return stock.serving(cell, folder / "server.cfg", log)
    return ours.serving(cell, folder / "agent.yaml", folder / log)


def tell(mco: Client, host: str, text: str, *words: str) -> int:
    """Stock `mco` asks it to note that, and waits for nothing; gives its exit code."""
    return mco.mco("rpc", "witness", "note", f"text={text}", "--nr", "-I", host, *words).returncode


@pytest.mark.parametrize("host", [RUBY, OURS])
def test_what_was_directed_to_it_is_kept_or_lost_by_the_broker_alone(own_cell: Cell, host: str) -> None:
    cell = open_beside(own_cell)
    leave(cell, host)
    mco = stock.client(cell)
    with ours.client(cell) as client:
        assert mco.rpc("witness", "note", "text=asked-by-mco", "-t", "1", hosts=[host]) == {}
        assert tell(mco, host, "told-by-mco") == 0
        assert client.call("witness", "note", {"text": "asked-by-us"}, [host], 0.5).by_host == {}
        client.tell("witness", "note", {"text": "told-by-us"}, [host])
        assert client.call("witness", "note", {"text": "broadcast-by-us"}, [host], 0.5, broadcast=True).by_host == {}
        assert tell(mco, host, "too-late", "--ttl", "1") == 0
        sent = time.time()
        assert eventually(lambda: time.time() > sent + 2)

        with there(cell, host, "after.log") as program:
            back = {"text": "back"}
            assert eventually(lambda: host in client.call("witness", "note", back, [host], 1.0).by_host), program.said
            noted = {*KEPT[cell.login.connector], "back"}
            assert eventually(lambda: set(cell.notes(host).split()) == noted), cell.notes(host)
            stats = client.call("rpcutil", "daemon_stats", {}, [host], SOON).by_host[host].data

    assert stats["ttlexpired"] == EXPIRED[cell.login.connector]
    assert set(cell.notes(host).split()) == noted


@pytest.mark.broker
@pytest.mark.xdist_group("activemq")
@pytest.mark.parametrize("host", [RUBY, OURS])
def test_who_still_waits_when_it_is_back_is_answered_where_the_broker_keeps(
    activemq_login: Login, all_keys: Path, tmp_path: Path, host: str
) -> None:
    cell = open_cell(activemq_login, "ssl-yaml", all_keys, tmp_path)
    leave(cell, host)
    with ThreadPoolExecutor() as pool, ours.client(cell) as client:
        by_mco = pool.submit(stock.client(cell).rpc, "rpcutil", "ping", "-t", "60", hosts=[host])
        by_us = pool.submit(client.call, "rpcutil", "ping", {}, [host], 60.0)
        with there(cell, host, "after.log"):
            answered = by_mco.result(), by_us.result()

    assert answered[0][host]["statuscode"] == answered[1].by_host[host].status == 0
