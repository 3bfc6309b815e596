"""How a program that runs for long tells what happens: an event a line, on stderr.

Rule: nobody sees a traceback; what a thread dies of is told in words as well.
"""

import logging
import threading
from typing import Final

LOG: Final = logging.getLogger(__name__)


class OneLine(logging.Formatter):
    """An event a line: an exception that comes along is told in words, its traceback is for debuggers."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        words = " ".join(record.getMessage().splitlines())
        error = record.exc_info[1] if record.exc_info else None
        because = f": {type(error).__name__}: {' '.join(str(error).splitlines())}" if error else ""
        return f"{self.formatTime(record)} {record.levelname.lower()} {words}{because}"


def log_to_stderr(level: str) -> None:
    """Whatever is logged is a line on stderr each, what ends a thread included."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    threading.excepthook = _log_uncaught


def _log_uncaught(arguments: threading.ExceptHookArgs) -> None:
    name = getattr(arguments.thread, "name", "?")
    LOG.error("thread %s ended: %s: %s", name, arguments.exc_type.__name__, arguments.exc_value)


LEVELS: Final = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)


def next_level() -> None:
    """Turn the level on by one, from the last to the first, and say which it is."""
    root = logging.getLogger()
    level = LEVELS[(LEVELS.index(root.level) + 1) % len(LEVELS)] if root.level in LEVELS else LEVELS[0]
    root.setLevel(logging.INFO)
    LOG.info("Logging level is now %s", logging.getLevelName(level))
    root.setLevel(level)
