"""From a plan to orders: what may start now, how an order comes to its end, and that it is durable before it is sent.

Rule: look again just before acting, and never act on what could not be written down. The plan may hold more
than may start; limits at once, per hour and per day bind here.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from balancer.core.cycle import with_order
from balancer.core.model import Move, Observation, Order, OrderState, Plan, State
from balancer.ports import (
    Event,
    FarmError,
    Journal,
    JournalError,
    OrderChanged,
    OrderHeld,
    Ports,
    Progress,
)
from dsl.ruleset import Ruleset
from dsl.syntax import Cap

PERIODS: Final = {"hour": 3600.0, "day": 86400.0}
STATES: Final = {state.value: state for state in OrderState}


@dataclass(frozen=True, slots=True)
class Settings:
    """The journal's name and epoch, how the mode is labelled, and after how many seconds a move is overdue."""

    instance: str
    epoch: int
    mode: str
    overdue: float = 1800.0


class Execution:
    """Starts moves and follows orders, over the ports."""

    def __init__(self, ports: Ports, settings: Settings) -> None:
        self._clock = ports.clock
        self._farm = ports.farm
        self._journal = ports.journal
        self._controls = ports.controls
        self._settings = settings
        self._unheard: frozenset[str] = frozenset()

    def start(self, plan: Plan, state: State, rules: Ruleset) -> State:
        """Order wave 1 as far as limits and the operator allow; each held move is told with its reason."""
        for number, move in enumerate((move for move in plan.moves if move.wave == 1), 1):
            why_not = self._controls.paused() or exceeded(move, state, rules.caps, self._clock.now())
            if why_not is None:
                state = self._order(plan.round, number, move, state)
            else:
                note(self._journal, OrderHeld(move.vm, move.source, move.target, why_not))
        return state

    def follow(self, state: State) -> State:
        """Ask the agents how the open orders stand. What they do not know, or what takes too long, is in doubt."""
        asked = [order for order in state.orders if order.is_open]
        told = {each.order: each for each in self._progress(asked)} if asked else {}
        self._unheard = frozenset(
            order.id for order in asked if order.id not in told or told[order.id].state == "unknown"
        )
        for order in asked:
            state = self._settle(state, order, self._in_time(order, told.get(order.id)))
        return state

    def reconcile(self, state: State, observation: Observation) -> State:
        """Settle by a round's reports the orders in doubt and those of which no agent knows."""
        for order in state.orders:
            if order.id in self._unheard or order.state is OrderState.IN_DOUBT:
                lost = order.id in self._unheard and self._clock.now() - order.started > self._settings.overdue
                state = self._settle(state, order, located(order, observation, lost=lost))
        return state

    def _order(self, round_number: int, number: int, move: Move, state: State) -> State:
        """Write the intent down, then send it. What was sent and not answered is in doubt until somebody saw the VM."""
        settings = self._settings
        name = f"{settings.instance}-{settings.epoch}-{round_number}-{number}"
        order = Order(
            name, settings.epoch, round_number, move, OrderState.INTENT, self._clock.now(), mode=settings.mode
        )
        try:
            self._journal.record(OrderChanged(order))
        except JournalError as error:
            note(self._journal, OrderHeld(move.vm, move.source, move.target, str(error)))
            return state
        return self._settle(with_order(state, order), order, self._sent(order))

    def _sent(self, order: Order) -> Progress:
        try:
            return self._farm.migrate(order)
        except FarmError as error:
            return Progress(order.id, "unknown", str(error))

    def _progress(self, orders: Sequence[Order]) -> Sequence[Progress]:
        try:
            return self._farm.progress(orders)
        except FarmError:
            return ()

    def _in_time(self, order: Order, told: Progress | None) -> Progress | None:
        """What was told; an order that has not ended in time is in doubt, whether anybody answers for it or not."""
        if told is not None and told.state != OrderState.UNDER_WAY:
            return told
        if self._clock.now() - order.started > self._settings.overdue:
            return Progress(order.id, OrderState.IN_DOUBT, f"no end after {self._settings.overdue:.0f} s")
        return told

    def _settle(self, state: State, order: Order, told: Progress | None) -> State:
        """Take what is known of an order into journal and state; what cannot be written down is asked again later."""
        new = order.state if told is None else STATES.get(told.state, OrderState.IN_DOUBT)
        if told is None or new is order.state:
            return state
        ended = self._clock.now() if new in {OrderState.DONE, OrderState.FAILED} else None
        changed = replace(order, state=new, ended=ended, detail=told.detail)
        try:
            self._journal.record(OrderChanged(changed))
        except JournalError:
            return state
        return with_order(state, changed)


def note(journal: Journal, event: Event) -> None:
    """Tell what need not be durable: a journal that cannot be written does not stop the loop."""
    with suppress(JournalError):
        journal.record(event)


def exceeded(move: Move, state: State, caps: Iterable[Cap], now: float) -> str | None:
    """Which limit a further move would exceed, in words, or None."""
    return next(
        (f"limit {_told(cap)}: {used} already" for cap, used in _used(move, state, caps, now) if used >= cap.count),
        None,
    )


def located(order: Order, observation: Observation, *, lost: bool) -> Progress | None:
    """How an order ended, by what both hosts report; None while that does not decide it.

    A VM shows at its source as long as the migration runs: the source alone, or neither, decides only once the order is
    `lost`, overdue and known to no agent.
    """
    answered = {host.name for host in observation.hosts}
    if not {order.move.source, order.move.target} <= answered:
        return None
    places = [vm.host for vm in observation.vms if vm.uuid == order.move.uuid]
    if places == [order.move.target]:
        return Progress(order.id, OrderState.DONE, "seen at the target alone")
    if places == [order.move.source] and lost:
        return Progress(order.id, OrderState.FAILED, "seen at the source alone")
    if not places and lost:
        return Progress(order.id, OrderState.FAILED, "both hosts answer, and no host shows it")
    return None


def _used(move: Move, state: State, caps: Iterable[Cap], now: float) -> Iterator[tuple[Cap, int]]:
    for cap in caps:
        for ends in ({move.source}, {move.target}) if cap.per == "host" else (set[str](),):
            counted = [order for order in state.orders if not ends or ends & {order.move.source, order.move.target}]
            yield cap, sum(1 for order in counted if _counts(order, cap, state.round, now))


def _counts(order: Order, cap: Cap, round_number: int, now: float) -> bool:
    if cap.period is None:
        return order.is_open
    if cap.period == "round":
        return order.round == round_number
    return now - order.started < PERIODS[cap.period]


def _told(cap: Cap) -> str:
    period = f"per {cap.period}" if cap.period else "at once"
    return f"{cap.count} {period}{f' per {cap.per}' if cap.per else ''}"
