"""The ssl plugin: who may speak in whose name, and what no forger gets through."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from agents.mcollective.errors import MessageError
from agents.mcollective.keys import load_private, sign
from agents.mcollective.message import Reply, Result, Signed, request_envelope, result_body
from agents.mcollective.security.ssl_plugin import SslHost
from agents.mcollective.serializers import Limits, Symbol
from agents.mcollective.serializers.psych import YAML, decode, encode
from agents.mcollective.settings import ServerKeys
from tests.wire import CALLER, NOW, caller, say

REPLY = Reply("echo", result_body(Result(0, "OK", {"text": "hello"})), "hv1", "a" * 32, NOW)


@pytest.fixture
def host(server_keys: ServerKeys) -> SslHost:
    return SslHost(server_keys, YAML, Limits())


def altered(payload: bytes, **changes: Any) -> bytes:
    envelope = decode(payload)
    return encode(envelope | {Symbol(key): value for key, value in changes.items()})


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(MessageError) as refused:
        act()
    return refused.value.reason


def test_a_request_arrives_as_it_was_sent_and_its_caller_is_known(host: SslHost, keys: Path) -> None:
    arrived = host.open(caller(keys).seal(say()))

    assert replace(arrived, signature=b"") == say()
    assert arrived.caller == CALLER


def test_a_reply_arrives_as_it_was_sent(host: SslHost, keys: Path) -> None:
    arrived = caller(keys).open(host.seal(REPLY))

    assert (arrived.sender, arrived.agent, arrived.request_id) == ("hv1", "echo", "a" * 32)
    assert arrived.body[Symbol("data")] == {Symbol("text"): "hello"}


def test_a_request_of_rubys_client_needs_no_more_than_ruby_signs(host: SslHost, keys: Path) -> None:
    body = b"---\n:ssl_msg: ping\n:ssl_ttl: 60\n:ssl_msgtime: 1795332541\n"
    signed = Signed(body, sign(load_private(keys / "balancer-private.pem"), body))

    assert host.open(encode(request_envelope(say(), signed, YAML))).body == "ping"


def test_the_signature_may_be_wrapped_in_any_way(host: SslHost, keys: Path) -> None:
    payload = caller(keys).seal(say())
    envelope = decode(payload)

    wrapped = altered(payload, hash=" \n".join(envelope[Symbol("hash")].replace("\n", "")))

    assert host.open(wrapped).signature == host.open(payload).signature


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"body": "---\n:ssl_msg: ping\n:ssl_ttl: 60\n:ssl_msgtime: 1795332541\n"}, "bad signature"),
        ({"hash": "AAAA"}, "bad signature"),
        ({"ttl": 61}, "tampered"),
        ({"msgtime": NOW + 1}, "tampered"),
        ({"requestid": "c" * 32}, "tampered"),
        ({"senderid": "nobody"}, "tampered"),
        ({"agent": "discovery"}, "tampered"),
        ({"collective": "other"}, "tampered"),
        ({"filter": {"identity": ["hv2"]}}, "tampered"),
        ({"callerid": "cert=nobody"}, "unknown caller"),
        ({"callerid": "cert=..", "hash": "AAAA"}, "unknown caller"),
        ({"callerid": "uid=0"}, "unknown caller"),
    ],
)
def test_a_request_changed_on_its_way_is_refused(
    host: SslHost, keys: Path, changes: dict[str, Any], reason: str
) -> None:
    payload = altered(caller(keys).seal(say()), **changes)

    assert refusal(lambda: host.open(payload)) == reason


def test_a_stranger_is_refused_in_his_own_and_in_anothers_name(host: SslHost, keys: Path) -> None:
    own = caller(keys, "stranger").seal(say())

    assert refusal(lambda: host.open(own)) == "unknown caller"
    assert refusal(lambda: host.open(altered(own, callerid=CALLER))) == "bad signature"


def test_a_body_without_its_signed_time_is_refused(host: SslHost, keys: Path) -> None:
    body = b"---\n:ssl_msg: ping\n"
    signed = Signed(body, sign(load_private(keys / "balancer-private.pem"), body))

    assert refusal(lambda: host.open(encode(request_envelope(say(), signed, YAML)))) == "tampered"


@pytest.mark.parametrize("changes", [{"requestid": "c" * 32}, {"senderid": "hv2"}])
def test_an_old_reply_fits_no_other_question_and_no_other_host(
    host: SslHost, keys: Path, changes: dict[str, str]
) -> None:
    payload = altered(host.seal(REPLY), **changes)

    assert refusal(lambda: caller(keys).open(payload)) == "tampered"


def test_a_reply_that_is_not_signed_by_the_servers_is_refused(host: SslHost, keys: Path) -> None:
    payload = altered(host.seal(REPLY), body=encode(result_body(Result(0, "OK", {"text": "forged"}))).decode())

    assert refusal(lambda: caller(keys).open(payload)) == "bad signature"


def test_a_caller_whose_key_is_taken_away_is_unknown_from_then_on(keys: Path, tmp_path: Path) -> None:
    key = Path(shutil.copy(keys / "balancer-public.pem", tmp_path))
    host = SslHost(
        ServerKeys(
            server_private=keys / "server-private.pem",
            server_public=keys / "server-public.pem",
            client_cert_dir=tmp_path,
        ),
        YAML,
        Limits(),
    )
    payload = caller(keys).seal(say())
    assert host.open(payload).caller == CALLER

    key.unlink()

    assert refusal(lambda: host.open(payload)) == "unknown caller"


def test_a_message_above_the_limit_is_refused_before_it_is_parsed(server_keys: ServerKeys, keys: Path) -> None:
    small = SslHost(server_keys, YAML, Limits(size=1000))

    assert refusal(lambda: small.open(caller(keys).seal(say("x" * 1000)))) == "too large"
