"""What follows from what: asked of the solver, and tried out on every small farm there is."""

from collections.abc import Hashable
from fnmatch import fnmatchcase
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from dsl.doubts.formulas import AllOf, AnyOf, Claim, Fixed, Formula, Holds, Matches, Negated, Reads, Within
from dsl.doubts.intervals import Interval
from dsl.doubts.solving import STEPS, can_hold, implies, must_hold
from dsl.doubts.sums import Figure

LOAD = Figure("load", Interval(low=0.0))
VMS = Figure("vms", Interval(low=0.0), discrete=True)
NAMES = ["a", "b", "ab", "ba"]
TAGS = [(), ("a",), ("b",), ("ab",), ("a", "b"), ("b", "ba")]

WITHIN = st.builds(
    lambda figure, sign, limit: Within(figure, Interval.beside(sign, limit)),
    st.sampled_from([LOAD, VMS]), st.sampled_from(["<", "<=", ">", ">=", "=="]), st.integers(-1, 3),
)  # fmt: skip
CLAIMS = st.one_of(
    WITHIN,
    st.builds(
        Matches, st.sampled_from([("vm", "named"), ("vm", "tagged")]), st.sampled_from(["a", "b", "a*", "?b", "*"])
    ),
    st.builds(Reads, st.just("group"), st.sampled_from(["x", "y"])),
    st.just(Holds("maintenance")),
    st.booleans().map(Fixed),
)
FORMULAS = st.recursive(
    CLAIMS,
    lambda inner: st.one_of(
        inner.map(Negated),
        st.lists(inner, max_size=3).map(lambda parts: AllOf(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
    ),
    max_leaves=6,
)
FARMS = [
    {"load": load, "vms": vms, "vm": name, "tags": tags, "group": group, "maintenance": flag}
    for load, vms, name, tags, group, flag in product(
        [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0], [0.0, 1.0, 2.0, 3.0, 4.0], NAMES, TAGS, ["x", "y", "z"], [True, False]
    )
]


def is_so(formula: Formula, farm: dict[str, Hashable]) -> bool:
    match formula:
        case Negated(part=part):
            return not is_so(part, farm)
        case AllOf(parts=parts):
            return all(is_so(part, farm) for part in parts)
        case AnyOf(parts=parts):
            return any(is_so(part, farm) for part in parts)
        case _:
            return is_claimed_rightly(formula, farm)


def is_claimed_rightly(claim: Claim, farm: dict[str, Hashable]) -> bool:
    match claim:
        case Fixed(holds=holds):
            return holds
        case Within(figure=figure, interval=interval):
            number = farm[str(figure.key)]
            assert isinstance(number, float)
            return not (Interval(number, number) & interval).is_empty()
        case Reads(text=text):
            return farm["group"] == text
        case Holds():
            return bool(farm["maintenance"])
        case Matches(of=(_, how), pattern=pattern):
            labels = [farm["vm"]] if how == "named" else farm["tags"]
            assert isinstance(labels, list | tuple)
            return any(fnmatchcase(str(label), pattern) for label in labels)


@given(FORMULAS)
def test_what_holds_on_some_farm_can_hold(formula: Formula) -> None:
    if any(is_so(formula, farm) for farm in FARMS):
        assert can_hold(formula)
        assert not must_hold(Negated(formula))


@given(FORMULAS, FORMULAS)
def test_what_follows_holds_on_every_farm(narrow: Formula, wide: Formula) -> None:
    if implies(narrow, wide):
        assert all(is_so(wide, farm) for farm in FARMS if is_so(narrow, farm))


@given(st.lists(WITHIN, min_size=1, max_size=5))
def test_of_figures_nothing_impossible_is_missed(claims: list[Formula]) -> None:
    together = AllOf(tuple(claims))

    assert can_hold(together) == any(is_so(together, farm) for farm in FARMS)


def test_a_question_without_end_is_answered_with_it_can() -> None:
    flags = [AnyOf((Holds(number), Holds(-number))) for number in range(1, STEPS)]
    never = AllOf((Within(LOAD, Interval(low=2.0)), Within(LOAD, Interval(high=1.0))))

    assert not can_hold(never, *flags)
    assert can_hold(*flags, never)
