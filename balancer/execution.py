"""From a plan to orders: what may start now, how an order comes to its end, and that it is durable before it is sent.

Rule: look again just before acting, and never act on what could not be written down. The plan may hold more than may
start; limits at once, per hour and per day bind here. What both hosts report ends an order, nothing else; only an
operator may say so instead of them.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from balancer.core.cycle import with_order, with_refusal
from balancer.core.drafting.waves import places
from balancer.core.model import Gathering, Move, Order, OrderState, Plan, Refusal, State
from balancer.core.orders.durations import duration
from balancer.core.orders.verdict import Verdict, by_host, look, verdict
from balancer.core.walls.safety import halting
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
ENDED: Final = frozenset({OrderState.DONE, OrderState.FAILED})


@dataclass(frozen=True, slots=True)
class Settings:
    """The journal's name and epoch, how the mode is labelled, and how moves are made.

    `bandwidth` in MiB/s is assumed until one was measured, `grace` in s is what a move may take beside its data. A
    balancer that has just started orders nothing before `warm_up` rounds in which enough hosts reported.
    """

    instance: str
    epoch: int
    mode: str
    bandwidth: float = 100.0
    grace: float = 150.0
    hands_over: bool = False
    warm_up: int = 0


class Execution:
    """Starts moves and follows orders, over the ports."""

    def __init__(self, ports: Ports, settings: Settings) -> None:
        self._clock = ports.clock
        self._farm = ports.farm
        self._journal = ports.journal
        self._controls = ports.controls
        self._settings = settings
        self._decided = 0

    def start(self, plan: Plan, state: State, rules: Ruleset) -> State:
        """Order wave 1 as far as limits and the operator allow; each held move is told with its reason."""
        self._decided += plan.frozen is None
        for number, move in enumerate((move for move in plan.moves if move.wave == 1), 1):
            why_not = self._held(move, state, rules)
            if why_not is None:
                state = self._order(plan.round, number, move, state)
            else:
                state = self._hold(state, move, why_not)
        return state

    def follow(self, state: State) -> State:
        """Look at the hosts of the open orders, and settle what can be."""
        asked = [order for order in state.orders if order.is_open]
        if not asked:
            return state
        state = self._resolved(state)
        try:
            reports = by_host(self._farm.look(asked))
        except FarmError:
            reports = {}
        for order in state.orders:
            if order.is_open:
                state = self._judge(state, order, verdict(order, look(order, reports), self._clock.now()))
        return self._halted(state)

    def reconcile(self, state: State, gathering: Gathering) -> State:
        """Settle by a round's reports what can be: they show where a VM is that is at neither end."""
        reports = by_host(gathering.reports)
        everywhere = reports.keys() >= set(gathering.expected)
        for order in state.orders:
            if order.is_open:
                seen = look(order, reports, everywhere=everywhere)
                state = self._judge(state, order, verdict(order, seen, self._clock.now()))
        return self._halted(state)

    def _held(self, move: Move, state: State, rules: Ruleset) -> str | None:
        """Why a move may not start now, or None."""
        if self._decided <= self._settings.warm_up:
            rounds = f"{self._decided} of {self._settings.warm_up} rounds"
            return f"this balancer has just started: {rounds} without moves"
        return self._controls.paused() or exceeded(move, state, rules.caps, self._clock.now())

    def _order(self, round_number: int, number: int, move: Move, state: State) -> State:
        """Ask the target, write the intent down, then send it. What was sent and not answered is in doubt."""
        order = self._new(round_number, number, move, state)
        try:
            obstacle = next(iter(self._farm.examine(order)), None)
        except FarmError as error:
            return self._hold(state, move, str(error))
        order = replace(order, started=self._clock.now())
        if obstacle is not None:
            refusal = Refusal(move.uuid, move.target, obstacle, order.started)
            return self._hold(with_refusal(state, refusal), move, obstacle)
        if (paused := self._controls.paused()) is not None:
            return self._hold(state, move, paused)
        try:
            self._journal.record(OrderChanged(order))
        except JournalError as error:
            return self._hold(state, move, str(error))
        return self._take(with_order(state, order), order, self._sent(order))

    def _new(self, round_number: int, number: int, move: Move, state: State) -> Order:
        settings = self._settings
        lasts = duration(move.memory, state.orders, settings.bandwidth, settings.grace)
        return Order(
            id=f"{settings.instance}-{settings.epoch}-{round_number}-{number}", epoch=settings.epoch,
            round=round_number, move=move, state=OrderState.INTENT, started=self._clock.now(), mode=settings.mode,
            predicted=lasts.predicted, limit=lasts.limit, hands_over=settings.hands_over,
        )  # fmt: skip

    def _hold(self, state: State, move: Move, why: str) -> State:
        """The state, once it was told why this move does not start now."""
        note(self._journal, OrderHeld(move.vm, move.source, move.target, why))
        return state

    def _sent(self, order: Order) -> Progress:
        try:
            return self._farm.migrate(order)
        except FarmError as error:
            return Progress(order.id, "unknown", str(error))

    def _take(self, state: State, order: Order, told: Progress) -> State:
        """What a farm says to a new order: refused, so nothing was started; rehearsed; taken; or nothing at all."""
        is_refused = told.state == "failed"
        if is_refused:
            state = with_refusal(state, Refusal(order.move.uuid, None, told.detail, self._clock.now()))
        stands = STATES.get(told.state, OrderState.IN_DOUBT)
        return self._settle(state, order, Verdict(stands, told.detail, never_begun=is_refused))

    def _judge(self, state: State, order: Order, judged: Verdict) -> State:
        if judged.takes_over:
            # It may be an earlier start's order, and its hosts listen to the latest alone.
            with suppress(FarmError):
                self._farm.take_over(replace(order, epoch=self._settings.epoch))
        return self._settle(state, order, judged)

    def _resolved(self, state: State) -> State:
        """Take an operator's word for how an order ended."""
        for name, (outcome, who) in self._controls.resolutions().items():
            for order in state.orders:
                if order.id == name and order.is_open:
                    state = self._settle(state, order, Verdict(STATES[outcome], f"{who} said so"))
        return state

    def _settle(self, state: State, order: Order, judged: Verdict) -> State:
        """Take what is known of an order into journal and state; what cannot be written down is asked again later."""
        if (judged.state, judged.detail) == (order.state, order.detail):
            return state
        ended = self._clock.now() if judged.state in ENDED else None
        changed = replace(
            order, state=judged.state, ended=ended, detail=judged.detail, seconds=judged.seconds,
            never_begun=judged.never_begun,
        )  # fmt: skip
        try:
            self._journal.record(OrderChanged(changed))
        except JournalError:
            return state
        return with_order(state, changed)

    def _halted(self, state: State) -> State:
        """Too many failures in a short time stop everything until an operator has looked, and said so."""
        # In this order: who says resume in between has not been halted for what he forgives.
        is_paused = self._controls.paused() is not None
        state = replace(state, resumed=self._controls.resumed())
        why = halting(state, self._clock.now())
        if why is not None and not is_paused:
            self._controls.halt(why)
        return state


