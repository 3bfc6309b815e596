"""The very files that `mcollectived` and `mco` read serve our own ends as well."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from agents.mcollective.cfg.documents import read_client
from agents.mcollective.client import Client
from tests.interop import ours, stock
from tests.interop.conftest import open_beside
from tests.interop.questions import RUBY
from tests.interop.stock import Cell


def asked(cell: Cell) -> list[object]:
    """What stock `mco` hears of the server; each question is a second of waiting, so all are asked at once."""
    mco = stock.client(cell)
    questions: list[Callable[[], object]] = [
        lambda: mco.find("-C", "xen", "-F", "country=de"),
        lambda: mco.ping("-F", "country=fr"),
        lambda: mco.rpc("rpcutil", "get_facts", "facts=country,cpus,node", hosts=[RUBY]),
        lambda: mco.rpc("rpcutil", "collective_info"),
    ]
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda ask: ask(), questions))


def test_our_server_takes_over_from_rubys(cell: Cell) -> None:
    cell = open_beside(cell)
    with stock.server(cell, RUBY):
        before = asked(cell)
    audited = (cell.folder / RUBY / "audit").read_text().count("action=get_facts")

    config = ours.write_server_for(cell, RUBY, cell.folder / RUBY / "server.cfg")
    with ours.serving(cell, config, cell.folder / "ours.log") as program:
        assert ours.answers(cell, RUBY), program.said
        after = asked(cell)

    assert before[0] == {RUBY}
    assert after == before
    assert (cell.folder / RUBY / "audit").read_text().count("action=get_facts") == audited + 1 == 2


def test_our_client_asks_with_mcos_file(servers: Cell) -> None:
    file = stock.client(servers).config

    with closing(Client(read_client(file))) as client:
        client.connect()
        found = client.discover(ours.wanted(("-F", "node=/^ruby/")), 1.0)
        replies = client.call("witness", "say", {"text": "hello"}, found, 5.0)

    assert {host: result.data["caller"] for host, result in replies.by_host.items()} == {
        RUBY: servers.caller_id("balancer")
    }
