"""What rules count over time: moves and failures, of VMs, hosts and the farm.

Rule: they come from the orders and from what others were seen to do, so they are always known; what is planned counts
too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import numpy as np

from balancer.core.figures.past import Reach, names
from balancer.core.figures.projection import Projection
from balancer.core.figures.signals import TABLE
from balancer.core.model import OrderState
from dsl.clauses import THING
from dsl.evaluation import Column
from dsl.syntax import Over

Event = tuple[str, tuple[str, str]]
"""What happened to a VM, by uuid, and to the hosts at both ends."""


def is_counted(over: Over) -> bool:
    """Whether it sums up what is counted."""
    return any(TABLE[THING[str(name.owner)], name.name].counted for name in names(over))


def counted(over: Over, projection: Projection, reported: Projection, reach: Mapping[str, Reach]) -> Column:
    """How often it has happened in that time, with what is planned so far; what is asked again is remembered."""
    (name,) = names(over)
    its = reach[str(name.owner)]
    if over.number not in reported.past:
        reported.past[over.number] = _counts(reported, its.table, _EVENTS[name.name](reported, over.window.value))
    planned = projection.planned(its.table) if name.name == "moves" else 0.0
    return its.at(reported.past[over.number] + planned)


def _counts(reported: Projection, table: str, events: Iterable[Event]) -> Column:
    """How many events each host or VM had a part in, or the farm."""
    counts = np.zeros(reported.planned(table).shape)
    for uuid, ends in events:
        if table == "farm":
            counts += 1
        elif table == "vm":
            counts[reported.places_of(uuid)] += 1
        else:
            counts[[reported.place[end] for end in ends if end in reported.place]] += 1
    return counts


def _moves(reported: Projection, seconds: float) -> Iterator[Event]:
    """Moves that are under way or were made, by us or by others."""
    now = reported.observation.now
    for order in reported.state.orders:
        if order.is_open or (order.state is OrderState.DONE and now - (order.ended or 0.0) < seconds):
            yield order.move.uuid, (order.move.source, order.move.target)
    for journey in dict.fromkeys((*reported.state.journeys, *reported.observation.journeys)):
        if now - journey.seen < seconds:
            yield journey.uuid, (journey.source, journey.target)


def _failures(reported: Projection, seconds: float) -> Iterator[Event]:
    """Moves that failed, and that no operator has forgiven since."""
    since = max(reported.observation.now - seconds, reported.state.resumed)
    for order in reported.state.orders:
        if order.state is OrderState.FAILED and (order.ended or 0.0) > since:
            yield order.move.uuid, (order.move.source, order.move.target)


_EVENTS: Final[Mapping[str, Callable[[Projection, float], Iterator[Event]]]] = {"moves": _moves, "failures": _failures}
