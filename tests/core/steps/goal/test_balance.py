"""Bringing every host near the farm's mean."""

import pytest

from balancer.core.model import OrderState
from tests.farms import Rounds, decided, farm, moves, refused

CPU = "balance cpu within 5% by at most 10 moves\n"
LOPSIDED = "hv1: a 1, b 1, c 1 | hv2: d 0.5 | hv3:"


def test_the_fewest_moves_that_bring_every_host_inside() -> None:
    told = decided(farm("hv1: a 1, b 1, c 1 | hv2: | hv3:"), CPU)
    assert moves(told) == ["a: hv1 -> hv2", "b: hv1 -> hv3"]


def test_a_move_says_who_is_how_far_off_and_what_the_target_has_afterwards() -> None:
    move = decided(farm(LOPSIDED), CPU).plan.moves[0]
    assert move.why == (
        "hv1 cpu 75% is 45.8% above the farm's mean 29.2%, wanted is 5%; hv3 has 25% afterwards"
    )  # fmt: skip
    assert (move.rule, move.line, move.reason) == ("balance", 1, "goal")
    assert {name: round(figure, 3) for name, figure in move.numbers.items()} == {
        "source.cpu": 0.75, "target.cpu": 0.0, "after.cpu": 0.25, "mean.cpu": 0.292,
    }  # fmt: skip


def test_a_farm_in_which_all_hosts_are_inside_is_left_alone() -> None:
    assert moves(decided(farm("hv1: a 1 | hv2: b 0.8 | hv3: c 0.8"), CPU)) == []


def test_exactly_at_the_edge_is_inside() -> None:
    assert moves(decided(farm("hv1: a 1, b 0.2 | hv2: c 0.8"), CPU)) == []


@pytest.mark.parametrize(("most", "count"), [(1, 1), (2, 2), (10, 2)])
def test_never_more_moves_than_it_says(most: int, count: int) -> None:
    text = f"balance cpu within 5% by at most {most} moves"
    assert len(moves(decided(farm("hv1: a 1, b 1, c 1 | hv2: | hv3:"), text))) == count


@pytest.mark.parametrize(("tiny", "told"), [(0.012, []), (0.032, ["a: hv1 -> hv2"])])
def test_a_move_that_brings_the_farm_nearer_by_less_than_a_tenth_of_within_is_not_made(
    tiny: float, told: list[str]
) -> None:
    made = farm(f"hv1: a {tiny}, b 2 | hv2: c {1.2 - tiny}")
    assert moves(decided(made, "balance cpu within 10% by at most 10 moves")) == told


def test_what_gains_too_little_is_not_moved() -> None:
    text = "balance cpu within 5% by at most 10 moves, each gaining {}"
    small = farm("hv1: a 1.4, b 0.4 | hv2: c 0.8")
    assert moves(decided(small, text.format("10%"))) == ["b: hv1 -> hv2"]
    assert moves(decided(small, text.format("11%"))) == []


def test_two_hosts_exchange_vms_where_no_single_move_helps() -> None:
    assert moves(decided(farm("hv1: a 1.2, b 1 | hv2: c 0.8, d 0.8"), "balance cpu within 2% by at most 10 moves")) == [
        "b: hv1 -> hv2",
        "c: hv2 -> hv1",
    ]


def test_unlike_hosts_are_held_against_their_own_size() -> None:
    unlike = farm("hv1: a 1, b 1, c 1 | hv2:").with_(hv2={"cores": 8.0})
    assert moves(decided(unlike, CPU)) == ["a: hv1 -> hv2", "b: hv1 -> hv2"]


def test_memory_is_balanced_by_what_vms_hold() -> None:
    told = decided(
        farm("hv1: a 0.1, b 3 | hv2:").with_(a={"memory": 4096.0}, b={"memory": 1024.0}),
        "balance memory within 10% by at most 4 moves",
    )
    assert moves(told) == ["a: hv1 -> hv2"]


def test_load_is_balanced_in_plain_numbers() -> None:
    assert moves(decided(farm("hv1: a 1, b 1 | hv2:"), "balance load within 0.5 by at most 4 moves")) == [
        "a: hv1 -> hv2"
    ]


def test_hosts_that_take_nothing_have_no_part() -> None:
    shut = farm("hv1: a 1, b 1 | hv2: | hv3:").with_(hv3={"maintenance": True})
    assert moves(decided(shut, CPU)) == ["a: hv1 -> hv2"]


