"""Our client asks a Ruby server and one of ours the same, in every cell: it cannot tell them apart either."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from msgspec.structs import replace

from agents.mcollective.client import Client
from agents.mcollective.message import Result
from agents.mcollective.serializers import Symbol
from tests.interop import ours
from tests.interop.questions import BAD, BOTH, FINDS, GOOD, OURS, PINGS, RUBY, UNSEEN, UNTOLD, ageless
from tests.interop.stock import Cell
from tests.wire import eventually

SOON = 5.0
"""Seconds that nobody needs on one machine."""
ASKED = {**FINDS, **{f"ping: {name}": asked for name, asked in PINGS.items()}}
ASKED.pop("classes and facts")  # -W is mco's short form of -C and -F; on the wire there is no such thing
AT_ONCE = 16


@pytest.fixture(scope="module")
def found(servers: Cell) -> Mapping[str, frozenset[str]]:
    """Whom each discovery finds."""

    def discovered(name: str) -> frozenset[str]:
        with ours.client(servers) as client:
            return frozenset(client.discover(ours.wanted(ASKED[name][0]), 2.0))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(ASKED, pool.map(discovered, ASKED), strict=True))


@pytest.fixture(scope="module")
def client(servers: Cell) -> Iterator[Client]:
    with ours.client(servers) as client:
        yield client


@pytest.mark.parametrize("by", ASKED)
def test_discovery_finds(found: Mapping[str, frozenset[str]], by: str) -> None:
    assert found[by] == ASKED[by][1]


@pytest.mark.parametrize("said", GOOD)
def test_good_input_comes_back_with_its_types(client: Client, servers: Cell, said: str) -> None:
    told = {"text": "hello", **GOOD[said][1]}

    replies = client.call("witness", "say", told, BOTH, SOON)

    expected = Result(0, "OK", {**UNTOLD, **told, "caller": servers.caller_id("balancer")})
    assert replies.by_host == {RUBY: expected, OURS: expected}
    assert not replies.refused


@pytest.mark.parametrize("wrong", BAD)
def test_bad_input_is_refused_with_the_same_words(client: Client, wrong: str) -> None:
    (action, *words), status = BAD[wrong]

    replies = client.call("witness", action, dict(word.split("=", 1) for word in words), BOTH, SOON)

    assert {host: result.status for host, result in replies.by_host.items()} == {RUBY: status, OURS: status}
    assert replies.by_host[OURS] == replies.by_host[RUBY]


@pytest.mark.parametrize("unseen", [name for name, (_, _, status) in UNSEEN.items() if status is not None])
def test_what_no_ddl_has_seen_is_answered_with_the_same_words(client: Client, unseen: str) -> None:
    action, data, status = UNSEEN[unseen]

    replies = client.call("witness", action, data, BOTH, SOON)

    assert {host: result.status for host, result in replies.by_host.items()} == {RUBY: status, OURS: status}
    assert replies.by_host[OURS] == replies.by_host[RUBY]


def test_an_unknown_agent_is_never_answered(client: Client) -> None:
    replies = client.call("nosuch", "say", {}, BOTH, 0.5)

    assert replies.by_host == {}


def test_fire_and_forget_is_done_and_not_answered(client: Client, servers: Cell) -> None:
    client.tell("witness", "note", {"text": "told"}, BOTH)

    assert eventually(lambda: all("told\n" in servers.notes(host) for host in BOTH))
    # What would be an answer to it would come before the answer to this.
    assert not client.call("witness", "say", {"text": "and now"}, BOTH, SOON).refused


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("get_fact", {"fact": "country"}),
        ("get_fact", {"fact": "disks"}),
        ("get_fact", {"fact": "nosuch"}),
        ("get_facts", {"facts": "country,roles,nosuch"}),
        ("collective_info", {}),
        ("get_config_item", {"item": "main_collective"}),
        ("get_config_item", {"item": "nosuch"}),
        ("get_data", {"source": "fstat", "query": "/etc/passwd"}),
        ("get_data", {"source": "fact", "query": "cpus"}),
        ("get_data", {"source": "agent", "query": "witness"}),
        ("get_data", {"source": "nosuch"}),
    ],
)
def test_rpcutil_says_the_same(client: Client, action: str, data: Mapping[str, str]) -> None:
    replies = client.call("rpcutil", action, data, BOTH, SOON)

    assert replies.by_host.keys() == BOTH
    told, rubys = (
        replace(result, data=ageless(result.data)) for result in map(replies.by_host.__getitem__, (OURS, RUBY))
    )
    assert told == rubys


@pytest.mark.parametrize("action", ["inventory", "daemon_stats", "agent_inventory", "ping"])
def test_rpcutil_answers_with_the_same_types(client: Client, action: str) -> None:
    replies = client.call("rpcutil", action, {}, BOTH, SOON)

    told, rubys = ({Symbol(name): value for name, value in replies.by_host[host].data.items()} for host in (OURS, RUBY))
    assert shape(told) == shape(rubys)


def shape(value: Any) -> Any:
    """The types, not the values: of a record each field's, of a list or another hash all that are in it."""
    if isinstance(value, Mapping) and all(isinstance(key, Symbol) for key in value):
        return dict(sorted((str(key), shape(inner)) for key, inner in value.items()))
    if isinstance(value, Mapping):
        return {str: shape(list(value.values()))}
    return sorted({repr(shape(inner)) for inner in value}) if isinstance(value, list) else type(value)


def test_a_broadcast_reaches_both(client: Client) -> None:
    replies = client.call("witness", "say", {"text": "to all"}, BOTH, SOON, broadcast=True)

    assert replies.by_host.keys() == BOTH


def test_a_broadcast_to_one_is_answered_by_one(servers: Cell) -> None:
    with ours.client(servers, direct_addressing=False) as client:
        replies = client.call("witness", "say", {"text": "to one"}, [RUBY], SOON)

    assert (set(replies.by_host), replies.refused) == ({RUBY}, {})


def test_an_action_that_takes_too_long_is_not_answered(client: Client) -> None:
    replies = client.call("witness", "linger", {"seconds": 30}, BOTH, 3.0)

    assert replies.by_host == {}
