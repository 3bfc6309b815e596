"""What is wished at a cost: least cost before any order, and never a bar to what a rule asks for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.core.drafting.draft import Draft, Step
from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets
from balancer.core.planning import drafted
from tests.farms import AT_ONCE, Farm, Rounds, decided, farm, moves, refused

HOT = "xen1: web1 2, web2 1.7 | xen2: | xen3: busy 0.5"


def hot() -> Farm:
    return farm(HOT).with_(web1={"tags": ("pet",)}, xen2={"tags": ("old",)})


def avoid(tail: str, *more: str) -> str:
    return AT_ONCE + "".join(f"avoid moving {each}\n" for each in (tail, *more))


def why(made: Farm, text: str) -> list[str]:
    return [move.why for move in decided(made, text).plan.moves]


# -- avoid ------------------------------------------------------------------------------------------------------------


def test_avoid_the_next_vm_that_costs_less_goes() -> None:
    text = avoid('vms tagged "pet" cost 5')
    assert moves(decided(hot(), text)) == ["web2: xen1 -> xen2"]
    assert why(hot(), text) == [
        "xen1 cpu 92.5% > 85% for 1 round; web2 uses 1.7 CPUs, most of the cheapest; xen2 has least cpu (0%)"
    ]
    assert refused(decided(hot(), text)) == []


def test_avoid_where_nothing_cheaper_helps_the_move_is_made_despite_it() -> None:
    text = avoid('vms tagged "pet" cost 5') + 'never move vm "web2"\n'
    (told,) = why(hot(), text)
    assert told.split("; ")[1:] == [
        "web1 uses 2 CPUs, most there",
        "xen2 has least cpu (0%)",
        'despite avoid moving vms tagged "pet" cost 5',
    ]


def test_avoid_without_a_cost_costs_one() -> None:
    text = avoid('vms tagged "pet"', "vms where cpu < 1.8 cost 2")
    assert moves(decided(hot(), text)) == ["web1: xen1 -> xen2"]
    assert why(hot(), text)[0].endswith('; despite avoid moving vms tagged "pet" (costs 1)')


def test_avoid_to_takes_a_cheaper_host_first_and_these_if_there_is_no_other() -> None:
    text = avoid('vms to hosts tagged "old"')
    assert moves(decided(hot(), text)) == ["web1: xen1 -> xen3"]
    assert why(hot(), text)[0].endswith("xen3 has least cpu (12.5%) of the cheapest")
    assert moves(decided(hot().with_(xen3={"tags": ("old",)}), text)) == ["web1: xen1 -> xen2"]


def test_avoid_compares_vm_and_target_together() -> None:
    dear = avoid('vm "web1" to hosts cost 2', 'vms to hosts tagged "old"', 'vm "web2" to host "xen3" cost 4')
    assert moves(decided(hot(), dear)) == ["web2: xen1 -> xen2"], "1, against 3 and 2 for web1"
    cheap = dear.replace("cost 2", "cost 0.5")
    assert moves(decided(hot(), cheap)) == ["web1: xen1 -> xen3"], "a half, against 1"


def test_avoid_from_and_during_and_except_count_where_they_hold_alone() -> None:
    at_midnight, later = "during daily 00:00-01:00 UTC", "during daily 05:00-06:00 UTC"
    for tail, vm in (
        ('from host "xen1"', "web2"), ('from host "xen2"', "web1"), (at_midnight, "web2"), (later, "web1"),
        ("except drains", "web2"), ("except rules", "web1"),
    ):  # fmt: skip
        assert moves(decided(hot(), avoid(f'vms tagged "pet" {tail}'))) == [f"{vm}: xen1 -> xen2"], tail


def test_avoid_bars_nothing_at_all_and_a_refusal_stays_what_it_was() -> None:
    told = decided(farm("xen1: web1 3.5 | xen2: busy 3"), avoid("vms cost 9"))
    assert (moves(told), refused(told)) == ([], ["web1 -> xen2: max load"])


def test_avoid_a_drain_empties_its_host_all_the_same_and_goes_where_it_costs_less() -> None:
    text = 'drain host "xen1"\navoid moving vms cost 3\navoid moving vms to hosts tagged "old"\n'
    told = decided(hot(), text)
    assert moves(told) == ["web1: xen1 -> xen3", "web2: xen1 -> xen2"], "xen3 has no room for both"
    first, second = (move.why.split("; ")[1:] for move in told.plan.moves)
    assert first == ["xen3 is least full afterwards of the cheapest (62.5%)", "despite avoid moving vms cost 3"]
    assert second == [
        "xen2 is least full afterwards (42.5%)",
        "despite avoid moving vms cost 3",
        'despite avoid moving vms to hosts tagged "old" (costs 1)',
    ]


# -- prefer -----------------------------------------------------------------------------------------------------------


def test_prefer_apart_an_emptier_host_with_a_member_comes_second() -> None:
    text = AT_ONCE + 'prefer vms named "web*" apart cost 2\n'
    made = farm("xen1: web1 2, x 1.7 | xen2: web2 0 | xen3: y 0.5")
    assert moves(decided(made, text)) == ["web1: xen1 -> xen3"]
    crowded = text + 'never move vms to host "xen3"\nnever move vm "x"\n'
    assert why(made, crowded)[0].endswith('; despite prefer vms named "web*" apart cost 2')


def test_prefer_the_vm_goes_first_that_comes_nearer_to_what_is_wished() -> None:
    text = AT_ONCE + 'prefer vms named "web*" apart\n'
    assert moves(decided(farm("xen1: big 1.8, web1 1, web2 0.9 | xen2: "), text)) == ["web1: xen1 -> xen2"]


@pytest.mark.parametrize(
    ("relation", "target"),
    [
        ('at most 1 of vms named "web*" per rack', "xen4"),
        ('vms named "web*" apart from vms named "y*"', "xen2"),
        ('vms named "web*" with vms named "y*"', "xen3"),
        ('vms named "web*" on hosts tagged "rack:c"', "xen4"),
    ],
)  # fmt: skip
def test_prefer_knows_the_words_of_keep(relation: str, target: str) -> None:
    made = farm("xen1: web1 2, x 1.7 | xen2: web2 0 | xen3: y 0.2 | xen4: y4 0.4").with_(
        **{f"xen{number}": {"tags": (f"rack:{rack}",)} for number, rack in enumerate("abbc", 1)}
    )
    assert moves(decided(made, f"{AT_ONCE}prefer {relation}\n"))[0] == f"web1: xen1 -> {target}"


# -- the last two steps -----------------------------------------------------------------------------------------------


def barred(made: Farm, text: str, kind: str, vm: str) -> dict[str, str]:
    """By other host, why a move of that kind may not bring this VM there."""
    draft = drawn(made, text)
    place = draft.projection.names["vm"].tolist().index(vm)
    told: dict[str, str] = {}
    for wall in draft.walls.of(place):
        for each in wall.arriving(draft.projection, place, kind):
            told |= {draft.projection.names["host"][host]: each.reason for host in np.flatnonzero(each.flags)}
    return {host: reason for host, reason in told.items() if host != made.vms[vm].host}


def drawn(made: Farm, text: str) -> Draft:
    play = Rounds(made, text)
    told = play.next()
    sets = Sets.of(play.rules.lets, Projection(told.observation))
    return drafted(sets, play.state, told.state.streaks, play.rules)


@pytest.mark.parametrize(
    ("kind", "is_bound"), [("rules", False), ("drains", False), ("preferences", True), ("goal", True)]
)
def test_moves_for_preferences_and_the_goal_never_raise_the_total_cost(kind: str, *, is_bound: bool) -> None:
    reason = 'avoid moving vms to hosts tagged "old" cost 2'
    assert barred(hot(), reason, kind, "web1") == ({"xen2": reason} if is_bound else {})


def test_a_cost_that_a_gain_outweighs_is_not_raised() -> None:
    wishes = 'avoid moving vm "web1" cost 2\nprefer vms named "web*" apart cost {}\n'
    assert [sorted(barred(hot(), wishes.format(gain), "goal", "web1")) for gain in (3, 2, 1)] == [
        [], [], ["xen2", "xen3"],
    ]  # fmt: skip


# -- any farm ---------------------------------------------------------------------------------------------------------

WISHES = (
    'avoid moving vms tagged "a" cost 2', 'avoid moving vms to hosts tagged "old"',
    'prefer vms tagged "a" apart cost 3', 'prefer vms tagged "b" with vms tagged "a"',
    'avoid moving vms tagged "b" to host "xen3" cost 0.5',
)  # fmt: skip


@given(
    homes=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.sampled_from("abc")), max_size=8),
    wished=st.lists(st.sampled_from(WISHES), unique=True),
)
def test_the_first_move_of_a_rule_is_one_of_the_cheapest_that_can_be_made(
    homes: list[tuple[int, int, str]], wished: list[str]
) -> None:
    made = farm("xen0: hot 3.6 | xen1: | xen2: | xen3:").with_(xen2={"tags": ("old",)})
    for number, (home, cpu, tag) in enumerate(homes):
        made.add(f"xen{home}", f"vm{number}", cpu / 4, tags=(tag,))
    text = AT_ONCE.replace("cpu > 85%", "vms > 0") + "\n".join(wished)
    draft, step, told = drawn(made, text), Step("rules", "relieve", 2), decided(made, text).plan.moves
    projection, first = draft.projection, told[0] if told else None
    here = projection.place[first.source] if first else -1
    pairs = [
        (draft.price(step, vm)[host], -projection.cpu[vm], vm, projection.busy[host], host)
        for vm in np.flatnonzero(projection.where == here)
        for host in range(4)
        if host != here and projection.busy[host] + projection.cpu[vm] < 0.7 * 4
    ]
    assert (first is None) or (min(pairs)[2], min(pairs)[4]) == (
        projection.names["vm"].tolist().index(first.vm), projection.place[first.target],
    )  # fmt: skip
