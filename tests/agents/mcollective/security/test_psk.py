"""The psk plugin: who has the key is believed, who has not is not."""

import getpass
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from pydantic import SecretStr, ValidationError

from agents.mcollective.errors import MessageError
from agents.mcollective.keys import KeyFileError
from agents.mcollective.message import Reply, Result, read_result, result_body
from agents.mcollective.security.psk import PskCaller, PskHost
from agents.mcollective.serializers import Limits, Symbol
from agents.mcollective.serializers.ruby_marshal import decode, encode
from agents.mcollective.settings import CallerType, SharedKey
from tests.wire import NOW, say

KEY = SharedKey(key=SecretStr("s3cret"))
REPLY = Reply("echo", result_body(Result(0, "OK", {"text": "hello"})), "hv1", "a" * 32, NOW)


@pytest.fixture
def caller() -> PskCaller:
    return PskCaller(KEY, "balancer", Limits())


@pytest.fixture
def host() -> PskHost:
    return PskHost(KEY, "hv1", Limits())


def altered(payload: bytes, **changes: Any) -> bytes:
    return encode(decode(payload) | {Symbol(key): value for key, value in changes.items()})


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(MessageError) as refused:
        act()
    return refused.value.reason


def test_a_request_and_its_reply_arrive_as_they_were_sent(caller: PskCaller, host: PskHost) -> None:
    arrived = host.open(caller.seal(say()))
    answered = caller.open(host.seal(REPLY))

    assert replace(arrived, body=None, signature=b"") == replace(say(), body=None, caller=f"uid={os.getuid()}")
    assert (answered.sender, read_result(answered.body).data) == ("hv1", {"text": "hello"})


def test_rubys_digest_of_a_ping_is_ours(caller: PskCaller) -> None:
    captured = "8f894ed349355cca2824e19c39b28071"

    assert decode(caller.seal(say(agent="discovery", body="ping")))[Symbol("hash")] == captured


@pytest.mark.parametrize("changes", [{"body": b"\x04\x080"}, {"hash": "0" * 32}, {"hash": ""}, {"hash": "é"}])
def test_a_digest_that_does_not_fit_is_refused(caller: PskCaller, host: PskHost, changes: dict[str, Any]) -> None:
    assert refusal(lambda: host.open(altered(caller.seal(say()), **changes))) == "bad signature"
    assert refusal(lambda: caller.open(altered(host.seal(REPLY), **changes))) == "bad signature"


def test_another_key_is_no_key(caller: PskCaller) -> None:
    other = PskHost(SharedKey(key=SecretStr("other")), "hv1", Limits())

    assert refusal(lambda: other.open(caller.seal(say()))) == "bad signature"


@pytest.mark.parametrize(
    "changes", [{"callerid": "uid=1000000"}, {"ttl": 300}, {"msgtime": NOW + 1}, {"requestid": "c" * 32}]
)
def test_what_psk_leaves_open_is_bound_by_us(caller: PskCaller, host: PskHost, changes: dict[str, Any]) -> None:
    assert refusal(lambda: host.open(altered(caller.seal(say()), **changes))) == "tampered"


@pytest.mark.parametrize(
    ("kind", "name"),
    [("uid", f"uid={os.getuid()}"), ("user", f"user={getpass.getuser()}"), ("identity", "identity=hv1")],
)
def test_a_caller_is_called_as_the_settings_say(kind: CallerType, name: str) -> None:
    assert PskCaller(SharedKey(key=SecretStr("x"), caller=kind), "hv1", Limits()).name == name


def test_the_key_is_the_first_line_of_a_file_of_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "psk"
    file.write_text("s3cret\n")
    file.chmod(0o600)
    from_file = PskHost(SharedKey(key_file=file), "hv1", Limits())

    assert from_file.open(PskCaller(KEY, "x", Limits()).seal(say())).agent == "echo"

    file.write_text("\n")
    with pytest.raises(KeyFileError, match="the key is empty"):
        PskHost(SharedKey(key_file=file), "hv1", Limits())


def test_the_settings_name_one_key() -> None:
    with pytest.raises(ValidationError, match="name the file that holds the key"):
        SharedKey()
