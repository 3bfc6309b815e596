"""A farm port over the reports of a journal, for rules that would have moved other VMs than were moved.

Rule: what was not moved otherwise is as it was reported. A move that was really made in the same round goes as it went;
any other is done after as long as it should take; `core.replays.displacement` says what hosts would have reported
since. What others did to a VM happens to it here as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from msgspec.structs import replace as edited

from agents.report import OrderReport, Report
from balancer.adapters.desk import ITSELF
from balancer.adapters.journal_reader import Past
from balancer.core.model import Drained, Gathering, Observation, Order, OrderState
from balancer.core.orders.verdict import ends
from balancer.core.replays.displacement import Told, displaced
from balancer.ports import Clock, OperatorActed, Progress, RoundDecided
from dsl.ruleset import Ruleset


@dataclass(frozen=True, slots=True)
class _Journey:
    """A move of the model: when it ends and how; `follows` where the reports themselves show it."""

    order: Order
    end: float
    is_done: bool
    detail: str
    follows: bool

    def call(self, now: float) -> OrderReport:
        """What the source would say of it."""
        age = now - self.order.started
        if now < self.end:
            return OrderReport(self.order.id, "under way", seconds=age, age=age, vm=self.order.move.vm)
        state, seconds = ("done" if self.is_done else "failed"), self.order.seconds or self.end - self.order.started
        return OrderReport(self.order.id, state, self.detail, min(seconds, age), age, self.order.move.vm)  # type: ignore[arg-type]


class ReplayedFarm:
    """`ports.Farm` over recorded rounds; `show` says which one comes next, before each."""

    def __init__(self, past: Past, clock: Clock) -> None:
        self._clock = clock
        self._past = {(order.round, order.move.uuid, order.move.target): order for order in past.orders}
        self._moved = {(order.move.uuid, order.move.target) for order in past.orders}
        self._journeys: dict[str, _Journey] = {}
        self._arrived: set[str] = set()
        self._where: dict[str, str] = {}
        self._reported: dict[str, str] = {}
        self._told: Mapping[str, Told] = {}
        self._event: RoundDecided | None = None
        self._against: Mapping[tuple[str, str | None], str] = {}
        self._last: float | None = None

    def show(self, event: RoundDecided, after: RoundDecided | None) -> None:
        """The round to be observed; the one after it tells what hosts had against moves when they were asked."""
        self._event = event
        refusals = after.before.refusals if after is not None else ()
        moment = event.decision.observation.now
        self._against = {(each.uuid, each.target): each.reason for each in refusals if each.time >= moment}
        if self._last is None:
            for order in event.before.orders:
                if order.is_open:
                    self._begin(order)

    def observe(self, round_number: int) -> Gathering:  # noqa: ARG002  (the port's)
        """The reports of that round, as they would have been."""
        event, now = self._shown, self._clock.now()
        self._arrive(now)
        self._follow(event.decision.observation)
        seconds = now - self._last if self._last is not None else 0.0
        self._last = now
        shown = displaced(event.gathering.reports, event.decision.observation, self._places(), self._told, seconds)
        self._told = shown.told
        return replace(event.gathering, reports=self._with_calls(shown.reports))

    def look(self, orders: Sequence[Order]) -> Sequence[Report]:
        """Both hosts of these orders, as they were last reported, with what has arrived since."""
        self._arrive(self._clock.now())
        event = self._shown
        shown = displaced(event.gathering.reports, event.decision.observation, self._where, self._told, 0.0)
        return tuple(report for report in self._with_calls(shown.reports) if report.host in ends(orders))

    def examine(self, order: Order) -> Sequence[str]:
        """What its target said when it was really asked."""
        reason = self._against.get((order.move.uuid, order.move.target))
        return () if reason is None else (reason,)

    def migrate(self, order: Order) -> Progress:
        """The move begins."""
        self._begin(order)
        return Progress(order.id, "under way")

    def take_over(self, order: Order) -> None:
        """No VM of the model arrives paused."""

    @property
    def _shown(self) -> RoundDecided:
        if self._event is None:
            raise AssertionError("a round is shown before it is asked for")
        return self._event

    def _begin(self, order: Order) -> None:
        move = order.move
        then = self._past.get((order.round, move.uuid, move.target))
        if then is not None and then.ended is not None:
            is_done = then.state is OrderState.DONE
            made = replace(order, seconds=then.seconds)
            journey = _Journey(made, then.ended, is_done, "" if is_done else then.detail[:1000], follows=True)
        else:
            journey = _Journey(order, order.started + (order.predicted or 0.0), is_done=True, detail="", follows=False)
        self._journeys[order.id] = journey

    def _arrive(self, now: float) -> None:
        """VMs whose move has ended are at their targets."""
        for name, journey in self._journeys.items():
            if journey.is_done and journey.end <= now and name not in self._arrived:
                self._where[journey.order.move.uuid] = journey.order.move.target
                self._arrived.add(name)
        # A call that has ended is told for a while: both ends are looked at, and a failure has to settle.
        self._journeys = {name: each for name, each in self._journeys.items() if now - each.end < each.order.limit}

    def _follow(self, seen: Observation) -> None:
        """What others did to VMs happens here as well; a VM that is new is where it is shown."""
        ours = {(each.order.move.uuid, each.order.move.target) for each in self._journeys.values() if each.follows}
        for vm in seen.vms:
            before = self._reported.get(vm.uuid)
            made = (vm.uuid, vm.host)
            if before is None or (before != vm.host and (made not in self._moved or made in ours)):
                self._where[vm.uuid] = vm.host
            self._reported[vm.uuid] = vm.host

    def _places(self) -> Mapping[str, str]:
        """Where each VM is, but for those on their way just as they really were: of these reports tell."""
        now = self._clock.now()
        under_way = {each.order.move.uuid for each in self._journeys.values() if each.follows and now < each.end}
        return {uuid: host for uuid, host in self._where.items() if uuid not in under_way}

    def _with_calls(self, reports: Sequence[Report]) -> tuple[Report, ...]:
        """The reports with the calls of the model, and none of those that were really made."""
        now = self._clock.now()
        calls: dict[str, list[OrderReport]] = {}
        for journey in self._journeys.values():
            calls.setdefault(journey.order.move.source, []).append(journey.call(now))
        return tuple(edited(report, orders=tuple(calls.get(report.host, ()))) for report in reports)


class ReplayedControls:
    """The rules of the replay, what operators said at the time, and a pause of the replayed balancer's own."""

    def __init__(self, rules: Ruleset, past: Past, clock: Clock) -> None:
        self._rules = rules
        self._said = past.said
        self._clock = clock
        self._halted: tuple[float, str] | None = None
        self._drained: tuple[Drained, ...] = ()

    def show(self, event: RoundDecided) -> None:
        """The round to be decided."""
        self._drained = event.before.drained

    def rules(self) -> Ruleset:
        """Those given."""
        return self._rules

    def paused(self) -> str | None:
        """Why an operator let nothing be ordered then, or why the replayed balancer does not itself."""
        last = next((said for _, said in reversed(self._heard("pause", "resume"))), None)
        if last is not None and last.action == "pause":
            return f"paused by {last.who}"
        return self._halted[1] if self._halted is not None and self._halted[0] > self.resumed() else None

    def halt(self, why: str) -> None:
        """Nothing more is ordered until an operator said `resume`."""
        self._halted = (self._clock.now(), why)

    def resumed(self) -> float:
        """When an operator last said so."""
        return next((time for time, _ in reversed(self._heard("resume"))), 0.0)

    def resolutions(self) -> Mapping[str, tuple[str, str]]:
        """No move of the model is in doubt."""
        return {}

    def drained(self) -> tuple[Drained, ...]:
        """As it was."""
        return self._drained

    def stopping(self) -> bool:
        """Never."""
        return False

    def _heard(self, *actions: str) -> list[tuple[float, OperatorActed]]:
        now = self._clock.now()
        return [each for each in self._said if each[0] <= now and each[1].action in actions and each[1].who != ITSELF]
