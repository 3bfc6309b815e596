"""The calendar: what clocks on the wall show in the time zones of this machine.

Rule: the only place that knows one. A wall time follows from the moment alone, so that a replay sees the same.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from balancer.core.figures.signals import VOCABULARY
from dsl.hours import WallTime

LANGUAGE: Final = VOCABULARY.with_zones(available_timezones())
"""What rules can speak of on this machine: the signals, and the time zones that it knows."""


def wall_times(zones: Collection[str], moment: float) -> Mapping[str, WallTime]:
    """What clocks show at a moment (seconds since the epoch), by zone; all of them are zones of `LANGUAGE`."""
    return {zone: _wall_time(datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone))) for zone in sorted(zones)}


def _wall_time(local: datetime) -> WallTime:
    return WallTime(local.weekday(), local.hour * 60 + local.minute)
