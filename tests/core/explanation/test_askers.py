"""What asks for a VM, a kind of move each."""

from balancer.core.cycle import Case, begun
from balancer.core.explanation.askers import ASKERS, Asker, askers
from balancer.core.planning import STEPS
from tests.farms import AT_ONCE, Rounds, farm

APART = 'keep vms named "web*" apart\n'
EVEN = "balance cpu within 10% by at most 3 moves\n"
PACK = "pack onto fewest hosts where after.cpu < 70% by at most 4 moves\n"


def asking(text: str, rules: str, vm: str) -> list[Asker]:
    play = Rounds(farm(text), rules)
    play.next()
    play.farm.pass_time(play.interval)
    draft = begun(Case(play.state, play.farm.gathering(), play.rules, play.farm.time))
    return askers(draft, draft.projection.names["vm"].tolist().index(vm))


def told(text: str, rules: str, vm: str) -> list[tuple[str, str, bool]]:
    return [(each.step.kind, each.told, each.wants) for each in asking(text, rules, vm)]


def test_each_kind_of_move_has_its_row_in_the_order_of_evaluation() -> None:
    assert list(ASKERS) == [kind for kind, _ in STEPS]


def test_all_that_may_ask_for_a_vm_asks_in_the_order_of_evaluation() -> None:
    rules = f'{APART}drain host "xen1"\n{AT_ONCE}prefer vms named "web1" on host "xen2"\n{EVEN}'
    assert [each.step.kind for each in asking("xen1: web1 1, web2 1 | xen2:", rules, "web1")] == [
        "repairs", "drains", "rules", "preferences",
    ]  # fmt: skip


def test_a_broken_wall_asks_for_those_that_might_mend_it() -> None:
    broken = [("repairs", 'keep vms named "web*" apart is broken (web1, web2 on xen1)', True)]
    assert told("xen1: web1 1, web2 1, db 1 | xen2:", APART, "web2") == broken
    assert told("xen1: web1 1, web2 1, db 1 | xen2:", APART, "db") == [("prospects", "", False)]
    assert told("xen1: web1 1 | xen2: web2 1", APART, "web1") == [("prospects", "", False)]


def test_who_goes_along_with_one_that_mends_is_asked_for_too() -> None:
    rules = f'{APART}keep vm "web1" with vm "db"\n'
    assert told("xen1: web1 1, web2 1, db 1 | xen2:", rules, "db") == [
        ("repairs", 'keep vms named "web*" apart is broken (web1, web2 on xen1)', True),
    ]  # fmt: skip


def test_a_preference_asks_while_it_is_not_so() -> None:
    wish = 'prefer vm "web1" on host "xen2" cost 2\n'
    assert told("xen1: web1 1 | xen2:", wish, "web1") == [("preferences", f"{wish.strip()} is not so", True)]
    assert told("xen1: | xen2: web1 1", wish, "web1") == [("prospects", "", False)]


def test_balance_asks_for_vms_of_hosts_above_what_is_wanted() -> None:
    above = "xen1 cpu 50% is 25% above the farm's mean 25%, wanted is 10%"
    assert told("xen1: a 1, b 1 | xen2:", EVEN, "a") == [("goal", above, True)]
    below = "xen2 cpu 25% is 12.5% below the farm's mean 37.5%, wanted is 10%"
    assert told("xen1: a 1, b 1 | xen2: c 1", EVEN, "c") == [("goal", below, False)]


def test_a_host_that_is_closed_has_no_part_in_the_goal() -> None:
    drained = 'drain host "xen1"\n'
    for goal in (EVEN, PACK):
        assert [kind for kind, *_ in told("xen1: a 1, b 1 | xen2: c 1", drained + goal, "a")] == ["drains"]


def test_packing_says_whose_turn_a_host_is() -> None:
    hosts = "xen1: a 1, b 1 | xen2: c 1 | xen3:"
    assert told(hosts, PACK, "c") == [("goal", "xen2 has 1 VM left, 1st of 2 to be emptied", True)]
    assert told(hosts, PACK, "a") == [("goal", "xen1 has 2 VMs left, 2nd of 2 to be emptied", True)]
