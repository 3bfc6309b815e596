"""Envelopes and bodies, from hashes to values and back; the captured request of Ruby's client among them."""

from typing import Any

import pytest

from agents.mcollective.errors import MessageError
from agents.mcollective.message import (
    Call,
    Reply,
    Result,
    Signed,
    call_body,
    read_call,
    read_reply,
    read_request,
    read_result,
    reply_envelope,
    request_envelope,
    result_body,
)
from agents.mcollective.serializers import Symbol
from agents.mcollective.serializers.psych import YAML, decode
from tests.wire import say

CAPTURED_REQUEST = """\
---
:body: |
  ---
  :ssl_msg:
    :agent: rpcutil
    :action: inventory
    :caller: cert=john-public
    :data:
      :process_results: true
  :ssl_ttl: 60
  :ssl_msgtime: 1795332541
:senderid: rubyclient
:requestid: 35133302d8095fe8bf0810ea18f43fbe
:filter:
  fact: []
  cf_class: []
  agent:
  - rpcutil
  identity: []
  compound: []
:collective: mcollective
:agent: rpcutil
:callerid: cert=john-public
:ttl: 60
:msgtime: 1795332541
:hash: |
  ftLE5D8pHOzdDV1SDDFUgDhGrapsg15X4NhV58/Y5+eC4rJEexp17cIDjm4n
"""

CAPTURED_REPLY = """\
---
:senderid: rubynode1
:requestid: 65f5cea676385c4d9113f9549eef551a
:senderagent: discovery
:msgtime: 1795332533
:body: "--- pong\\n"
:hash: |
  KS/yabfQPJOvAeiCaf6IgJnD6f0C8m2mJIydomITH/oz7xgeh/svAR/vY8Pu
"""


def test_a_request_of_rubys_client_is_read() -> None:
    request, signed = read_request(decode(CAPTURED_REQUEST.encode()))

    assert (request.agent, request.sender, request.caller) == ("rpcutil", "rubyclient", "cert=john-public")
    assert (request.ttl, request.time, request.collective) == (60, 1795332541, "mcollective")
    assert request.filter["agent"] == ["rpcutil"]
    inner = decode(signed.body)
    assert read_call(inner[Symbol("ssl_msg")]) == Call("rpcutil", "inventory", "cert=john-public", {})


def test_a_reply_of_rubys_server_is_read() -> None:
    reply, signed = read_reply(decode(CAPTURED_REPLY.encode()))

    assert (reply.sender, reply.agent, decode(signed.body)) == ("rubynode1", "discovery", "pong")


def test_a_request_comes_back_as_it_was_sent() -> None:
    sent = say(body=None)

    assert read_request(request_envelope(sent, Signed(b"body", "hash"), YAML)) == (sent, Signed(b"body", "hash"))


def test_a_reply_comes_back_as_it_was_sent() -> None:
    sent = Reply("echo", None, "hv1", "a" * 32, 1795332541)

    assert read_reply(reply_envelope(sent, Signed(b"body", "hash"), YAML)) == (sent, Signed(b"body", "hash"))


def test_bodies_come_back_as_they_were_sent() -> None:
    call = Call("echo", "say", "cert=x", {"text": "hello"}, process_results=False)
    result = Result(1, "no", {"text": None})

    assert read_call(call_body(call)) == call
    assert read_result(result_body(result)) == result


def test_keys_may_be_strings_as_ruby_takes_them_too() -> None:
    body = {"agent": "echo", "action": "say", "caller": "cert=x", "data": {"text": "hello"}}

    assert read_call(body) == Call("echo", "say", "cert=x", {"text": "hello"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("senderid", "a/b"),
        ("senderid", None),
        ("requestid", ""),
        ("callerid", "cert=../x"),
        ("callerid", "nobody"),
        ("callerid", "cert=x\n"),
        ("agent", "../../etc"),
        ("ttl", -1),
        ("ttl", True),
        ("ttl", "60"),
        ("msgtime", 2**70),
        ("msgtime", 1.5),
        ("filter", []),
        ("hash", 5),
        ("body", {"not": "serialized"}),
    ],
)
def test_an_envelope_with_a_field_of_the_wrong_type_is_malformed(key: str, value: Any) -> None:
    envelope = request_envelope(say(body=None), Signed(b"body", "hash"), YAML) | {Symbol(key): value}

    with pytest.raises(MessageError, match=key) as refused:
        read_request(envelope)

    assert refused.value.reason == "malformed"


@pytest.mark.parametrize("value", [None, "text", [], {1: 2}, {"a": 1, Symbol("a"): 2}])
def test_what_is_no_hash_of_names_is_malformed(value: Any) -> None:
    with pytest.raises(MessageError, match="malformed"):
        read_request(value)
