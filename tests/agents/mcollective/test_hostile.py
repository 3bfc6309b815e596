"""What becomes of the corpus: a plain value or a refusal from each serializer, a counted refusal from each server."""

import hashlib
import re
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from agents.mcollective.errors import DecodeError
from agents.mcollective.keys import load_private, sign
from agents.mcollective.security import CallerEnd
from agents.mcollective.security.choice import MAX_VALUES, caller_end
from agents.mcollective.serializers import Limits, Regexp, Symbol
from agents.mcollective.server import Server
from agents.mcollective.settings import ClientKeys, ClientSettings, ServerKeys, ServerSettings, SharedKey
from agents.mcollective.statistics import Statistics
from agents.mcollective.this_node import ThisNode
from tests.agents.mcollective.hostile import MEBIBYTE, SERIALIZERS, corpus, documents, requests, sealed
from tests.wire import NOW, Echo, policies, roster_of, say

CORPUS = corpus()
SECONDS = 0.05
BYTES = 10 * MEBIBYTE
TRIES = 3
"""The machine may be busy: the quickest of so many counts."""
LIMITS = Limits(values=MAX_VALUES)
"""What hosts take."""
PLAIN = {type(None), bool, int, float, str, bytes, Symbol, Regexp, list, dict}
SECRET = b"s3cret"
KEY = SharedKey(key=SecretStr(SECRET.decode()))


def decoded(name: str, data: bytes) -> Any:
    try:
        return SERIALIZERS[name.partition(":")[0]].decode(data, LIMITS)
    except DecodeError as error:
        return error


def seconds(act: Callable[[], object]) -> float:
    begin = time.process_time()
    act()
    return time.process_time() - begin


def quickest(tries: Callable[[], Callable[[], object]]) -> float:
    """Of what each call prepares; more than one where one is too slow."""
    spent = seconds(tries())
    return spent if spent < SECONDS else min(spent, *(seconds(tries()) for _ in range(TRIES - 1)))


def peak(act: Callable[[], object]) -> int:
    tracemalloc.start()
    act()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def kinds(value: Any) -> set[type]:
    found, waiting = set(), [value]
    while waiting:
        one = waiting.pop()
        found.add(type(one))
        waiting += [*one.keys(), *one.values()] if isinstance(one, dict) else one if isinstance(one, list) else []
    return found


def process() -> tuple[set[str], set[threading.Thread]]:
    return set(sys.modules), set(threading.enumerate())


@pytest.mark.parametrize("of", SERIALIZERS)
def test_the_corpus_holds_many_messages_and_none_twice(of: str) -> None:
    messages = [data for name, data in CORPUS if name.startswith(of)]

    assert len(set(messages)) == len(messages) >= 200


def test_each_is_a_plain_value_or_a_refusal() -> None:
    values = [(name, decoded(name, data)) for name, data in CORPUS]

    assert [name for name, value in values if not isinstance(value, DecodeError) and not kinds(value) <= PLAIN] == []


def test_each_is_decoded_within_50_ms() -> None:
    slow = [name for name, data in CORPUS if quickest(partial(partial, decoded, name, data)) >= SECONDS]

    assert slow == []


def test_none_takes_10_mebibytes() -> None:
    large = [name for name, data in CORPUS if peak(partial(decoded, name, data)) >= BYTES]

    assert large == []


def test_none_loads_a_module_starts_a_thread_or_compiles_a_regular_expression() -> None:
    before, compiled = process(), set(re._cache)  # type: ignore[attr-defined] # CPython's own

    for name, data in CORPUS:
        decoded(name, data)

    assert process() == before
    assert set(re._cache) <= compiled  # type: ignore[attr-defined] # CPython's own


