"""Which moves of a plan may run side by side.

Rule: within a wave the limits hold, a host counting at both ends; moves that share a host keep their order, and one
that needs what another leaves behind, on a host or in a domain whose members are counted, comes in a later wave. Moves
under way take their places in the first. Where a `keep … with` stands, a move may lean on any earlier one at its hosts,
so there they go one after the other.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf

from balancer.core.model import Move, Order
from balancer.core.tags import of_key
from dsl.ruleset import Ruleset


def at_once(rules: Ruleset) -> tuple[float, float]:
    """How many moves may start side by side in the farm, and per host: what may be under way, or start in one round."""
    caps = [cap for cap in rules.caps if cap.period in {None, "round"}]
    is_leaning = any(keep.relation.how == "with" for keep in rules.keeps)
    farm = min((cap.count for cap in caps if cap.per is None), default=inf)
    host = min((cap.count for cap in caps if cap.per == "host"), default=inf)
    return farm, min(host, 1) if is_leaning else host


def in_waves(moves: Sequence[Move], rules: Ruleset, orders: Iterable[Order] = ()) -> tuple[Move, ...]:
    """The same moves in the same order, each with the earliest wave it may start in."""
    per_wave, per_host = at_once(rules)
    under_way = [order.move for order in orders if order.is_open]
    load = Counter({1: len(under_way)})
    load_of_host = Counter((1, end) for move in under_way for end in (move.source, move.target))
    earliest: dict[str, int] = {}
    counted = {str(keep.relation.per) for keep in rules.keeps if keep.relation.how == "at_most"}
    left_behind = {place: 1 for move in under_way for place in _given_up(move, counted)}
    placed, first_open = [], 1
    for move in moves:
        ends = (move.source, move.target)
        while load[first_open] >= per_wave:
            first_open += 1
        taken = (left_behind.get(place, 0) + 1 for place in _taken_up(move, counted))
        wave = max(first_open, *(earliest.get(end, 1) for end in ends), *taken)
        while load[wave] >= per_wave or any(load_of_host[wave, end] >= per_host for end in ends):
            wave += 1
        load[wave] += 1
        for end in ends:
            load_of_host[wave, end] += 1
            earliest[end] = wave
        left_behind |= dict.fromkeys(_given_up(move, counted), wave)
        placed.append(replace(move, wave=wave))
    return tuple(placed)


def _given_up(move: Move, keys: Iterable[str]) -> set[str]:
    """Where the move makes room: its source, and the domains of these keys that its VM is in no longer."""
    return {move.source} | _of_keys(move.leaves, keys) - _of_keys(move.enters, keys)


def _taken_up(move: Move, keys: Iterable[str]) -> set[str]:
    """Where it needs room."""
    return {move.target} | _of_keys(move.enters, keys) - _of_keys(move.leaves, keys)


def _of_keys(tags: Iterable[str], keys: Iterable[str]) -> set[str]:
    return {tag for key in keys for tag in of_key(key, tags)}
