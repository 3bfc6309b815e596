"""A farm of recorded reports, on which other moves are made than were."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from balancer.adapters.clock import VirtualClock
from balancer.adapters.journal_reader import BEGINNING, END, Past
from balancer.adapters.replayed_farm import ReplayedControls, ReplayedFarm
from balancer.core.model import Drained, Order, OrderState, Refusal
from balancer.core.orders.verdict import by_host
from balancer.ports import OperatorActed, RoundDecided
from balancer.replay import Days, days
from tests.adapters.samples import decided, decision
from tests.farms import journey, rules
from tests.recorded import Recording


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """web1 is moved from hv1 to hv3 in round 10, and is there 12 s later."""
    return Recording(tmp_path_factory.mktemp("farm")).run(16)


@contextmanager
def opened(recording: Recording) -> Iterator[Days]:
    with days(recording.state, BEGINNING, END) as its:
        yield its


class Play:
    """A replay whose orders a test gives."""

    def __init__(self, its: Days) -> None:
        self.events = list(its.rounds(lambda _count: None))
        self.clock = VirtualClock()
        self.farm = ReplayedFarm(its.journal.past(), self.clock)

    def until(self, number: int) -> None:
        """All rounds up to that one are observed."""
        while self.events and self.events[0].decision.plan.round <= number:
            event = self.events.pop(0)
            self.clock.wait_until(event.decision.observation.now)
            self.farm.show(event, self.events[0] if self.events else None)
            self.seen = by_host(self.farm.observe(number).reports)

    def where(self, vm: str) -> list[str]:
        return [host for host, report in self.seen.items() if vm in {each.name for each in report.vms}]

    def order(self, vm: str, source: str, target: str, round_number: int) -> Order:
        uuid = next(each.uuid for each in self.seen[source].vms if each.name == vm)
        move = replace(journey(vm, source, target), uuid=uuid)
        started = self.clock.now()
        return Order(f"r-{vm}", 1, round_number, move, OrderState.INTENT, started, predicted=10.0)


def test_without_orders_moves_that_were_made_are_not_made(recording: Recording) -> None:
    with opened(recording) as its:
        play = Play(its)
        play.until(16)
        assert play.where("web1") == ["hv1"]
        assert recording.rounds[-1].gathering.reports[2].vms[0].name in {"web1", "dns1"}
        assert len(recording.rounds[-1].gathering.reports[2].vms) == 2


def test_a_move_of_the_model_is_under_way_as_long_as_it_should_take_and_then_done(recording: Recording) -> None:
    with opened(recording) as its:
        play = Play(its)
        play.until(3)
        order = play.order("db2", "hv2", "hv3", 3)
        assert play.farm.migrate(order).state == "under way"
        play.clock.wait_until(69.0)
        source, target = play.farm.look([order])
        assert ("db2" in {vm.name for vm in source.vms}, [call.state for call in source.orders]) == (
            True,
            ["under way"],
        )
        play.clock.wait_until(70.0)
        source, target = play.farm.look([order])
        assert ("db2" in {vm.name for vm in source.vms}, [call.state for call in source.orders]) == (False, ["done"])
        (arrived,) = (vm for vm in target.vms if vm.name == "db2")
        assert (arrived.counter.eaten_ns or 0) > 0
        play.until(4)
        assert play.where("db2") == ["hv3"]


def test_a_move_that_was_really_made_goes_as_it_went(recording: Recording) -> None:
    with opened(recording) as its:
        play = Play(its)
        play.until(10)
        order = replace(play.order("web1", "hv1", "hv3", 10), predicted=500.0)
        play.farm.migrate(order)
        play.until(12)
        assert play.where("web1") == ["hv3"]
        assert play.seen["hv3"].vms == recording.rounds[11].gathering.reports[2].vms


def test_a_move_under_way_when_the_days_begin_ends_as_it_did(recording: Recording) -> None:
    with opened(recording) as its:
        play = Play(its)
        play.events = play.events[9:]
        first = play.events[0]
        (given,) = (order for order in its.journal.past().orders if order.move.vm == "web1")
        under_way = replace(given, state=OrderState.UNDER_WAY, ended=None)
        play.events[0] = replace(first, before=replace(first.before, orders=(under_way,)))
        play.until(12)
        assert play.where("web1") == ["hv3"]


def test_what_a_target_had_against_a_vm_when_it_was_asked_it_has_again(recording: Recording) -> None:
    with opened(recording) as its:
        play = Play(its)
        play.until(2)
        order = play.order("db2", "hv2", "hv3", 2)
        third = play.events[0]
        refused = Refusal(order.move.uuid, "hv3", "no bridge", 30.0)
        told = replace(third, before=replace(third.before, refusals=(refused,)))
        play.farm.show(recording.rounds[1], told)
        assert play.farm.examine(order) == ("no bridge",)
        assert play.farm.examine(replace(order, move=replace(order.move, target="hv1"))) == ()


def test_what_others_did_to_a_vm_happens_to_it_here(tmp_path: Path) -> None:
    by_hand = Recording(tmp_path).scenario + "events:\n  - {round: 4, vm: db2, event: moved, to: hv3}\n"
    with opened(Recording(tmp_path, by_hand).run(6)) as its:
        play = Play(its)
        play.until(3)
        play.farm.migrate(play.order("db2", "hv2", "hv1", 3))
        play.until(6)
        assert play.where("db2") == ["hv3"]


# -- what operators said -----------------------------------------------------------------------------------------------


def said(*words: tuple[float, str, str]) -> tuple[ReplayedControls, VirtualClock]:
    clock = VirtualClock()
    past = Past((), tuple((time, OperatorActed(who, action)) for time, who, action in words))
    return ReplayedControls(rules("every 30 s\n"), past, clock), clock


def test_a_pause_holds_from_when_to_when_it_held() -> None:
    controls, clock = said((30.0, "root", "pause"), (60.0, "alice", "resume"))
    told = []
    for moment in (29.0, 30.0, 59.0, 60.0):
        clock.wait_until(moment)
        told.append((controls.paused(), controls.resumed()))
    assert told == [(None, 0.0), ("paused by root", 0.0), ("paused by root", 0.0), (None, 60.0)]


def test_a_pause_of_the_balancer_of_then_does_not_hold_and_one_of_its_own_does_until_somebody_resumed() -> None:
    controls, clock = said((10.0, "xen-balancer", "pause"), (60.0, "alice", "resume"))
    clock.wait_until(20.0)
    assert controls.paused() is None
    controls.halt("3 moves failed within an hour")
    assert controls.paused() == "3 moves failed within an hour"
    clock.wait_until(61.0)
    assert controls.paused() is None


def test_a_drain_holds_in_the_rounds_in_which_it_held() -> None:
    controls, _ = said()
    drained = (Drained("hv7", "alice", 0.0),)
    event: RoundDecided = decided(decision(4))
    controls.show(replace(event, before=replace(event.before, drained=drained)))
    assert controls.drained() == drained
    assert (controls.resolutions(), controls.stopping()) == ({}, False)
