"""One line for each kind and minute."""

import logging

import pytest

from agents.mcollective.logs import RateLimitedLog, printable


def test_each_kind_is_said_once_a_minute_and_the_rest_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    log = RateLimitedLog(logging.getLogger("test"), lambda: now[0])

    for number in range(5):
        log.say("bad signature", f"number {number}")
    log.say("expired", "another kind")
    now[0] = 60.0
    log.say("bad signature", "number 5")

    assert caplog.messages == [
        "bad signature: number 0",
        "expired: another kind",
        "bad signature: number 5 (4 more like this since the last line)",
    ]


def test_what_others_sent_cannot_forge_lines() -> None:
    assert printable("a\nERROR b\x1b[31m\u202ec") == "a?ERROR b?[31m?c"
    assert len(printable("x" * 10_000)) == 500
