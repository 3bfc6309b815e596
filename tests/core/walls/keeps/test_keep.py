"""How far a farm is from what each keep wants."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets
from balancer.core.walls.keeps import keep_wall
from tests.farms import Rounds, farm

KEEPS = (
    'keep vms named "a*" apart', 'keep at most 2 of vms named "a*" per host', "keep at most 1 of vms per rack",
    'keep vms named "a*" apart from vms named "b*"', 'keep vms named "a*" apart from vms where not named "b*"',
    'keep vms named "a*" with vms named "b*"', 'keep vms named "a*" with vms named "*1"',
    'keep vms named "a*" on hosts tagged "rack:r"', 'keep vms named "a*" together', "keep vms together",
)  # fmt: skip
RACKS_OF = {"xen1": ("rack:r",), "xen2": ("rack:r", "rack:s"), "xen3": ("rack:s",), "xen4": ()}


@pytest.mark.parametrize("keep", KEEPS)
@given(homes=st.lists(st.sampled_from(sorted(RACKS_OF)), min_size=1, max_size=7), data=st.data())
def test_how_much_more_broken_a_move_makes_it_is_what_counting_again_tells(
    keep: str, homes: list[str], data: st.DataObject
) -> None:
    made = farm(" | ".join(f"{host}:" for host in RACKS_OF)).with_(**{k: {"tags": v} for k, v in RACKS_OF.items()})
    for number, home in enumerate(homes):
        made.add(home, f"{'ab'[number % 2]}{number}", 0.1, memory=data.draw(st.sampled_from([512.0, 1024.0, 2048.0])))
    play = Rounds(made, keep)
    projection = Projection(play.next().observation)
    wall = keep_wall(play.rules.keeps[0], Sets.of((), projection))
    vm, target = data.draw(st.integers(0, len(homes) - 1)), data.draw(st.integers(0, 3))
    before, swing = wall.strays(projection), wall.swing(projection, vm)[target]
    if target != projection.where[vm]:
        projection.move(vm, target)
    assert wall.strays(projection) - before == swing
