"""Rounds as the journal keeps them: whole, and each thing once, so that any of them can be decided again.

Rule: what is read back is what was recorded, but for the ended orders of the state after it: those have rows of their
own, as the rules' text and the history have. Of the state before a round only that is kept which the row before does
not have already.
"""

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

from pydantic import ConfigDict, TypeAdapter

from balancer.core.history import NOTHING
from balancer.core.model import Order, State
from balancer.ports import RoundDecided

_PLAIN: Final = ConfigDict(ser_json_inf_nan="constants", arbitrary_types_allowed=True)
_ROUND: Final = TypeAdapter(list[RoundDecided], config=_PLAIN)
"""A list of one: pydantic takes the setting about NaN for a list, not for a dataclass of others."""
_STATE: Final = TypeAdapter(list[State], config=_PLAIN)
_ELSEWHERE: Final = "history"
"""What of a state has tables of its own."""
_NAMES: Final = tuple(field.name for field in fields(State) if field.name != _ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in a row: the round, and the state before it where that is not the state after the row `follows`."""

    content: bytes
    follows: int | None
    before: bytes


def written(event: RoundDecided, last: tuple[int, State] | None) -> Written:
    """The round for its row; `last` is the row before it, with the very state that this round may have begun from."""
    state = event.decision.state
    lean = replace(event.decision, state=replace(state, orders=_open(state.orders), history=NOTHING))
    content = _ROUND.dump_json([replace(event, decision=lean, before=State(), rules="")], fallback=dict, warnings=False)
    row, after = last or (None, State())
    changed = {name for name in _NAMES if last is None or getattr(event.before, name) is not getattr(after, name)}
    before = replace(event.before, orders=_open(event.before.orders), history=NOTHING)
    told = _STATE.dump_json([before], include={0: changed | {"orders"}}, fallback=dict, warnings=False)
    ended = [order.id for order in event.before.orders if not order.is_open]
    return Written(_packed(content), row, _packed(json.dumps({"state": json.loads(told)[0], "ended": ended}).encode()))


def decided(content: bytes) -> RoundDecided:
    """A round's decision and reports, without what it began from."""
    return _ROUND.validate_json(zlib.decompress(content))[0]


def begun_from(before: bytes, after: State, ended: Callable[[Iterable[str]], Mapping[str, Order]]) -> State | None:
    """The state before a round, where `after` is that after the row it follows; `ended` finds orders by their ids.

    None where one of them is no longer kept.
    """
    told = json.loads(zlib.decompress(before))
    (changed,) = _STATE.validate_python([told["state"]], strict=False)
    found = ended(told["ended"])
    if len(found) < len(told["ended"]):
        return None
    orders = (*(found[name] for name in told["ended"]), *changed.orders)
    state = replace(after, **{name: getattr(changed, name) for name in told["state"]})
    return replace(state, orders=tuple(sorted(orders, key=lambda order: (order.started, order.id))))


def _open(orders: Iterable[Order]) -> tuple[Order, ...]:
    return tuple(order for order in orders if order.is_open)


def _packed(text: bytes) -> bytes:
    return zlib.compress(text, 1)
