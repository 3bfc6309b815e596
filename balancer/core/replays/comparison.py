"""Two ways of deciding the same days, side by side: what each did, and where they part.

Rule: pure; both sides are reckoned by the same functions, from reports and orders alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import isfinite
from statistics import fmean
from typing import Final

from balancer.core.cycle import unheard, with_order
from balancer.core.formats import returned
from balancer.core.model import Decision, Host, Order, OrderState, State

FULL: Final = 0.99
"""The busy share from which on a host may want more than it has: nobody can measure more than all."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to: moves done, failed, `under_way` at its end, in vain (`returned`), and how its hosts fared.

    `overload_seconds` are host-seconds, `imbalance` is the mean standard deviation of the busy shares, None without a
    round; `violations` counts VMs that came to stand against a `keep`, `frozen` rounds in which nothing was decided.
    """

    rounds: int
    moves: int
    failed: int
    under_way: int
    returned: int
    overload_seconds: float
    imbalance: float | None
    violations: int
    frozen: int


@dataclass(slots=True)
class Reckoning:
    """A run being reckoned up, round by round."""

    rounds: int = 0
    overload_seconds: float = 0.0
    violations: int = 0
    frozen: int = 0
    _shares: list[float] = field(default_factory=list)
    _broken: int | None = None

    def take(self, decision: Decision, seconds: float) -> None:
        """A round, and how long it lasted."""
        plan = decision.plan
        self.rounds += 1
        self.frozen += plan.frozen is not None
        self.overload_seconds += seconds * sum(map(is_overloaded, decision.observation.hosts))
        self.violations += max(0, plan.broken - (plan.broken if self._broken is None else self._broken))
        self._broken = plan.broken
        if isfinite(plan.before.cpu_std):
            self._shares.append(plan.before.cpu_std)

    def outcome(self, orders: Iterable[Order]) -> Outcome:
        """What it came to, with these orders as they ended."""
        given = sorted(orders, key=lambda order: (order.started, order.id))
        ended = [order.state for order in given]
        return Outcome(
            self.rounds, ended.count(OrderState.DONE), ended.count(OrderState.FAILED),
            sum(order.is_open for order in given), returned(given), self.overload_seconds,
            fmean(self._shares) if self._shares else None, self.violations, self.frozen,
        )  # fmt: skip


def is_overloaded(host: Host) -> bool:
    """Whether a host's VMs want more CPU than it has, as far as a report tells: it is full, or more wait than run."""
    return host.load > host.cores or (host.busy or 0.0) >= FULL * host.cores


def carried(after: State, before: State) -> State:
    """The recorded state `before` a round, for rules of another kind: with the past that they have had until then.

    `after` is the state after the last round under these rules. What happened meanwhile (orders, rounds that were lost)
    has happened to their streaks as well; after a restart too late to go on from there is none on either side.
    """
    if not before.references and after.references:
        return before
    state = after
    for _ in range(before.round - after.round):
        state = unheard(state)
    known = {order.id: order for order in after.orders}
    for order in before.orders:
        if known.get(order.id) != order and order.ended is not None and order.ended >= after.time:
            state = with_order(state, order)
    return replace(
        before, streaks=state.streaks, engagements=state.engagements, history=state.history, arrivals=state.arrivals
    )


def choices(decision: Decision) -> tuple[object, ...]:
    """What of a decision makes a difference to the farm: whether it is frozen, and which VM goes where, and when."""
    moves = tuple((move.uuid, move.source, move.target, move.wave) for move in decision.plan.moves)
    return decision.plan.frozen is not None, moves
