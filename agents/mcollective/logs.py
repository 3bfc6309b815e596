"""How often the wire may speak in the log: a flood of bad messages must not become a flood of lines.

Rule: one line for each kind and minute, the next one says how many there were; what others sent is printed in one line,
without control characters.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

INTERVAL: Final = 60.0
MAX_LINE: Final = 500


@dataclass(slots=True)
class RateLimitedLog:
    """A logger that says each kind of thing once a minute; `kind` is one of a few."""

    logger: logging.Logger
    clock: Callable[[], float] = time.monotonic
    _last: dict[str, float] = field(default_factory=dict)
    _unsaid: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, kind: str, message: str) -> None:
        """Say it, or count it where this kind was said less than a minute ago."""
        unsaid = self._due(kind)
        if unsaid is not None:
            more = f" ({unsaid} more like this since the last line)" if unsaid else ""
            self.logger.warning("%s: %s%s", kind, printable(message), more)

    def _due(self, kind: str) -> int | None:
        with self._lock:
            now = self.clock()
            if now - self._last.get(kind, -INTERVAL) < INTERVAL:
                self._unsaid[kind] = self._unsaid.get(kind, 0) + 1
                return None
            self._last[kind] = now
            return self._unsaid.pop(kind, 0)


def printable(text: str) -> str:
    """The text in one line of bounded length."""
    return "".join(character if character.isprintable() else "?" for character in text[:MAX_LINE])
