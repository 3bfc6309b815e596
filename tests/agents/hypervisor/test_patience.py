"""A time limit for calls that have none."""

import threading

import pytest

from agents.hypervisor.patience import Patience


def test_what_the_call_returns_or_raises_comes_back() -> None:
    patience = Patience(60)
    assert patience.call(lambda: 7) == 7
    with pytest.raises(KeyError):
        patience.call(lambda: {}["no"])
    assert patience.call(lambda: 8) == 8


def test_a_call_that_hangs_is_given_up_and_blocks_the_next_until_it_returns() -> None:
    patience, hangs, calls = Patience(0.05), threading.Event(), []
    with pytest.raises(TimeoutError):
        patience.call(hangs.wait)
    with pytest.raises(TimeoutError):
        patience.call(lambda: calls.append("made"))
    assert calls == []
    hangs.set()
    assert patience._turn.acquire(timeout=60)
