from io import StringIO
from pathlib import Path

import pytest

from balancer.adapters.classic import Classic
from balancer.core.figures.signals import VOCABULARY
from balancer.core.model import OrderState, Rejection
from balancer.ports import Event, OperatorActed, OrderHeld, RoundDecided, RoundLost, RulesRead, Waiting
from dsl.loading import load
from tests.adapters.samples import changed, decided, decision, host, move, streak, vm

RULES = load("classic.rules", (Path(__file__).parents[2] / "rules" / "classic.rules").read_bytes(), VOCABULARY).ruleset
ADDRESSES = {"hypervisor2": "10.0.0.2", "hypervisor3": "10.0.0.3"}

TRANSCRIPT = """\
[+] hypervisor2 : 0.0 load and 0 slice(s) running
[+] init/reset load counter for hypervisor2
[+] hypervisor2 has no slices consuming CPU time
[+] hypervisor3 : 1.11 load and 1 slice(s) running
[+] added test3 on hypervisor3 with 0 CPU time (registered 18.3 as a reference)
[+] sleeping for 30 seconds
[+] hypervisor2 : 0.16 load and 0 slice(s) running
[+] init/reset load counter for hypervisor2
[+] hypervisor2 has no slices consuming CPU time
[+] hypervisor3 : 1.33 load and 1 slice(s) running
[+] updated test3 on hypervisor3 with 1.7 CPU time eaten (registered 21.5 as a reference)
[+] hypervisor3 has 3 threshold overload
[+] Time to see if we can migrate a VM from hypervisor3
[+] VM key : hypervisor3-test3
[+] Time consumed in a run (interval is 30s) : 1.7
[+] hypervisor2 is a candidate for being a host (step 1 : max VMs)
[+] hypervisor2 is a candidate for being a host (step 2 : max load)
trying to migrate test3 from hypervisor3 to hypervisor2 (10.0.0.2)
Successfully migrated test3 !
"""


def told(*events: Event) -> str:
    assert RULES is not None
    stream = StringIO()
    classic = Classic(stream, ADDRESSES, lambda: RULES)
    for event in events:
        classic.record(event)
    return stream.getvalue()


def hot_round(*refused: Rejection, moves: bool = False) -> RoundDecided:
    """Four hosts, the third one overloaded for three rounds."""
    hosts = tuple(host(f"hypervisor{number}", load=1.33 if number == 3 else 0.0) for number in (1, 2, 3, 4))
    return decided(
        decision(
            hosts=hosts,
            vms=(vm("test1", "hypervisor3"), vm("test3", "hypervisor3", eaten=1.7)),
            streaks=(streak("hypervisor3", 3),),
            rejections=refused,
            moves=(move(),) if moves else (),
        )
    )


def refusal(reason: str, where: str | None) -> Rejection:
    return Rejection("test3", where, "relieve", 3, reason)


def test_rounds_are_told_as_in_2010() -> None:
    first = decision(
        1,
        hosts=(host("hypervisor2"), host("hypervisor3", load=1.113)),
        vms=(vm("test3", "hypervisor3", is_new=True, counter=18.3),),
        streaks=(streak("hypervisor3", 1),),
    )
    third = decision(
        3,
        hosts=(host("hypervisor2", load=0.16), host("hypervisor3", load=1.33)),
        vms=(vm("test3", "hypervisor3", eaten=1.700001, counter=21.500001),),
        streaks=(streak("hypervisor3", 3),),
        moves=(move(),),
    )
    states = (OrderState.INTENT, OrderState.UNDER_WAY, OrderState.DONE)
    assert told(decided(first), Waiting(30.0), decided(third), *map(changed, states)) == TRANSCRIPT


def test_each_step_tells_who_is_left() -> None:
    lines = told(hot_round(refusal("max VMs", "hypervisor1"), refusal("max load", "hypervisor4"), moves=True))
    assert [line for line in lines.splitlines() if "candidate" in line] == [
        "[+] hypervisor2 is a candidate for being a host (step 1 : max VMs)",
        "[+] hypervisor4 is a candidate for being a host (step 1 : max VMs)",
        "[+] hypervisor2 is a candidate for being a host (step 2 : max load)",
    ]


def test_a_host_that_another_wall_refuses_is_no_candidate() -> None:
    lines = told(hot_round(*(refusal("memory", f"hypervisor{number}") for number in (1, 2, 4))))
    assert lines.splitlines()[-3:] == [
        "[+] VM key : hypervisor3-test3",
        "[+] Time consumed in a run (interval is 30s) : 1.7",
        "[+] no candidate left, doing nothing",
    ]


def test_a_host_whose_slices_must_stay_is_told_so() -> None:
    lines = told(hot_round(refusal("resting", None)))
    assert lines.splitlines()[-1] == "[+] no slice may leave hypervisor3, doing nothing"


def test_a_hot_host_without_slices_prints_its_streak_and_goes_on() -> None:
    lines = told(decided(decision(vms=(), streaks=(streak("hypervisor3", 3),))))
    assert lines.splitlines()[-2:] == [
        "[+] hypervisor3 has no slices consuming CPU time",
        "[+] hypervisor3 has 3 threshold overload",
    ]


def test_two_rounds_of_overload_are_not_enough() -> None:
    assert "threshold overload" not in told(decided(decision(vms=(), streaks=(streak("hypervisor3", 2),))))


def test_a_frozen_round_tells_its_hosts_and_stops() -> None:
    lines = told(decided(decision(streaks=(streak("hypervisor3", 3),), frozen="reports 50% < 80%")))
    assert lines.splitlines()[-1] == "[+] doing nothing : reports 50% < 80%"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (changed(OrderState.FAILED, detail="no memory"), "Failed to migrate test3 : no memory"),
        (changed(OrderState.IN_DOUBT, detail="no answer"), "Nobody knows where test3 is : no answer"),
        (changed(OrderState.DONE, "dry-run"), "would migrate test3 from hypervisor3 to hypervisor2 (10.0.0.2)"),
        (OrderHeld("test3", "hypervisor3", "hypervisor2", "paused"), "[+] not migrating test3 : paused"),
        (RoundLost(4, "no broker"), "[+] nothing is done this round : no broker"),
        (OperatorActed("root", "pause"), "[+] pause by root"),
        (RulesRead("f", "f:1:1: syntax"), "[+] rules cannot be run with, keeping the old ones : f:1:1: syntax"),
    ],
)
def test_what_2010_did_not_know_is_told_in_its_manner(event: Event, line: str) -> None:
    assert told(event) == f"{line}\n"


@pytest.mark.parametrize("event", [RulesRead("f", None), changed(OrderState.INTENT, "dry-run")])
def test_what_2010_did_not_tell_is_not_told(event: Event) -> None:
    assert told(event) == ""
