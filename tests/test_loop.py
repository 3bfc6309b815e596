"""The loop, over ports that do as they are told, and over a simulated farm in virtual time."""

from pathlib import Path

import pytest

from agents.hypervisor.scenario import load_scenario
from agents.hypervisor.simulated import SimulatedFarm
from balancer.adapters.clock import VirtualClock
from balancer.adapters.simulated_farm import ScenarioFarm
from balancer.adapters.unattended import Unattended
from balancer.core.cycle import primed, with_order
from balancer.core.model import Order, OrderState, State
from balancer.loop import Loop, Pace
from balancer.ports import Event, OrderChanged, Ports, RoundDecided
from tests.farms import AT_ONCE, RELIEVE, Farm, farm, journey, rules
from tests.scripted import SETTINGS, ScriptedJournal, Stage

HOT = "xen1: web1 2, web2 1.7 | xen2: db1 0.3"
NO_END = "in doubt web1 (no end after 300 s; xen1 and xen2 did not answer; ask there where web1 is)"


def stage(text: str = AT_ONCE, made: Farm | None = None, *, interval: float | None = 30.0) -> Stage:
    """A loop that begins half a minute after the counters were read."""
    made = made or farm(HOT)
    play = Stage(made, text, primed(State(), made.gathering(), 0.0), interval=interval)
    play.clock.wait_until(30.0)
    return play


def test_a_round_gathers_decides_writes_down_and_orders_in_this_order() -> None:
    play = stage()
    play.farm.answers["web1"] = "done"
    assert play.rounds(1) == [
        "observe 1",
        "round 1: move web1 from xen1 to xen2",
        "intent web1",
        "migrate web1",
        "done web1",
    ]


def test_rounds_come_at_the_interval_and_open_orders_are_asked_after_meanwhile() -> None:
    play = stage()
    assert play.rounds(2) == [
        "observe 1", "round 1: move web1 from xen1 to xen2", "intent web1", "migrate web1", "under way web1",
        "waiting 30 s", "look web1", "look web1", "look web1",
        "look web1", "observe 2", "round 2: no action: xen1 in trouble for 2 rounds; 1 move under way",
        *["look web1"] * 28, NO_END,
    ]  # fmt: skip
    assert play.orders() == {"web1": "in doubt"}


def test_so_many_rounds_wait_for_the_moves_that_are_still_under_way() -> None:
    play = stage()
    ends = iter([None, None, None, "done"])

    def arrive() -> None:
        if play.calls[-1] == "look web1" and (end := next(ends)):
            play.farm.answers["web1"] = end

    play.farm.answers["web1"] = "under way"
    play.farm.meanwhile = arrive
    play.rounds(1)
    assert play.orders() == {"web1": "done"}
    assert play.clock.now() == 70.0


def test_without_orders_nobody_is_asked_between_rounds() -> None:
    assert stage(RELIEVE).rounds(3) == [
        "observe 1", "round 1: no action: xen1 in trouble for 1 of 3 rounds", "waiting 30 s",
        "observe 2", "round 2: no action: xen1 in trouble for 2 of 3 rounds", "waiting 30 s",
        "observe 3", "round 3: move web1 from xen1 to xen2", "intent web1", "migrate web1", "under way web1",
        *["look web1"] * 31, NO_END,
    ]  # fmt: skip


# -- time -------------------------------------------------------------------------------------------------------------


def begins(play: Stage) -> list[float]:
    return [event.decision.observation.now for event in play.journal.events if isinstance(event, RoundDecided)]


def test_a_round_that_takes_longer_than_the_interval_is_followed_at_once_and_none_is_made_up_for() -> None:
    play = stage("")
    slow = iter([100.0, 0.0, 0.0])
    play.farm.meanwhile = lambda: play.clock.wait_until(play.clock.now() + next(slow))
    play.rounds(3)
    assert begins(play) == [30.0, 130.0, 160.0]


def test_the_time_a_round_takes_is_part_of_the_interval() -> None:
    play = stage("")
    play.farm.meanwhile = lambda: play.clock.wait_until(play.clock.now() + 7.0)
    play.rounds(3)
    assert begins(play) == [30.0, 60.0, 90.0]
    assert [event.seconds for event in play.journal.events if isinstance(event, RoundDecided)] == [7.0] * 3


@pytest.mark.parametrize(
    ("interval", "text", "told"), [(None, "every 1 min", 60), (None, "", 30), (45.0, "every 1 min", 45)]
)
def test_the_interval_is_the_configured_one_else_that_of_the_rules(
    interval: float | None, text: str, told: float
) -> None:
    assert f"waiting {told} s" in stage(text, interval=interval).rounds(2)


