"""What a program's output may meet: a terminal that lacks characters, a reader that has read enough, a full disk.

Rule: none of it is a traceback.
"""

import io
import os
import sys
from collections.abc import Callable


def printed(program: str, run: Callable[[], int]) -> int:
    """The exit code of `run`, with all that it printed handed over; 0 where nobody reads on, 2 where it has no room."""
    _speak_any_language()
    try:
        try:
            return run()
        finally:
            sys.stdout.flush()  # here, where a broken pipe is still ours to handle
    except BrokenPipeError:
        _fall_silent()
        return 0
    except OSError as error:
        _fall_silent()
        sys.stderr.write(f"{program}: {_why(error)}\n")
        return 2


def _speak_any_language() -> None:
    """A character that the terminal's encoding lacks is escaped: it is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fall_silent() -> None:
    """Nobody listens any more: what is still to be flushed at the end goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _why(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else f"{reason}; see where its output goes"
