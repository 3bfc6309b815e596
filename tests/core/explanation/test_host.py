"""Why a host is eased or left alone."""

from dataclasses import replace

from balancer.core.cycle import Case
from balancer.core.explanation.host import HostExplained, explain_host
from balancer.core.model import Drained, OrderState
from tests.farms import AT_ONCE, Rounds, farm, journey

HOT = "xen1: web1 2.4, web2 1.4 | xen2: a 1.2 | xen3: b 0.1"


def explained(play: Rounds, host: str) -> HostExplained:
    play.farm.pass_time(play.interval)
    return explain_host(Case(play.state, play.farm.gathering(), play.rules, play.farm.time), host)


def test_a_host_that_is_eased_tells_the_move() -> None:
    its = explained(Rounds(farm(HOT), AT_ONCE), "xen1")
    assert its.told.startswith("xen1: 1 move planned: xen1 cpu 95% > 85% for 1 round; web1 ")
    assert [(move.vm, move.target) for move in its.moves] == [("web1", "xen3")]
    assert its.figures == {"cpu": 0.95, "load": 3.8, "memory": 0.125, "vms": 2.0}


def test_a_host_in_no_trouble() -> None:
    its = explained(Rounds(farm(HOT), AT_ONCE), "xen2")
    assert its.told == "xen2 is in no trouble that a rule would ease"
    assert its.troubles[0].told == "no trouble: cpu 30% would have to rise above 85%"


def test_a_host_in_trouble_of_which_no_vm_finds_a_host() -> None:
    its = explained(Rounds(farm("xen1: web1 3.6 | xen2: a 1.2"), AT_ONCE), "xen1")
    assert its.told == "xen1 is in trouble: cpu 90% > 85% for 1 round (relieve, line 2), and no VM finds a host"


def test_a_host_in_trouble_not_for_long_enough() -> None:
    its = explained(Rounds(farm(HOT), AT_ONCE.replace("85%", "85% for 3 rounds")), "xen1")
    assert its.told == ("xen1: not for long enough: cpu 95% > 85% for 1 round, 3 rounds are wanted (relieve, line 2)")


def test_a_host_in_trouble_that_rests() -> None:
    play = Rounds(farm(HOT), AT_ONCE + "rest host 1 h\n")
    play.order(journey("web9", "xen3", "xen1"), OrderState.DONE)
    assert explained(play, "xen1").told == (
        "xen1: in trouble: cpu 95% > 85% for 1 round; it has just taken part in a move and rests (relieve, line 2)"
    )


def test_a_drained_host_tells_by_whom_and_what_is_left() -> None:
    play = Rounds(farm(HOT).with_(web1={"passthrough": True}, web2={"passthrough": True}), 'drain host "xen1"\n')
    play.state = replace(play.state, drained=(Drained("xen3", "alice", 0.0),))
    assert explained(play, "xen1").told == "xen1 is drained (line 1), 2 still there"
    play.farm.with_(b={"passthrough": True})
    assert explained(play, "xen3").told == "xen3 is drained by alice, 1 still there"


def test_its_vms_that_may_not_leave_are_told_with_every_reason() -> None:
    play = Rounds(farm(HOT).with_(web1={"passthrough": True, "needs": ("local:/d",)}), AT_ONCE)
    assert [(each.vm, each.reason) for each in explained(play, "xen1").stays] == [
        ("web1", "passthrough"), ("web1", "local disk"),
    ]  # fmt: skip


def test_what_closes_it_as_a_target_is_counted_over_the_vms_elsewhere() -> None:
    play = Rounds(farm(HOT).with_(web1={"memory": 8192.0}, xen2={"maintenance": True, "memory": 4096.0}), AT_ONCE)
    its = explained(play, "xen2")
    assert [(each.example.reason, each.vms, each.of) for each in its.closed] == [
        ("maintenance", 3, 3),
        ("memory", 1, 3),
    ]
    assert (its.closed[1].example.vm, its.closed[1].example.limit) == ("web1", 3072.0)
    assert explained(play, "xen3").closed == ()


def test_broken_walls_preferences_and_the_goal_are_told_in_that_order() -> None:
    rules = (
        'balance cpu within 5% by at most 3 moves\nprefer vm "web1" on host "xen3"\nkeep vms named "web*" apart\n'
        "never move vms\n"
    )
    its = explained(Rounds(farm(HOT), rules), "xen1")
    broken = 'keep vms named "web*" apart is broken (web1, web2 on xen1)'
    assert its.told == f"{broken} (keep, line 3), and no move of its VMs is planned for that"
    assert [(each.kind, each.line, each.wants) for each in its.wanted] == [
        ("repairs", 3, True), ("preferences", 2, True), ("goal", 1, True),
    ]  # fmt: skip


def test_vms_that_may_leave_together_are_not_told_as_staying() -> None:
    rules = 'keep vm "web1" with vm "web2"\n'
    assert explained(Rounds(farm(HOT), rules), "xen1").stays == ()
    held = explained(Rounds(farm(HOT), f'{rules}never move vm "web2"\n'), "xen1").stays
    assert [(each.vm, each.reason) for each in held] == [
        ("web1", 'keep vm "web1" with vm "web2"'), ("web2", 'never move vm "web2"'),
    ]  # fmt: skip
