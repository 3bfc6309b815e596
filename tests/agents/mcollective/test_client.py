"""What a caller takes for an answer, and what it counts instead."""

from collections.abc import Iterator

import pytest

from agents.mcollective.client import Client, FabricError, Gathering
from agents.mcollective.errors import MessageError
from agents.mcollective.message import Reply, Result, result_body
from agents.mcollective.settings import Broker, ClientKeys, ClientSettings
from tests.brokers import free_port
from tests.wire import NOW


def reply(sender: str, text: str = "hello", request_id: str = "now") -> Reply:
    return Reply("echo", result_body(Result(0, "OK", {"text": text})), sender, request_id, NOW)


def refusal(gathering: Gathering, arrived: Reply) -> str:
    with pytest.raises(MessageError) as refused:
        gathering.take(arrived)
    return refused.value.reason


def test_a_question_is_answered_when_every_host_has_answered_once() -> None:
    gathering = Gathering("now", {"hv1", "hv2"})

    gathering.take(reply("hv1"))
    assert not gathering.complete
    gathering.take(reply("hv2", "too"))

    assert gathering.complete
    assert gathering.replies().by_host == {
        "hv1": Result(0, "OK", {"text": "hello"}),
        "hv2": Result(0, "OK", {"text": "too"}),
    }


def test_who_was_not_asked_is_not_heard() -> None:
    assert refusal(Gathering("now", {"hv1"}), reply("hv9")) == "unknown sender"


def test_an_answer_to_an_earlier_question_is_late_and_to_none_of_ours_unknown() -> None:
    gathering = Gathering("now", {"hv1"}, former={"before"})

    assert refusal(gathering, reply("hv1", request_id="before")) == "late"
    assert refusal(gathering, reply("hv1", request_id="never")) == "unknown request"
    assert not gathering.complete


def test_the_same_answer_twice_counts_once_and_two_different_ones_make_a_host_doubtful() -> None:
    gathering = Gathering("now", {"hv1", "hv2", "hv3"})
    gathering.take(reply("hv1"))
    gathering.take(reply("hv2"))

    assert refusal(gathering, reply("hv1")) == "duplicate"
    assert refusal(gathering, reply("hv2", "something else")) == "duplicate"
    assert gathering.replies().conflicting == {"hv2"}


def test_an_answer_that_is_no_result_is_malformed() -> None:
    strange = Reply("echo", "pong", "hv1", "now", NOW)

    assert refusal(Gathering("now", {"hv1"}), strange) == "malformed"


@pytest.fixture
def nowhere(client_keys: ClientKeys) -> Iterator[Client]:
    broker = Broker(host="127.0.0.1", port=free_port())
    client = Client(ClientSettings(identity="balancer", ssl=client_keys, brokers=(broker,), connect_timeout=0.3))
    yield client
    client.close()


def test_without_a_broker_one_is_told_which_and_why(nowhere: Client) -> None:
    with pytest.raises(FabricError, match=r"cannot connect to any broker: 127\.0\.0\.1:\d+: Connection refused"):
        nowhere.connect()
    with pytest.raises(FabricError, match="cannot connect to any broker"):
        nowhere.call("echo", "say", {"text": "x"}, ["hv1"], 1)
    assert not nowhere.connected


def test_nobody_is_asked_where_nobody_is_named(nowhere: Client) -> None:
    assert nowhere.call("echo", "say", {"text": "x"}, [], 1).by_host == {}
