"""How far hosts are outside."""

import numpy as np
import pytest

from balancer.core.cycle import primed
from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets
from balancer.core.model import State
from balancer.core.observation import observe
from balancer.core.planning import drafted
from balancer.core.steps.goal.scales import Scales
from dsl.syntax import Balance
from tests.farms import Farm, farm, rules


def weighed(made: Farm, text: str) -> tuple[Scales, Projection]:
    """The scales of a goal, and the farm on them."""
    state = primed(State(), made.gathering(), made.time)
    made.pass_time(30)
    file = rules(text)
    projection = Projection(observe(state, made.gathering(), made.time).observation)
    sets = Sets.of(file.lets, projection)
    assert isinstance(file.goal, Balance)
    return Scales.of(drafted(sets, state, (), file), file.goal), projection


@pytest.mark.parametrize(
    ("signal", "within", "mean", "levels"),
    [
        ("cpu", "10%", 3 / 12, [0.5, 0.125]),
        ("memory", "10%", 3 / 48, [2 / 16, 1 / 32]),
        ("load", "1", 1.5, [2.0, 1.0]),
    ],
)
def test_hosts_are_held_against_the_mean_of_the_farm(
    signal: str, within: str, mean: float, levels: list[float]
) -> None:
    made = farm("hv1: a 1, b 1 | hv2: c 1").with_(hv2={"cores": 8.0, "memory": 32768.0})
    scales, projection = weighed(made, f"balance {signal} within {within} by at most 2 moves")
    assert scales.mean == pytest.approx(mean)
    assert list(scales.levels(projection)) == pytest.approx(levels)


def test_a_host_that_takes_nothing_is_where_the_others_are_wanted() -> None:
    made = farm("hv1: a 1 | hv2: b 2 | hv3: c 3").with_(hv3={"maintenance": True})
    scales, projection = weighed(made, "balance cpu within 5% by at most 2 moves")
    assert list(scales.levels(projection)) == pytest.approx([0.25, 0.5, 0.375])
    assert list(scales.outside(scales.levels(projection))) == [True, True, False]


def test_excess_is_what_is_beyond_and_the_evener_of_two_weighs_less() -> None:
    scales, _ = weighed(farm("hv1: a 1 | hv2: b 1"), "balance cpu within 5% by at most 2 moves")
    inside, even, beyond = scales.excess(np.array([0.29, 0.25, 0.40]))
    assert even == 0 < inside < 0.001
    assert beyond == pytest.approx(0.1, abs=0.001)


def test_what_a_move_does_is_the_change_of_the_excess_and_of_the_busier_of_both() -> None:
    scales, projection = weighed(farm("hv1: a 1, b 1 | hv2:"), "balance cpu within 10% by at most 2 moves")
    effects = scales.effects(projection, np.array([0]), np.array([1]))
    assert effects.gain == pytest.approx(np.array([[0.25]]))
    before, after = (float(scales.excess(np.array(levels)).sum()) for levels in ([0.5, 0.0], [0.25, 0.25]))
    assert effects.change == pytest.approx(np.array([[after - before]]))
