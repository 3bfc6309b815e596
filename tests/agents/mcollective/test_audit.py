"""An audit log that whoever reads MCollective's can read."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest

from agents.mcollective.audit import Audit, inspect, line
from agents.mcollective.message import Call
from agents.mcollective.serializers import Symbol
from tests.wire import CALLER, NOW, say

CALL = Call("echo", "say", CALLER, {"text": "hello"})


def test_a_line_is_of_rubys_form() -> None:
    assert line(say(), CALL, NOW) == (
        f"[2026-11-22 07:29:01 UTC] reqid={'a' * 32}: reqtime={NOW} caller={CALLER}@balancer agent=echo action=say "
        'data={:text=>"hello", :process_results=>true}'
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "nil"),
        (True, "true"),
        (1.5, "1.5"),
        ('a\nb"c\\\x1b[31m\x00', r'"a\nb\"c\\\e[31m\x00"'),
        (Symbol("a b"), ':"a b"'),
        ([1, {"k": Symbol("v")}], '[1, {"k"=>:v}]'),
        ({}, "{}"),
    ],
)
def test_values_are_told_as_rubys_inspect_tells_them(value: Any, told: str) -> None:
    assert inspect(value) == told


def test_what_a_caller_sends_never_breaks_the_line() -> None:
    hostile = Call("echo", "say", CALLER, {"text": "x\n[2026-11-22 00:00:00 UTC] reqid=forged\u2028"})

    assert len(line(say(), hostile, NOW).splitlines()) == 1


def test_lines_are_appended_even_after_the_file_was_rotated(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit.log")
    audit.tell(say(), CALL, NOW)
    (tmp_path / "audit.log").rename(tmp_path / "audit.log.1")
    audit.tell(say(), CALL, NOW)

    assert (
        (tmp_path / "audit.log").read_text() == (tmp_path / "audit.log.1").read_text() == line(say(), CALL, NOW) + "\n"
    )


def test_a_log_that_cannot_be_written_is_said_and_holds_nothing_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        Audit(tmp_path / "none" / "audit.log").tell(say(), CALL, NOW)

    assert re.search("audit.log: No such file or directory; requests are served without a trace", caplog.text)
