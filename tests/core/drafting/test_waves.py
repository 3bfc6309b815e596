"""Which moves may run side by side."""

from dataclasses import replace

import pytest

from balancer.core.drafting.waves import at_once, in_waves
from balancer.core.model import Move, Order, OrderState
from tests.farms import journey, rules


def told(
    *journeys: str,
    limit: str = "2 at once, 1 per host",
    keep: str = "",
    under_way: tuple[str, ...] = (),
    alone: str = "",
) -> list[int]:
    """The waves of moves written `vm source target`, in their order; `alone` is the VM whose move is to be so."""
    orders = [
        Order(f"o{number}", 1, 1, move(text), OrderState.UNDER_WAY, 0.0) for number, text in enumerate(under_way)
    ]  # fmt: skip
    planned = in_waves([move(text) for text in journeys], rules(f"limit {limit}\n{keep}"), orders, (f"uuid-{alone}",))
    return [each.wave for each in planned]


def move(text: str) -> Move:
    """`vm source target`, of hosts whose names begin with the letter of their rack."""
    made = journey(*text.split())
    return replace(made, leaves=(f"rack:{made.source[0]}",), enters=(f"rack:{made.target[0]}",))


def test_two_at_once_and_the_rest_later() -> None:
    assert told("a 1 5", "b 2 6", "c 3 7", "d 4 8") == [1, 1, 2, 2]


def test_no_more_are_in_a_wave_than_may_start_in_a_round() -> None:
    assert told("a 1 5", "b 2 6", "c 3 7", limit="1 per round") == [1, 2, 3]
    assert told("a 1 5", "b 1 6", "c 2 7", limit="9 at once, 1 per round per host") == [1, 2, 1]


def test_a_host_counts_at_both_ends() -> None:
    assert told("a 1 2", "b 2 3") == [1, 2]
    assert told("a 1 3", "b 2 3") == [1, 2]
    assert told("a 1 2", "b 1 3") == [1, 2]


def test_a_domain_counts_a_move_that_begins_or_ends_in_it_once() -> None:
    limit = "9 at once, 1 per rack"
    assert told("a a1 b1", "b a2 c1", "c d1 e1", limit=limit) == [1, 2, 1]
    assert told("a a1 b1", "b c1 b2", limit=limit) == [1, 2]
    assert told("a a1 a2", "b a3 a4", "c a5 b1", limit="9 at once, 2 per rack") == [1, 1, 2]
    assert told("a a1 b1", limit=limit, under_way=("x c1 b2",)) == [2]


def test_where_neighbours_are_counted_in_a_domain_what_another_leaves_there_is_taken_later() -> None:
    limit, keep = "9 at once", 'keep at most 1 of vms named "*" per rack'
    assert told("a a1 b1", "b c1 a2", limit=limit, keep=keep) == [1, 2]
    assert told("a a1 a2", "b c1 a3", limit=limit, keep=keep) == [1, 1], "the first one stays in its rack"
    assert told("a a1 b1", "b c1 a2", limit=limit) == [1, 1]
    assert told("b c1 a2", limit=limit, keep=keep, under_way=("x a1 b1",)) == [2]


def test_a_move_that_need_not_wait_for_an_earlier_one_does_not() -> None:
    assert told("a 1 2", "b 1 3", "c 4 5") == [1, 2, 1]


def test_moves_that_share_a_host_keep_their_order() -> None:
    assert told("a 1 2", "b 1 3", "c 3 4", limit="9 at once, 1 per host") == [1, 2, 3]


def test_what_another_leaves_behind_is_there_in_a_later_wave_only() -> None:
    assert told("a 1 2", "b 3 1", limit="9 at once, 9 per host") == [1, 2]
    assert told("a 1 2", "b 1 3", "c 4 1", limit="9 at once, 9 per host") == [1, 1, 2]


def test_without_a_limit_per_host_moves_off_one_host_run_side_by_side() -> None:
    assert told("a 1 2", "b 1 3", "c 1 2", limit="9 at once") == [1, 1, 1]


def test_a_limit_per_hour_makes_no_waves() -> None:
    assert told("a 1 2", "b 3 4", "c 5 6", limit="1 per hour, 1 per hour per host") == [1, 1, 1]


def test_of_several_limits_the_tightest_holds() -> None:
    assert told("a 1 2", "b 3 4", limit="5 at once, 1 at once") == [1, 2]


def test_moves_under_way_take_their_places_in_the_first_wave() -> None:
    assert told("a 1 2", under_way=("x 3 4",)) == [1]
    assert told("a 1 2", under_way=("x 3 4", "y 5 6")) == [2]
    assert told("a 1 2", under_way=("x 1 4",)) == [2]
    assert told("a 1 2", under_way=("x 3 2",)) == [2]


def test_nothing_arrives_where_a_move_under_way_leaves_before_it_has_left() -> None:
    assert told("a 1 3", limit="9 at once, 9 per host", under_way=("x 3 4",)) == [2]


@pytest.mark.parametrize("state", [OrderState.DONE, OrderState.FAILED])
def test_what_has_ended_takes_no_place(state: OrderState) -> None:
    ended = [Order("o", 1, 1, move("x 1 2"), state, 0.0, 1.0)]
    assert [each.wave for each in in_waves([move("a 1 2")], rules("limit 1 at once"), ended)] == [1]


def test_an_order_in_doubt_still_takes_its_place() -> None:
    doubtful = [Order("o", 1, 1, move("x 1 2"), OrderState.IN_DOUBT, 0.0)]
    assert [each.wave for each in in_waves([move("a 3 4")], rules("limit 1 at once"), doubtful)] == [2]


def test_where_a_keep_with_stands_hosts_see_one_move_at_a_time() -> None:
    assert at_once(rules("limit 9 at once")) == {None: 9}
    assert at_once(rules('limit 9 at once\nkeep vms named "a*" with vms named "c*"')) == {None: 9, "host": 1}
    assert at_once(rules("")) == {None: 2, "host": 1}


def test_one_that_is_to_be_made_alone_runs_beside_none() -> None:
    assert told("a 1 2", "b 3 4", "c 5 6", limit="9 at once") == [1, 1, 1]
    assert told("a 1 2", "b 3 4", "c 5 6", limit="9 at once", alone="b") == [1, 2, 3]
    assert told("a 3 4", limit="9 at once", under_way=("x 1 2",), alone="a") == [2]


def test_thousands_of_moves_find_their_waves() -> None:
    many = [f"v{number} s{number} t{number}" for number in range(2000)]
    assert told(*many) == [number // 2 + 1 for number in range(2000)]
    assert told(*many, limit="1 per rack") == list(range(1, 2001))