def test_rules_reckon_with_rounds_as_long_as_they_are() -> None:
    text = AT_ONCE.replace("host.cpu > 85%", "avg(host.cpu, 15 min) > 85% for 10 min")
    told = stage(text, interval=300.0).rounds(5)
    assert [line for line in told if line.startswith("round")][3:] == [
        "round 4: no action: xen1 in trouble for 2 rounds, 10 min are wanted",
        "round 5: move web1 from xen1 to xen2",
    ]


def test_a_clock_that_is_set_back_does_not_stop_the_rounds() -> None:
    play = stage("")
    play.clock.wait_until(100_000.0)
    steps = iter([0.0, 7200.0, 0.0, 0.0])

    def set_back() -> None:
        play.clock._now -= next(steps)

    play.farm.meanwhile = set_back
    play.rounds(4)
    assert begins(play) == [100_000.0, 100_030.0, 92_860.0, 92_890.0]


def test_a_clock_that_is_set_back_between_rounds_ends_the_wait() -> None:
    play = stage()
    play.clock.wait_until(100_000.0)
    play.farm.answers["web1"] = "under way"
    steps = iter([7200.0])

    def set_back() -> None:
        if play.calls[-1] == "look web1":
            play.clock._now -= next(steps, 0.0)

    play.farm.meanwhile = set_back
    play.rounds(2)
    assert begins(play) == [100_000.0, 92_810.0]


def test_rules_are_taken_over_at_a_rounds_boundary() -> None:
    play = stage("")

    def rewrite() -> None:
        play.controls.in_force = rules(AT_ONCE)

    play.farm.meanwhile = rewrite
    told = [call for call in play.rounds(2) if call.startswith("round")]
    assert told == ["round 1: no action: no host is in trouble", "round 2: move web1 from xen1 to xen2"]


# -- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_fabric_that_does_not_carry_costs_that_round_and_no_other() -> None:
    play = stage(RELIEVE)
    play.rounds(2)
    play.farm.lost = "the broker is gone"
    assert play.rounds(1) == ["observe 3", "round 3 lost: the broker is gone"]
    play.farm.lost = None
    play.farm.answers["web1"] = "done"
    assert play.rounds(1)[:2] == ["observe 4", "round 4: move web1 from xen1 to xen2"], (
        "one missing round breaks nothing"
    )


def test_a_fabric_that_is_gone_for_two_rounds_breaks_the_streak() -> None:
    play = stage(RELIEVE)
    play.rounds(2)
    play.farm.lost = "the broker is gone"
    play.rounds(2)
    play.farm.lost = None
    assert play.rounds(1)[1] == "round 5: no action: xen1 in trouble for 1 of 3 rounds"


def test_a_round_that_cannot_be_written_down_orders_nothing_and_says_so() -> None:
    play = stage()
    play.journal.refuses = ("move web1",)
    assert play.rounds(1) == ["observe 1", "round 1 lost: nothing is ordered: disk full"]
    play.journal.refuses = ()
    play.farm.answers["web1"] = "done"
    assert "migrate web1" in play.rounds(1)


def test_a_journal_that_takes_nothing_at_all_does_not_end_the_loop() -> None:
    play = stage()
    play.journal.refuses = ("",)
    assert play.rounds(3) == ["observe 1", "observe 2", "observe 3"]


def test_a_mistake_of_ours_costs_its_round_and_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("y")

    play = stage()
    with monkeypatch.context() as broken:
        broken.setattr("balancer.loop.step", fail)
        lost = "round 1 lost: a mistake in xen-balancer itself, please report it: KeyError: 'y'"
        assert play.rounds(1) == ["observe 1", lost]
    assert "migrate web1" in play.rounds(1)