def test_walls_hold_at_every_step() -> None:
    text = f'{CPU}keep vms named "?" apart\n'
    assert moves(decided(farm("hv1: a 1, b 1 | hv2: c 0.1"), text)) == []


def test_where_nothing_helps_it_is_told_what_stands_against_it() -> None:
    text = f'{CPU}keep vms named "?" apart\n'
    told = decided(farm("hv1: a 2, b 1 | hv2: c 0.1"), text)
    assert moves(told) == []
    assert set(refused(told)) == {'a -> hv2: keep vms named "?" apart', 'b -> hv2: keep vms named "?" apart'}


def test_one_big_vm_cannot_be_helped() -> None:
    told = decided(farm("hv1: a 3 | hv2:"), CPU)
    assert (moves(told), refused(told)) == ([], ["a -> hv2: gains too little"])


def test_what_gains_too_little_is_told_by_how_much() -> None:
    told = decided(farm("hv1: a 2.4, b 0.4 | hv2: c 2"), "balance cpu within 5% by at most 3 moves, each gaining 20%")
    assert (moves(told), set(refused(told))) == (
        [], {"a -> hv2: full", "b -> hv2: gains too little"},
    )  # fmt: skip
    little = next(each for each in told.plan.rejections if each.vm == "b")
    assert (little.value, little.limit) == (pytest.approx(0.1), 0.2)


def test_a_vm_on_its_way_counts_at_its_target() -> None:
    play = Rounds(farm("hv1: a 1, b 1 | hv2:"), CPU)
    (move,) = play.next().plan.moves
    play.order(move)
    assert play.next().plan.moves == ()


def test_an_exchange_is_finished_in_later_rounds() -> None:
    play = Rounds(farm("hv1: a 1.2, b 1 | hv2: c 0.8, d 0.8"), "balance cpu within 2% by at most 10 moves")
    for expected in ("b", "c"):
        first = play.next().plan.moves[0]
        assert first.vm == expected
        play.carry_out(first)
    play.next()
    assert play.after(3).plan.moves == ()


def test_a_move_that_failed_is_not_tried_again_at_once() -> None:
    play = Rounds(farm("hv1: a 1, b 1 | hv2:"), CPU)
    (move,) = play.next().plan.moves
    play.order(move, OrderState.FAILED)
    assert [each.vm for each in play.next().plan.moves] == ["b"]


def test_drains_and_rules_come_first() -> None:
    text = f'{CPU}drain host "hv3"\n'
    assert [move.rule for move in decided(farm("hv1: a 1, b 1 | hv2: | hv3: c 0.1"), text).plan.moves] == [
        "drain",
        "balance",
    ]


def test_at_no_step_is_a_host_given_more_than_all_of_its_cpus() -> None:
    made = farm(
        "h0: v00 0.5, v01 1, v02 2 | h1: v10 1.5, v11 1.5, v12 2 | h2: v20 1.5, v21 1, v22 0.5, v23 0.5 "
        "| h3: v30 2, v31 0.5, v32 1.5, v33 0.5"
    )
    busy = {name: sum(vm.cpu for vm in made.vms.values() if vm.host == name) for name in made.hosts}
    cpu = {vm.name: vm.cpu for vm in made.vms.values()}
    for move in decided(made, "balance cpu within 5% by at most 6 moves\n").plan.moves:
        busy[move.source] -= cpu[move.vm]
        busy[move.target] += cpu[move.vm]
        assert busy[move.target] <= 4.0, move.vm


def test_of_moves_that_help_alike_the_noise_of_sums_prefers_none() -> None:
    half, whole = (
        moves(decided(
            farm(f"hv1: a {size / 8}, b {size * 3 / 4}, c {size * 3 / 4} | hv2: | hv3: | hv4: | hv5:").with_(
                **{f"hv{number}": {"cores": 4.0 * size} for number in range(1, 6)}
            ),
            f"balance load within {size / 2} by at most 3 moves",
        ))
        for size in (0.5, 1.0)
    )  # fmt: skip
    assert half == whole != []


def test_a_vm_that_may_not_leave_is_told_so_and_not_what_it_would_gain() -> None:
    told = decided(
        farm("xen1: a 2, b 1 | xen2:"),
        'balance cpu within 10% by at most 2 moves\nnever move vm "a"\nnever move vm "b"\n',
    )
    assert refused(told) == ['a: never move vm "a"', 'b: never move vm "b"']
