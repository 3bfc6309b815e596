"""The statement `window`: which kinds of move may start at this hour.

Rule: several windows add up. A zone whose time nobody tells is closed, and what is forbidden in its hours is forbidden:
unknown counts against moving.
"""

from collections.abc import Mapping, Sequence

from dsl.hours import WallTime, is_within
from dsl.syntax import Hours, Window


def waits_for(kind: str, windows: Sequence[Window], wall: Mapping[str, WallTime]) -> bool:
    """Whether moves of this kind wait for a window; without any they never do."""
    is_open = any(kind in each.excepted or _is_open(each.hours, wall) for each in windows)
    return bool(windows) and not is_open


def in_force(during: Hours | None, wall: Mapping[str, WallTime]) -> bool:
    """Whether what holds `during` some hours holds now."""
    return during is None or during.zone not in wall or is_within(during, wall[during.zone])


def _is_open(hours: Hours, wall: Mapping[str, WallTime]) -> bool:
    return hours.zone in wall and is_within(hours, wall[hours.zone])
