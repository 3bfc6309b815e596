"""What is said twice must be the same twice."""

import pytest

from agents.mcollective.errors import MessageError
from agents.mcollective.message import Reply
from agents.mcollective.security.binding import agree, bind, of_reply, of_request
from agents.mcollective.serializers import Symbol
from tests.wire import NOW, say

REPLY = Reply("echo", None, "hv1", "a" * 32, NOW)


def test_a_hash_carries_what_its_envelope_says_and_a_text_has_no_room_for_it() -> None:
    assert bind({Symbol("x"): 1}, of_reply(REPLY)) == {
        Symbol("x"): 1,
        Symbol("signed_requestid"): "a" * 32,
        Symbol("signed_senderid"): "hv1",
    }
    assert bind("pong", of_reply(REPLY)) == "pong"


def test_what_rubys_peers_do_not_say_is_not_missed() -> None:
    agree({Symbol("statuscode"): 0}, of_reply(REPLY))
    agree("pong", of_reply(REPLY))


@pytest.mark.parametrize("name", of_request(say()))
def test_a_field_that_is_not_as_it_was_signed_is_named(name: Symbol) -> None:
    body = bind({}, of_request(say())) | {name: None}

    with pytest.raises(MessageError, match=f"tampered: {name} is not what the envelope says"):
        agree(body, of_request(say()))
