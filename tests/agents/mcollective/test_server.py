"""A host's transcript: these bytes came, that was answered, this was counted."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from agents.mcollective.message import Reply, Request, Result, read_result
from agents.mcollective.security import CallerEnd
from agents.mcollective.selection.filters import identity_filter
from agents.mcollective.serializers import Symbol
from agents.mcollective.server import Server
from agents.mcollective.settings import ServerKeys, ServerSettings
from agents.mcollective.statistics import Statistics
from agents.mcollective.this_node import ThisNode
from tests.wire import CALLER, NOW, POLICY, Echo, ask, caller, policies, roster_of, say, values


@dataclass
class Conversation:
    """A server, and a caller that asks it at a time that the test sets."""

    server: Server
    asker: CallerEnd
    echo: Echo
    now: list[float] = field(default_factory=lambda: [float(NOW)])

    def reply(self, request: Request) -> Reply | None:
        payload = self.server.handle(self.asker.seal(request))
        return None if payload is None else self.asker.open(payload)

    def result(self, request: Request) -> Result:
        reply = self.reply(request)
        assert reply is not None
        return read_result(reply.body)

    @property
    def refused(self) -> dict[str, int]:
        return dict(self.server.statistics.refused)

    @property
    def counts(self) -> dict[str, int]:
        return dict(self.server.statistics.counts)


@pytest.fixture
def talk(server_keys: ServerKeys, keys: Path, tmp_path: Path) -> Iterator[Conversation]:
    echo = Echo()
    settings = ServerSettings(identity="hv1", ssl=server_keys, policies={"directory": policies(tmp_path)})
    roster = roster_of(echo, tmp_path / "agents")
    now = [float(NOW)]
    server = Server(settings, roster, ThisNode(settings, roster, {}), Statistics(), clock=lambda: now[0])
    yield Conversation(server, caller(keys), echo, now)
    echo.hold.set()


def test_a_request_is_answered_with_data_and_defaults(talk: Conversation) -> None:
    reply = talk.reply(say("hello"))

    assert reply is not None
    assert (reply.sender, reply.agent, reply.request_id, reply.time) == ("hv1", "echo", "a" * 32, NOW)
    assert read_result(reply.body) == Result(0, "OK", {"text": "hello", "times": 1})
    assert talk.echo.calls == [("say", {"text": "hello"}, CALLER)]
    assert talk.counts == {"total": 1, "validated": 1, "passed": 1, "replies": 1}


def test_mco_ping_gets_its_pong(talk: Conversation) -> None:
    reply = talk.reply(say(agent="discovery", body="ping"))
    strange = talk.reply(say(agent="discovery", body="hello", request_id="b" * 32))

    assert reply is not None
    assert strange is not None
    assert (reply.agent, reply.body) == ("discovery", "pong")
    assert strange.body == "Unknown Request: hello"


@pytest.mark.parametrize(
    ("action", "data", "result"),
    [
        ("fail", {}, Result(1, "the echo is hoarse", {})),
        ("break", {}, Result(5, "kaboom", {})),
        ("say", {}, Result(4, "Action say needs a text argument", {"text": None, "times": 1})),
        (
            "nosuch",
            {},
            Result(4, "Attempted to call action nosuch for echo but it's not declared in the DDL", {}),
        ),
        ("forbidden", {}, Result(1, "You are not authorized to call this agent or action.", {})),
    ],
)
def test_who_may_not_or_cannot_gets_a_status(
    talk: Conversation, action: str, data: dict[str, str], result: Result
) -> None:
    assert talk.result(ask(action, data)) == result


def test_what_the_ddl_does_not_declare_never_reaches_the_agent(talk: Conversation) -> None:
    talk.result(ask("say", {"text": "x", "sudo": "yes"}))

    assert talk.echo.calls == [("say", {"text": "x"}, CALLER)]


def test_the_policy_is_read_anew_for_each_request(talk: Conversation, tmp_path: Path) -> None:
    assert talk.result(say(request_id="1")).status == 0

    policies(tmp_path, "policy default deny\n")
    assert talk.result(say(request_id="2")).status == 1

    policies(tmp_path, "allow everybody\n" + POLICY)
    assert talk.result(say(request_id="3")).status == 1


def test_a_broken_policy_is_told_in_the_log_among_any_number_of_denials(
    talk: Conversation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        talk.result(ask("forbidden", {}, request_id=f"{number}"))
    policy = policies(tmp_path, f"{POLICY}allow everybody\n") / "echo.policy"

    denied = talk.result(say(request_id="last"))

    assert (denied.status, denied.text) == (1, "You are not authorized to call this agent or action.")
    kinds = [message.partition(":")[0] for message in caplog.messages]
    assert kinds == ["not authorized", "broken policy"]
    place = f"broken policy: {policy}:{len(POLICY.splitlines()) + 1}:1: columns: wanted are allow or deny, "
    assert caplog.messages[-1].startswith(place)
    assert caplog.messages[-1].endswith(
        "; until it is mended all is denied: “xen-balancer-agent policy check” names every mistake"
    )


def test_an_action_that_takes_too_long_is_never_answered(talk: Conversation) -> None:
    assert talk.reply(ask("sleep", {})) is None
    assert talk.refused == {"timed out": 1}


def test_who_wants_no_answer_gets_none(talk: Conversation) -> None:
    assert talk.reply(ask("say", {"text": "x"}, process_results=False)) is None
    assert len(talk.echo.calls) == 1
    assert talk.refused == {}


def test_the_same_bytes_are_carried_out_once(talk: Conversation) -> None:
    payload = talk.asker.seal(say())

    answers = [talk.server.handle(payload) for _ in range(3)]

    assert [answer is not None for answer in answers] == [True, False, False]
    assert len(talk.echo.calls) == 1
    assert talk.refused == {"replayed": 2}


def test_an_old_request_is_counted_as_expired(talk: Conversation) -> None:
    talk.now[0] = NOW + 61

    assert talk.reply(say()) is None
    assert talk.counts == {"total": 1, "validated": 1, "ttlexpired": 1}


@pytest.mark.parametrize(
    "request_",
    [say(filter=identity_filter("echo", ["hv2"])), say(collective="other")],
    ids=["identity", "collective"],
)
def test_a_request_for_others_is_filtered_in_silence(talk: Conversation, request_: Request) -> None:
    assert talk.reply(request_) is None
    assert talk.counts == {"total": 1, "validated": 1, "filtered": 1}
    assert talk.refused == {}


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (say(filter={"fact": [{Symbol("fact"): "country"}]}), "filter not understood"),
        (say(agent="nosuch", filter={}), "unknown agent"),
        (say(body="ping"), "malformed"),
        (ask("say", {"text": "x"}, caller="cert=root"), "tampered"),
        (ask("say", {"text": "x"}, agent="discovery"), "tampered"),
        (say(ttl=100_000), "ttl too long"),
        (say(time=NOW + 3600), "from the future"),
    ],
)
def test_what_is_refused_is_counted_by_reason(talk: Conversation, request_: Request, reason: str) -> None:
    assert talk.reply(request_) is None
    assert talk.refused == {reason: 1}
    assert talk.echo.calls == []


def test_rubbish_and_strangers_are_counted_and_the_next_request_is_served(
    talk: Conversation, keys: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = caller(keys, "stranger").seal(say())

    assert [talk.server.handle(bad) for bad in (b"", b"\xff", b"[" * 100_000, b"--- 5\n", stranger)] == [None] * 5
    assert talk.refused == {"damaged": 1, "not UTF-8": 1, "too deep": 1, "malformed": 1, "unknown caller": 1}
    assert talk.counts == {"total": 5, "unvalidated": 5}
    assert "Traceback" not in caplog.text
    assert talk.result(say()).status == 0


@given(body=values)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_signed_body_brings_anything_but_an_answer_or_a_count(talk: Conversation, body: Any) -> None:
    before = sum(talk.refused.values()) + talk.counts.get("replies", 0)

    talk.server.handle(talk.asker.seal(say(body=body, request_id=uuid.uuid4().hex)))
    talk.server.handle(talk.asker.seal(ask("say", {"text": body}, uuid.uuid4().hex)))

    assert sum(talk.refused.values()) + talk.counts.get("replies", 0) == before + 2


def test_an_answer_that_the_wire_has_no_form_for_is_counted(
    talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer: Callable[..., object] = lambda *_: {"text": object()}  # noqa: E731 - one line is enough
    monkeypatch.setattr(talk.echo, "call", answer)

    assert talk.reply(say()) is None
    assert talk.refused == {"unspeakable": 1}
