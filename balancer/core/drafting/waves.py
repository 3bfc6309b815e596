"""Which moves of a plan may run side by side.

Rule: within a wave the limits hold, a host counting at both ends, a domain once; moves that share a host keep their
order, and one that needs what another leaves behind, on a host or in a domain whose members are counted, comes in a
later wave. Moves under way take their places in the first. Where a `keep … with` stands, a move may lean on any earlier
one at its hosts, so there they go one after the other; so does one that is to be made `alone`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from balancer.core.figures.tags import of_key
from balancer.core.model import Move, Order
from dsl.ruleset import Ruleset

Place = tuple[str | None, str]
"""What a limit counts for itself: all (`None`), a host, or the domain of a tag key."""
FARM: Final[Place] = (None, "")


def at_once(rules: Ruleset) -> dict[str | None, int]:
    """How many moves may be under way or start in a round, by what stands behind `per`."""
    caps = [(cap.per, cap.count) for cap in rules.caps if cap.period in {None, "round"}]
    if any(keep.relation.how == "with" for keep in rules.keeps):
        caps.append(("host", 1))
    return {per: min(count for each, count in caps if each == per) for per, _ in caps}


def places(move: Move, per: str | None) -> tuple[Place, ...]:
    """Where a move counts for a limit: at both of its hosts; once in a domain that it begins or ends in, or both."""
    if per is None:
        return (FARM,)
    ends = (move.source, move.target) if per == "host" else of_key(per, (*move.leaves, *move.enters))
    return tuple((per, end) for end in dict.fromkeys(ends))


def in_waves(
    moves: Sequence[Move], rules: Ruleset, orders: Iterable[Order] = (), alone: Collection[str] = ()
) -> tuple[Move, ...]:
    """The same moves in the same order, each with the earliest wave it may start in; `alone` are some by uuid."""
    slots = _Slots(at_once(rules))
    counted = {str(keep.relation.per) for keep in rules.keeps if keep.relation.how == "at_most"}
    under_way = [order.move for order in orders if order.is_open]
    left_behind = {place: 1 for move in under_way for place in _given_up(move, counted)}
    for move in under_way:
        slots.take(move, 1)
    earliest: dict[str, int] = {}
    floor, last = 1, min(1, len(under_way))
    placed = []
    for move in moves:
        ends = (move.source, move.target)
        taken = (left_behind.get(place, 0) + 1 for place in _taken_up(move, counted))
        after_all = last + 1 if move.uuid in alone else floor
        wave = slots.first(move, max(after_all, *(earliest.get(end, 1) for end in ends), *taken))
        slots.take(move, wave)
        last = max(last, wave)
        floor = wave + 1 if move.uuid in alone else floor
        earliest |= dict.fromkeys(ends, wave)
        left_behind |= dict.fromkeys(_given_up(move, counted), wave)
        placed.append(replace(move, wave=wave))
    return tuple(placed)


class _Slots:
    """How much of each limit each wave has taken up."""

    def __init__(self, most: Mapping[str | None, int]) -> None:
        self._most = most
        self._load: Counter[tuple[int, Place]] = Counter()
        self._full_up_to: dict[Place, int] = {}
        """The wave up to which all are full, by place: nobody need look there again."""

    def first(self, move: Move, wave: int) -> int:
        """The first wave from this one on in which the move has room everywhere."""
        mine = [place for per in self._most for place in places(move, per)]
        wave = max([wave, *(self._full_up_to.get(place, 0) + 1 for place in mine)])
        while any(self._load[wave, place] >= self._most[place[0]] for place in mine):
            wave += 1
        return wave

    def take(self, move: Move, wave: int) -> None:
        """The move starts in this wave."""
        for place in (place for per in self._most for place in places(move, per)):
            self._load[wave, place] += 1
            full = self._full_up_to.get(place, 0)
            while self._load[full + 1, place] >= self._most[place[0]]:
                full += 1
            self._full_up_to[place] = full


def _given_up(move: Move, keys: Iterable[str]) -> set[str]:
    """Where the move makes room: its source, and the domains of these keys that its VM is in no longer."""
    return {move.source} | _of_keys(move.leaves, keys) - _of_keys(move.enters, keys)


def _taken_up(move: Move, keys: Iterable[str]) -> set[str]:
    """Where it needs room."""
    return {move.target} | _of_keys(move.enters, keys) - _of_keys(move.leaves, keys)


def _of_keys(tags: Iterable[str], keys: Iterable[str]) -> set[str]:
    return {tag for key in keys for tag in of_key(key, tags)}
