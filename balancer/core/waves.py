"""Which moves of a plan may run side by side.

Rule: within a wave the limits hold, a host counting at both ends; moves that share a host keep their order, and one
that needs what another leaves behind comes in a later wave. Moves under way take their places in the first. Where a
`keep … with` stands, a move may lean on any earlier one at its hosts, so there they go one after the other.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf

from balancer.core.model import Move, Order
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
    left_behind = {move.source: 1 for move in under_way}
    placed, first_open = [], 1
    for move in moves:
        ends = (move.source, move.target)
        while load[first_open] >= per_wave:
            first_open += 1
        wave = max(first_open, *(earliest.get(end, 1) for end in ends), left_behind.get(move.target, 0) + 1)
        while load[wave] >= per_wave or any(load_of_host[wave, end] >= per_host for end in ends):
            wave += 1
        load[wave] += 1
        for end in ends:
            load_of_host[wave, end] += 1
            earliest[end] = wave
        left_behind[move.source] = wave
        placed.append(replace(move, wave=wave))
    return tuple(placed)