@dataclass(frozen=True)
class Host:
    """What speaks `of` and knows one caller: new servers, that caller, and how it signs a body."""

    of: str
    new: Callable[[], Server]
    asker: CallerEnd
    sign: Callable[[bytes], str]

    def uncounted(self, messages: Iterable[tuple[str, bytes]]) -> list[tuple[str, Counter[str]]]:
        """The messages that a server neither refuses nor filters once, and what it does instead."""
        server = self.new()
        outcomes = [(name, outcome(server, payload)) for name, payload in messages]
        return [(name, counted) for name, counted in outcomes if counted not in (REFUSED, FILTERED, FILTERED + REFUSED)]


REFUSED, FILTERED = Counter(refused=1), Counter(filtered=1)


def tally(server: Server) -> Counter[str]:
    """What became of requests so far: refused, filtered, answered."""
    counts, refused = server.statistics.counts, server.statistics.refused
    return Counter(refused=refused.total(), filtered=counts["filtered"], replies=counts["replies"])


def outcome(server: Server, payload: bytes) -> Counter[str]:
    before = tally(server)
    server.handle(payload)
    return tally(server) - before


def handling(new: Callable[[], Server], payload: bytes) -> Callable[[], object]:
    """What a server without a memory of it does with that message."""
    return partial(new().handle, payload)


@pytest.fixture(params=["psk", "ssl with yaml", "ssl with marshal"])
def host(request: pytest.FixtureRequest, server_keys: ServerKeys, client_keys: ClientKeys, tmp_path: Path) -> Host:
    plugin, _, of = request.param.partition(" with ")
    ours, theirs = {"psk": (KEY, KEY), "ssl": (server_keys, client_keys)}[plugin]
    changes = {"serializer": of} if of else {}
    common = {"policies": policies(tmp_path), "identity": "hv1", plugin: ours.model_copy(update=changes)}
    settings = ServerSettings.model_validate(common)
    roster = roster_of(Echo(), tmp_path / "agents")

    def new() -> Server:
        return Server(settings, roster, ThisNode(settings, roster, {}), Statistics(), clock=lambda: NOW)

    asker = caller_end(ClientSettings.model_validate({plugin: theirs.model_copy(update=changes)}))
    private = load_private(client_keys.client_private)
    signs = {"psk": lambda body: hashlib.md5(body + SECRET).hexdigest(), "ssl": lambda body: sign(private, body)}
    return Host(of or "marshal", new, asker, signs[plugin])


def signed_bodies(host: Host) -> list[tuple[str, bytes]]:
    return [(name, sealed(host.of, body, host.sign)) for name, body in documents(host.of)]


def signed_requests(host: Host) -> list[tuple[str, bytes]]:
    asked = enumerate(requests(host.asker.name))
    return [(name, host.asker.seal(say(**{"request_id": f"r{number}"} | changes))) for number, (name, changes) in asked]


def test_a_server_counts_a_refusal_for_each(host: Host) -> None:
    assert host.uncounted(CORPUS) == []


def test_it_does_so_for_hostile_bodies_that_its_caller_has_signed(host: Host) -> None:
    assert host.uncounted(signed_bodies(host)) == []


def test_it_does_so_for_hostile_requests_that_its_caller_has_signed(host: Host) -> None:
    assert host.uncounted(signed_requests(host)) == []


def test_a_server_takes_50_ms_for_none(host: Host) -> None:
    server = host.new()
    messages = [*CORPUS, *signed_bodies(host), *signed_requests(host)]

    slow = [(name, payload) for name, payload in messages if seconds(partial(server.handle, payload)) >= SECONDS]

    assert [name for name, payload in slow if quickest(partial(handling, host.new, payload)) >= SECONDS] == []


def test_a_server_takes_10_mebibytes_for_none(host: Host) -> None:
    server = host.new()
    messages = [*CORPUS, *signed_bodies(host), *signed_requests(host)]

    assert [name for name, payload in messages if peak(partial(server.handle, payload)) >= BYTES] == []


def test_a_server_is_as_it_was_after_all_of_them(host: Host) -> None:
    server = host.new()
    ping = host.asker.seal(say(agent="discovery", body="ping"))
    host.new().handle(ping)
    before = process()

    for _, payload in CORPUS:
        server.handle(payload)

    assert process() == before
    assert server.handle(ping) is not None
