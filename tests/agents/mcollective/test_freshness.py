"""A request is taken once, within its time."""

import pytest

from agents.mcollective.errors import MessageError
from agents.mcollective.freshness import Freshness
from agents.mcollective.message import Request
from tests.wire import NOW, say


def fresh(max_remembered: int = 1000) -> Freshness:
    return Freshness(max_ttl=300, max_ahead=30, max_remembered=max_remembered)


def refusal(memory: Freshness, request: Request, now: float) -> str:
    with pytest.raises(MessageError) as refused:
        memory.admit(request, now)
    return refused.value.reason


def test_a_request_is_taken_once() -> None:
    memory = fresh()

    memory.admit(say(), NOW)

    assert refusal(memory, say(), NOW + 59) == "replayed"


def test_a_request_lives_as_long_as_its_ttl_and_no_longer() -> None:
    fresh().admit(say(), NOW + 60)

    assert refusal(fresh(), say(), NOW + 61) == "expired"


def test_a_ttl_above_the_limit_is_refused() -> None:
    fresh().admit(say(ttl=300), NOW)

    assert refusal(fresh(), say(ttl=301), NOW) == "ttl too long"


def test_a_request_of_the_future_is_refused_but_clocks_may_differ_a_little() -> None:
    fresh().admit(say(), NOW - 30)

    assert refusal(fresh(), say(), NOW - 31) == "from the future"


def test_a_full_memory_takes_nothing_until_something_has_died() -> None:
    memory = fresh(max_remembered=2)
    memory.admit(say(request_id="1", ttl=10), NOW)
    memory.admit(say(request_id="2", ttl=60), NOW)

    assert refusal(memory, say(request_id="3"), NOW + 10) == "too many"
    memory.admit(say(request_id="3"), NOW + 11)
    assert refusal(memory, say(request_id="2", ttl=60), NOW + 11) == "replayed"