def note(journal: Journal, event: Event) -> None:
    """Tell what need not be durable: a journal that cannot be written does not stop the loop."""
    with suppress(JournalError):
        journal.record(event)


def exceeded(move: Move, state: State, caps: Iterable[Cap], now: float) -> str | None:
    """Which limit a further move would exceed, in words, or None."""
    return next(
        (f"limit {_told(cap)}: {len(used)} already{_doubtful(used)}"
         for cap, used in _used(move, state, caps, now) if len(used) >= cap.count),
        None,
    )  # fmt: skip


def _doubtful(orders: Iterable[Order]) -> str:
    """Which of them nobody will free but a person."""
    names = [order.move.vm for order in orders if order.state is OrderState.IN_DOUBT]
    return f", in doubt: {', '.join(names)}" if names else ""


def _used(move: Move, state: State, caps: Iterable[Cap], now: float) -> Iterator[tuple[Cap, list[Order]]]:
    for cap in caps:
        counted = [order for order in state.orders if _counts(order, cap, state.round, now)]
        for place in places(move, cap.per):
            yield cap, [order for order in counted if place in places(order.move, cap.per)]


def _counts(order: Order, cap: Cap, round_number: int, now: float) -> bool:
    if cap.period is None:
        return order.is_open
    if cap.period == "round":
        return order.round == round_number
    return now - order.started < PERIODS[cap.period]


def _told(cap: Cap) -> str:
    period = f"per {cap.period}" if cap.period else "at once"
    return f"{cap.count} {period}{f' per {cap.per}' if cap.per else ''}"
