from hypothesis import given
from hypothesis import strategies as st

from dsl.doubts.intervals import Interval

NUMBERS = st.integers(-4, 4).map(float)
SIGNS = st.sampled_from(["<", "<=", ">", ">=", "=="])
TRIED = [quarter / 4 for quarter in range(-24, 25)]


def holds(sign: str, number: float, limit: float) -> bool:
    return {
        "<": number < limit,
        "<=": number <= limit,
        ">": number > limit,
        ">=": number >= limit,
        "==": number == limit,
    }[sign]


@given(st.lists(st.tuples(SIGNS, NUMBERS), min_size=1, max_size=4))
def test_an_interval_is_empty_where_no_number_stands_so_to_all_limits(limits: list[tuple[str, float]]) -> None:
    met = Interval()
    for sign, limit in limits:
        met = met & Interval.beside(sign, limit)
    left = [number for number in TRIED if all(holds(sign, number, limit) for sign, limit in limits)]

    assert met.is_empty() == (not left)
    assert met.is_empty(discrete=True) == (not any(number.is_integer() for number in left))


@given(SIGNS, NUMBERS, NUMBERS)
def test_what_is_outside_is_not_inside(sign: str, limit: float, number: float) -> None:
    point = Interval(number, number)
    inside = not (point & Interval.beside(sign, limit)).is_empty()
    outside = any(not (point & each).is_empty() for each in Interval.beside(sign, limit).outside())

    assert inside != outside


def test_the_noise_of_a_division_is_no_difference() -> None:
    assert (Interval(low=0.1 + 0.2, low_open=True) & Interval(high=0.3)).is_empty()
    assert not (Interval(low=0.1 + 0.2) & Interval(high=0.3)).is_empty()


def test_a_negative_factor_turns_an_interval_round() -> None:
    assert Interval(1, 2, low_open=True).times(-2) == Interval(-4, -2, high_open=True)
