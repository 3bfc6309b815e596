"""One choice among candidates."""

import numpy as np

from balancer.core.drafting.sieve import Ledger, Sieve
from balancer.core.walls.wall import Barred


def flags(*places: int, of: int = 5) -> np.ndarray:
    return np.isin(np.arange(of), places)


def sieve(*barriers: Barred) -> Sieve:
    made = Sieve(flags(0, 1, 2, 3))
    made.bar(barriers)
    return made


def test_what_was_never_a_candidate_is_neither_open_nor_refused() -> None:
    made = sieve(Barred(flags(3, 4), "wall"))
    assert (made.open.tolist(), made.tally()) == ([True, True, True, False, False], {"wall": 1})


def test_the_first_barrier_that_meets_a_candidate_is_its_reason() -> None:
    made = sieve(Barred(flags(0, 1), "first"), Barred(flags(1, 2), "second"))
    assert [(each.reason, np.flatnonzero(each.flags).tolist()) for each in made.refused] == [
        ("first", [0, 1]), ("second", [2]),
    ]  # fmt: skip


def test_a_barrier_that_meets_nobody_is_not_told() -> None:
    assert sieve(Barred(flags(4), "wall")).refused == []


def test_the_same_reason_twice_is_counted_together() -> None:
    assert sieve(Barred(flags(0), "wall"), Barred(flags(1), "wall")).tally() == {"wall": 2}


def test_the_open_places_come_best_first_then_by_the_next_key_then_by_place() -> None:
    first, second = np.array([2.0, 1.0, 1.0, 1.0, 0.0]), np.array([0.0, 5.0, 4.0, 5.0, 0.0])
    assert sieve().order([first, second]).tolist() == [2, 1, 3, 0]


def test_the_noise_of_a_sum_decides_nothing_between_equals() -> None:
    assert sieve().order([np.array([0.1 + 0.2, 0.3, 0.3, 0.3, 0.0])]).tolist() == [0, 1, 2, 3]


def test_an_unknown_key_sorts_last() -> None:
    assert sieve().order([np.array([np.nan, 3.0, 2.0, np.nan, 0.0])]).tolist() == [2, 1, 0, 3]


def test_one_key_for_all_leaves_them_by_place() -> None:
    assert sieve().order([np.asarray(1.0)]).tolist() == [0, 1, 2, 3]


def test_without_a_key_by_place() -> None:
    assert sieve(Barred(flags(1), "wall")).order([]).tolist() == [0, 2, 3]


def test_what_the_caller_gave_is_not_changed() -> None:
    given = flags(0, 1)
    Sieve(given).bar([Barred(flags(0), "wall")])
    assert given.tolist() == flags(0, 1).tolist()


def test_a_ledger_keeps_every_reason_in_the_order_in_which_they_were_met() -> None:
    ledger = Ledger(np.array([True, True, True, True, False]))
    ledger.bar([Barred(flags(0, 1, 4), "wall"), Barred(flags(), "nobody"), Barred(flags(1, 2), "other")])
    assert [[barred.reason for barred in ledger.reasons(place)] for place in range(5)] == [
        ["wall"], ["wall", "other"], ["other"], [], [],
    ]  # fmt: skip
    assert ledger.order([]).tolist() == sieve(Barred(flags(0, 1, 2), "wall")).order([]).tolist() == [3]
