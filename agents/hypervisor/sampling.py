"""From readings to counters: what was eaten since the last time this agent looked.

Rule: a delta is told only within one identity. Whatever is new, or ran backwards, eats nothing.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from agents.report import Counter

Identity = TypeVar("Identity", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Reading:
    """Cumulative CPU time in ns and the instant of the host's monotonic clock at which it was read."""

    cpu_ns: int
    instant: float


@dataclass(slots=True)
class Samples(Generic[Identity]):
    """The last reading of every identity; forgets what the latest sample did not show."""

    _last: Mapping[Identity, Reading] = field(default_factory=dict)

    def take(self, readings: Mapping[Identity, Reading]) -> dict[Identity, Counter]:
        """The counters of this sample, with what each ate since the one before."""
        last, self._last = self._last, dict(readings)
        return {identity: _counter(last.get(identity), now) for identity, now in readings.items()}


def _counter(last: Reading | None, now: Reading) -> Counter:
    if last is None or now.cpu_ns < last.cpu_ns or now.instant < last.instant:
        return Counter(now.cpu_ns, now.instant)
    return Counter(now.cpu_ns, now.instant, now.cpu_ns - last.cpu_ns, now.instant - last.instant)
