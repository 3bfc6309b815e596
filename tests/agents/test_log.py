"""An event is a line, whatever comes with it."""

import logging
import subprocess
import sys

from agents.log import OneLine

DYING = """
import threading
from agents.log import log_to_stderr

def die():
    raise ValueError("no\\nmore")

log_to_stderr("info")
thread = threading.Thread(target=die, name="worker")
thread.start()
thread.join()
"""


def test_an_event_is_one_line_whatever_comes_with_it() -> None:
    error = ValueError("first\nsecond")
    record = logging.LogRecord("x", logging.ERROR, "x", 1, "a\nb", None, (ValueError, error, None))
    line = OneLine().format(record)
    assert line.endswith("error a b: ValueError: first second")
    assert "\n" not in line


def test_what_ends_a_thread_is_told_in_words() -> None:
    done = subprocess.run([sys.executable, "-c", DYING], capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    assert line.endswith("error thread worker ended: ValueError: no more")