def test_a_mistake_of_ours_while_orders_are_looked_after_costs_that_look(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("y")

    play = stage()
    play.farm.answers["web1"] = "under way"
    play.loop.round()
    with monkeypatch.context() as broken:
        broken.setattr("balancer.execution.verdict", fail)
        play.loop.round()
    lost = "round 1 lost: a mistake in xen-balancer itself, please report it: KeyError: 'y'"
    assert lost in play.calls
    assert play.orders() == {"web1": "under way"}


def test_a_pause_holds_what_the_round_decided() -> None:
    play = stage()
    play.controls.pause = "paused by root"
    assert play.rounds(1) == ["observe 1", "round 1: move web1 from xen1 to xen2", "held web1: paused by root"]


# -- the end ----------------------------------------------------------------------------------------------------------


def test_who_is_told_to_stop_holds_no_round() -> None:
    play = stage()
    play.controls.stop = True
    assert play.rounds(5) == []


def test_who_is_told_to_stop_while_reports_come_in_orders_nothing_any_more() -> None:
    play = stage()

    def stop() -> None:
        play.controls.stop = True

    play.farm.meanwhile = stop
    play.loop.run()
    assert [call for call in play.calls if call.startswith(("observe", "migrate"))] == ["observe 1"]


def test_an_end_in_the_middle_of_a_wait_is_heard_at_once_and_leaves_moves_to_whoever_comes_next() -> None:
    play = stage()

    def stop() -> None:
        play.controls.stop = play.calls[-1] == "look web1"

    play.farm.meanwhile = stop
    play.loop.run()
    assert play.calls[-2:] == ["waiting 30 s", "look web1"]
    assert (play.orders(), play.clock.now()) == ({"web1": "under way"}, 40.0)


# -- a new beginning --------------------------------------------------------------------------------------------------


def begun(state: OrderState) -> State:
    order = Order("t-6-9-1", 6, 9, journey("web1", "xen1", "xen2"), state, started=20.0)
    return with_order(State(round=9, time=20.0), order)


@pytest.mark.parametrize("state", [OrderState.INTENT, OrderState.UNDER_WAY, OrderState.IN_DOUBT])
@pytest.mark.parametrize(
    ("answer", "where", "told"),
    [
        ("done", "xen1", "done"),
        ("failed", "xen1", "failed"),
        (None, "xen2", "done"),
    ],
)
def test_after_a_restart_orders_are_asked_after_first_and_never_given_again(
    state: OrderState, answer: str | None, where: str, told: str
) -> None:
    made = farm(HOT)
    if where == "xen2":
        made.move("web1", "xen2")
    play = Stage(made, AT_ONCE, begun(state))
    play.clock.wait_until(30.0)
    play.farm.answers |= {"web1": answer} if answer else {}
    calls = play.rounds(1)
    assert (calls[0], play.orders()["web1"]) == ("look web1", told)
    assert "migrate web1" not in calls


def test_after_a_restart_an_intent_of_which_nobody_knows_moves_nothing_at_its_hosts_until_it_has_lapsed() -> None:
    play = Stage(farm(HOT), AT_ONCE, begun(OrderState.INTENT))
    play.farm.answers["web1"] = "unknown"
    play.clock.wait_until(30.0)
    play.rounds(2)
    assert [call for call in play.calls if call.startswith("migrate")] == []
    assert play.calls[-1] == "failed web1 (it runs on xen1 as before; xen1 never took the order)"
    assert play.clock.now() == 70.0


# -- a whole farm in virtual time -------------------------------------------------------------------------------------


class Watch(ScriptedJournal):
    """A journal that looks at the farm at every event: no VM is ever lost, and each order's intent came first."""

    def __init__(self, simulated: SimulatedFarm) -> None:
        super().__init__(calls=[])
        self.simulated = simulated
        self.vms = set(simulated.placement)
        self.intents: set[str] = set()

    def record(self, event: Event) -> None:
        super().record(event)
        assert set(self.simulated.placement) == self.vms
        if isinstance(event, OrderChanged):
            if event.order.state is OrderState.INTENT:
                assert self.simulated.outcome(event.order.id) is None
                self.intents.add(event.order.id)
            assert event.order.id in self.intents


class Diligent(Unattended):
    """An operator who looks every ten minutes and says resume."""

    def __init__(self, clock: VirtualClock, text: str) -> None:
        super().__init__(rules(text))
        self._clock = clock

    def paused(self) -> str | None:
        return None

    def resumed(self) -> float:
        return self._clock.now() // 600 * 600


BUSIEST = {0.0: 0.7, 0.3: 0.85, 1.0: 1.2}
"""How busy a host may be in the end, by how many migrations fail: below `until`, no longer in trouble, or as before."""


@pytest.mark.parametrize("failure", BUSIEST)
@pytest.mark.parametrize("seed", range(5))
def test_on_a_simulated_farm_no_vm_is_lost_and_hosts_are_relieved(tmp_path: Path, seed: int, failure: float) -> None:
    scenario = tmp_path / "farm.yaml"
    hosts = "".join(f"  - {{name: xen{number}, cores: 4, memory: 16GiB}}\n" for number in range(6))
    vms = "".join(
        f'  - {{name: vm{number:02}, host: xen{number % 2}, vcpus: 2, memory: 1GiB, cpu: "0.45"}}\n'
        for number in range(20)
    )
    scenario.write_text(f"format: scenario/1\nmigration: {{failure: {failure}}}\nhosts:\n{hosts}vms:\n{vms}")
    simulated, clock = SimulatedFarm(load_scenario(scenario), seed, 30.0), VirtualClock()
    watch = Watch(simulated)
    ports = Ports(clock, ScenarioFarm(simulated, clock), watch, Diligent(clock, RELIEVE + "  until source.cpu < 70%\n"))
    Loop(ports, SETTINGS, Pace(30.0, poll=5.0), State()).run(120)
    assert watch.intents
    busiest = max(simulated.demand(f"xen{number}") for number in range(6)) / 4
    assert busiest < BUSIEST[failure]
