"""What a server counts: MCollective's own statistics, and what it refused, by reason.

Rule: counted by any thread, read as a copy.
"""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

COUNTED: Final = ("total", "validated", "unvalidated", "passed", "filtered", "replies", "ttlexpired")
"""MCollective's counters."""


@dataclass(slots=True)
class Statistics:
    """MCollective's counters (total, validated, …), refusals by reason, and since when (s since the epoch)."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    started: int = field(default_factory=lambda: int(time.time()))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, name: str) -> None:
        """One more."""
        with self._lock:
            self.counts[name] += 1

    def refuse(self, reason: str) -> None:
        """One more refused."""
        with self._lock:
            self.refused[reason] += 1

    def told(self) -> dict[str, int]:
        """MCollective's counters and the start, under its names."""
        with self._lock:
            return {name: self.counts[name] for name in COUNTED} | {"starttime": self.started}
