"""The loop: gather, decide, write down, order, wait; the same in every mode.

Rule: it knows ports alone. One round's trouble is that round's: the loop goes on, and says what happened.
"""

from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from balancer.core.cycle import step, unheard
from balancer.core.model import Decision, Gathering, Plan, State
from balancer.core.orders.strangers import strangers
from balancer.execution import Execution, Settings, note
from balancer.ports import (
    FarmError,
    JournalError,
    MovedByOthers,
    Ports,
    RoundDecided,
    RoundLost,
    StaysBroken,
    StrangerSeen,
    Waiting,
)
from dsl.ruleset import DEFAULT_EVERY

TOLD: Final = 1000
"""Orders of others that are told once."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast, s: `interval` overrides the rules' `every` (None: theirs), open orders are asked every `poll`."""

    interval: float | None = None
    poll: float = 2.0


class Loop:
    """Rounds over the ports, from a state."""

    def __init__(self, ports: Ports, settings: Settings, pace: Pace, state: State) -> None:
        self._clock = ports.clock
        self._farm = ports.farm
        self._journal = ports.journal
        self._controls = ports.controls
        self._execution = Execution(ports, settings)
        self._mode = settings.mode
        self._instance = settings.instance
        self._told: deque[str] = deque(maxlen=TOLD)
        self._broken: set[tuple[str, float]] = set()
        self._pace = pace
        self.state = state

    def run(self, rounds: int | None = None) -> None:
        """Hold so many rounds (None: until told to stop), then wait for the moves that are still under way."""
        held = 0
        begin = self._clock.now()
        while not self._controls.stopping():
            interval = self.round()
            held += 1
            if held == rounds:
                break
            begin = min(max(begin + interval, now := self._clock.now()), now + interval)
            note(self._journal, Waiting(begin - now))
            self.wait(until=begin, at_most=interval)
        if rounds is not None:
            self._see_off()

    def round(self) -> float:
        """One round; the seconds from its beginning to the next one's."""
        begin = self._clock.now()
        rules = self._controls.rules()
        interval = self._pace.interval or rules.every or DEFAULT_EVERY
        rules = replace(rules, every=interval)
        self._follow()
        try:
            gathering = self._farm.observe(self.state.round + 1)
        except FarmError as error:
            self.state = unheard(self.state)
            note(self._journal, RoundLost(self.state.round, str(error)))
            return interval
        try:
            reconciled = self._execution.reconcile(self.state, gathering)
            self.state = before = replace(reconciled, drained=self._controls.drained())
            decision = step(before, gathering, rules, begin, self._clock.wall(rules.zones, begin))
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not end the daemon, nor move anything
            self.state = unheard(self.state)
            self._tell_mistake(error)
            return interval
        self.state = decision.state
        self._tell_strangers(decision, gathering)
        self._tell_broken(decision.plan)
        seconds = self._clock.now() - begin
        decided = RoundDecided(decision, gathering, seconds, interval, self._mode, before, rules.text)
        if self._written(decided) and not self._controls.stopping():
            self.state = self._execution.start(decision.plan, self.state, rules)
        return interval

    def _follow(self) -> None:
        """Look after the open orders."""
        try:
            self.state = self._execution.follow(self.state)
        except Exception as error:  # noqa: BLE001 - as in a round: the orders are looked after the next time
            self._tell_mistake(error)

    def _tell_mistake(self, error: Exception) -> None:
        words = f"a mistake in xen-balancer itself, please report it: {type(error).__name__}: {error}"
        note(self._journal, RoundLost(self.state.round, words))

    def _tell_strangers(self, decision: Decision, gathering: Gathering) -> None:
        """Say what others did: moves by hand, and the orders of another balancer."""
        for journey in decision.observation.journeys:
            note(self._journal, MovedByOthers(journey))
        for host, order in strangers(gathering, self._instance):
            if order.id not in self._told:
                self._told.append(order.id)
                note(self._journal, StrangerSeen(host, order.id, order.vm))

    def _tell_broken(self, plan: Plan) -> None:
        """Say which walls cannot be mended, once for each state of affairs; a frozen round looks at none."""
        stands = {(wall.text, wall.strays) for wall in plan.unmended}
        for wall in plan.unmended:
            if (wall.text, wall.strays) not in self._broken:
                note(self._journal, StaysBroken(wall))
        self._broken = self._broken if plan.frozen else stands

    def _written(self, decided: RoundDecided) -> bool:
        """Journal the round; what cannot be written down is not acted upon."""
        try:
            self._journal.record(decided)
        except JournalError as error:
            note(self._journal, RoundLost(decided.decision.plan.round, f"nothing is ordered: {error}"))
            return False
        return True

    def wait(self, until: float, at_most: float) -> None:
        """Rest, asking now and then how the open orders stand; a clock that was set back ends it."""
        while 0 < until - (now := self._clock.now()) <= at_most and not self._controls.stopping():
            under_way = any(order.is_open for order in self.state.orders)
            self._clock.wait_until(min(until, now + self._pace.poll) if under_way else until)
            self._follow()

    def _see_off(self) -> None:
        """Stay until no move is under way; one in doubt is left to whoever comes next."""
        while any(order.is_under_way for order in self.state.orders) and not self._controls.stopping():
            self._clock.wait_until(self._clock.now() + self._pace.poll)
            self._follow()
