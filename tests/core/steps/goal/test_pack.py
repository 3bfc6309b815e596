"""Leaving whole hosts empty."""

from tests.farms import Rounds, decided, farm, moves, refused

PACK = "pack onto fewest hosts where after.cpu < 90% where after.memory < 85% by at most 4 moves\n"


def test_the_emptiest_hosts_are_emptied_onto_the_fullest() -> None:
    told = decided(farm("hv1: a 1 | hv2: b 0.5 | hv3: c 1, d 1"), PACK)
    assert moves(told) == ["a: hv1 -> hv3", "b: hv2 -> hv3"]


def test_a_move_says_which_host_is_emptied() -> None:
    (move,) = decided(farm("hv1: a 1 | hv2: c 1, d 1"), PACK).plan.moves
    assert move.why == "hv1 has 1 VM left and can be emptied; hv2 has cpu 75% and memory 18.8% afterwards"
    assert (move.rule, move.reason, dict(move.numbers)) == ("pack", "goal", {"after.cpu": 0.75, "after.memory": 0.1875})


def test_a_host_that_cannot_be_emptied_as_a_whole_is_not_begun() -> None:
    told = decided(farm("hv1: a 1, b 0.1 | hv2: c 1, d 1, e 1"), PACK)
    assert (moves(told), refused(told)[0]) == ([], "a -> hv2: after.cpu < 90%")


def test_nothing_goes_to_an_empty_host() -> None:
    told = decided(farm("hv1: a 1 | hv2:"), PACK)
    assert (moves(told), refused(told)) == ([], ["a -> hv2: empty"])


def test_what_was_begun_is_finished_in_later_rounds() -> None:
    play = Rounds(
        farm("hv1: a 0.1, b 0.1, c 0.1 | hv2: d 0.1, e 0.1, f 0.1, g 0.1"),
        "pack onto fewest hosts where after.cpu < 90% by at most 2 moves",
    )
    made = []
    for _ in range(3):
        planned = play.next().plan.moves
        made.append([f"{move.vm} to {move.target}" for move in planned])
        for move in planned:
            play.carry_out(move)
    assert made == [["a to hv2", "b to hv2"], ["c to hv2"], []]


def test_another_host_is_begun_only_if_it_can_be_finished_with_the_moves_that_are_left() -> None:
    told = decided(farm("hv1: a 0.1, b 0.1 | hv2: c 0.1, d 0.1, e 0.1 | hv3: f 1, g 0.1, h 0.1, i 0.1"), PACK)
    assert moves(told) == ["a: hv1 -> hv3", "b: hv1 -> hv3"]


def test_a_vm_that_may_not_move_keeps_its_host() -> None:
    told = decided(farm("hv1: a 0.1, b 0.1 | hv2: c 1.8, d 1.8").with_(b={"passthrough": True}), PACK)
    assert moves(told) == []


def test_drained_hosts_are_the_drains_affair() -> None:
    told = decided(farm("hv1: a 0.1 | hv2: b 1"), f'{PACK}drain host "hv1"\n')
    assert [move.rule for move in told.plan.moves] == ["drain"]


def test_a_drained_host_that_the_drain_may_not_empty_is_not_packed_either() -> None:
    told = decided(farm("hv1: a 0.1 | hv2: b 1"), f'{PACK}drain host "hv1"\nnever move vms except goal\n')
    assert moves(told) == []


def test_a_host_in_maintenance_is_left_as_it_is() -> None:
    told = decided(farm("hv1: a 0.1 | hv2: b 1").with_(hv1={"maintenance": True}), PACK)
    assert moves(told) == []
