"""Time: the machine's own, and one that only passes when somebody waits.

Rule: nobody else asks what time it is. Waiting is done on monotonic time, so that a stepped clock neither hangs a
round nor hurries it.
"""

import gc
from collections.abc import Collection, Mapping
from queue import Empty, SimpleQueue
from time import time

from balancer.adapters.calendar import wall_times
from dsl.hours import WallTime


class SystemClock:
    """The machine's clock; `wake` ends a wait early."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[None] = SimpleQueue()  # unlike an Event, safe to use in a signal handler

    def now(self) -> float:
        """Seconds since the epoch."""
        return time()

    def wall(self, zones: Collection[str], moment: float) -> Mapping[str, WallTime]:
        """What clocks show in these zones at a moment."""
        return wall_times(zones, moment)

    def wait_until(self, moment: float) -> None:
        """Return at `moment`, or as soon as somebody called `wake` since the last wait.

        Who waits has time to collect garbage, so that rounds need not (`run` turns the collector off).
        """
        gc.collect()
        try:
            self._calls.get(timeout=max(0.0, moment - self.now()))
        except Empty:
            return
        while not self._calls.empty():
            self._calls.get_nowait()

    def wake(self) -> None:
        """End the present wait, or the next one; from any thread or signal handler."""
        self._calls.put(None)


class VirtualClock:
    """A clock that jumps: an hour of rounds passes at once."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """Seconds since `start` was zero."""
        return self._now

    def wall(self, zones: Collection[str], moment: float) -> Mapping[str, WallTime]:
        """What clocks show in these zones at a moment."""
        return wall_times(zones, moment)

    def wait_until(self, moment: float) -> None:
        """Be there; time never runs backwards."""
        self._now = max(self._now, moment)
