"""Everybody at the broker's TLS port, each with a certificate: Debian's MCollective and ours, with either's files."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from agents.mcollective.cfg.documents import read_client
from agents.mcollective.client import Client
from tests.certificates import Authority
from tests.interop import ours, stock
from tests.interop.conftest import open_beside
from tests.interop.questions import BOTH, OURS, RUBY
from tests.interop.stock import Cell

HEIR = "heir1"
"""Our server with nothing but a Ruby server's files."""
ALL = BOTH | {HEIR}
SOON = 5.0


@pytest.fixture(scope="module")
def secure(own_cell: Cell) -> Iterator[Cell]:
    """A cell where all come in over TLS. Ruby's STOMP library reads RSA keys only."""
    cell = replace(open_beside(own_cell), tls=own_cell.login.authority.issue_rsa("peer"))
    heir = ours.write_server_for(cell, HEIR, stock.write_server(cell, HEIR))
    with (
        stock.server(cell, RUBY),
        ours.server(cell, OURS),
        ours.serving(cell, heir, cell.folder / "heir.log") as program,
    ):
        assert ours.answers(cell, HEIR), program.said
        yield cell


def test_mco_reaches_all(secure: Cell) -> None:
    mco = stock.client(secure)

    answers = mco.rpc("rpcutil", "get_fact", "fact=node", hosts=ALL)

    assert mco.ping() == ALL
    assert {host: answer["data"]["value"] for host, answer in answers.items()} == {host: host for host in ALL}


def test_our_client_reaches_all(secure: Cell) -> None:
    with ours.client(secure) as client:
        found = client.discover(ours.wanted(()), 1.0)
        replies = client.call("rpcutil", "get_fact", {"fact": "node"}, ALL, SOON)

    assert frozenset(found) == ALL
    assert {host: result.data["value"] for host, result in replies.by_host.items()} == {host: host for host in ALL}


def test_our_client_reaches_all_with_mcos_file(secure: Cell) -> None:
    with closing(Client(read_client(stock.client(secure).config))) as client:
        client.connect()
        replies = client.call("rpcutil", "ping", {}, ALL, SOON)

    assert replies.by_host.keys() == ALL


def test_with_a_certificate_of_another_authority_mco_gets_nowhere(secure: Cell) -> None:
    once: dict[str, object] = {f"plugin.{secure.login.connector}.max_reconnect_attempts": 1}
    (secure.folder / "others").mkdir()
    other = Authority.create(secure.folder / "others", "other-ca").issue_rsa("peer")

    known = stock.client(secure, "stranger", **once).mco("ping", "-t", "1")
    unknown = stock.client(replace(secure, tls=other), "stranger", **once).mco("ping", "-t", "1")

    assert (known.returncode, known.stdout.count(" time=")) == (0, 3), known.stderr
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr.endswith(": Stomp::Error::MaxReconnectAttempts\n")
