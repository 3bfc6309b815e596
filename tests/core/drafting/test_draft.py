"""What every step of a plan shares: refusals are noted once, nearest first, and counted all."""

from balancer.core.drafting.draft import LISTED
from balancer.core.model import OrderState
from tests.farms import AT_ONCE, EASE, Rounds, decided, farm, journey, refused

FULL = " | ".join(f"full{number:02}: a{number:02} {2 + number / 100}" for number in range(60))


def test_fifty_refused_hosts_are_listed_the_nearest_first_and_the_tally_counts_all() -> None:
    told = decided(farm(f"xen1: hot 3.6 | {FULL}"), AT_ONCE)
    assert refused(told)[:2] == ["hot -> full00: max load", "hot -> full01: max load"]
    assert (len(told.plan.rejections), told.plan.tally) == (LISTED, {"max load": 60})


def test_a_move_knows_which_domains_it_leaves_and_enters() -> None:
    racks = farm("xen1: a 3.6 | xen2:").with_(xen1={"tags": ("rack:a", "old")}, xen2={"tags": ("rack:b",)})
    (move,) = decided(racks, AT_ONCE.replace("70%", "95%")).plan.moves
    assert (move.leaves, move.enters) == (("rack:a",), ("rack:b",))


def test_each_vm_has_its_own_fifty() -> None:
    told = decided(farm(f"xen1: hot1 1.9, hot2 1.8 | {FULL}"), AT_ONCE)
    assert (len(told.plan.rejections), told.plan.tally) == (2 * LISTED, {"max load": 120})


def test_a_refused_host_has_one_reason_the_first_that_met_it() -> None:
    both = farm("xen1: a 2, b 1.7 | xen2: c 3").with_(xen2={"maintenance": True, "memory": 1024.0})
    told = decided(both, AT_ONCE)
    assert refused(told) == ["a -> xen2: maintenance", "b -> xen2: maintenance"]


def test_what_a_rule_asks_twice_is_told_once() -> None:
    told = decided(farm("xen1: giant 2.9, a 0.4, b 0.3 | xen2:"), EASE)
    assert refused(told) == ["giant -> xen2: max load"]


def test_another_rule_tells_its_own_refusals() -> None:
    told = decided(farm("xen1: giant 3.5 | xen2:"), AT_ONCE + AT_ONCE.replace("relieve", "second"))
    assert [(each.rule, each.line) for each in told.plan.rejections] == [("relieve", 5), ("second", 10)]


def test_a_refusal_carries_the_figures_and_their_kind() -> None:
    (rejection,) = decided(farm("xen1: giant 3.5 | xen2:"), AT_ONCE).plan.rejections
    assert (rejection.value, rejection.limit, rejection.kind) == (0.875, 0.7, "share")


def test_a_refusal_tells_the_line_of_what_refuses_never_that_of_who_asks() -> None:
    full = farm("xen1: a 2, b 1.7 | xen2: c 3 | xen3: | xen4:")
    play = Rounds(full.with_(xen2={"memory": 1024.0}), 'drain host "xen3"\n' + AT_ONCE + "rest vm 5 min, host 1 h\n")
    play.order(journey("d", "xen4", "xen2"), OrderState.DONE, ago=1.0)
    told = play.next().plan.rejections
    of = {each.host: (each.reason, each.line) for each in told if each.vm == "a"}
    assert of == {"xen2": ("rest", 7), "xen3": ("drain", 1), "xen4": ("rest", 7)}


def test_what_holds_whatever_the_rules_say_stands_on_no_line() -> None:
    both = farm("xen1: a 2, b 1.7 | xen2:").with_(xen2={"memory": 512.0}, b={"passthrough": True})
    told = decided(both, AT_ONCE).plan.rejections
    assert [(each.vm, each.reason, each.line) for each in told] == [
        ("b", "passthrough", None), ("a", "memory", None),
    ]  # fmt: skip


def test_a_silent_file_rests_on_no_line() -> None:
    play = Rounds(farm("xen1: a 2, b 1.7 | xen2:"), AT_ONCE)
    play.order(journey("a", "xen2", "xen1"), OrderState.DONE, ago=1000.0)
    told = play.next().plan.rejections
    assert [(each.vm, each.reason, each.line) for each in told] == [("a", "no return", None)]


def test_a_refusal_by_words_carries_the_words() -> None:
    text = AT_ONCE.replace("after.cpu < 70%", 'cpu_group == "amd"')
    (rejection,) = decided(farm("xen1: giant 3.5 | xen2:").with_(xen2={"cpu_group": "intel"}), text).plan.rejections
    assert (rejection.value, rejection.limit) == ("intel", "amd")


def test_a_gate_of_several_tests_blames_the_one_that_failed() -> None:
    text = AT_ONCE.replace("after.cpu < 70%", "vms < 9 and after.cpu < 70%")
    (rejection,) = decided(farm("xen1: giant 3.5 | xen2:"), text).plan.rejections
    assert (rejection.value, rejection.limit) == (0.875, 0.7)
