"""Who is passed over by a repair, because no move of his helps."""

from random import Random

import pytest

from balancer.core.cycle import Case, begun
from balancer.core.drafting.draft import Draft
from balancer.core.steps import fewest
from balancer.core.steps.glance import hopeful
from balancer.core.steps.repairs import find_homes, mendable
from tests.core.steps.test_fewest import AMPLE, SCARCE, SEVERAL, random_farm, random_keeps
from tests.farms import Farm, Rounds, farm


def drafted(made: Farm, text: str) -> Draft:
    """A round before its first move."""
    play = Rounds(made, text)
    made.pass_time(play.interval)
    draft = begun(Case(play.state, made.gathering(), play.rules, made.time))
    find_homes(draft)
    return draft


def names(draft: Draft, text: str = "") -> list[str]:
    """The VMs that may help."""
    walls = [wall for wall in mendable(draft) if text in wall.text]
    vms = hopeful(draft, walls, fewest.in_order(draft.projection, walls))
    return [str(draft.projection.names["vm"][vm]) for vm in vms]


def test_nobody_moves_from_one_crowded_host_to_another() -> None:
    assert names(drafted(farm("xen1: a 0, b 0 | xen2: c 0, d 0"), "keep vms apart")) == []
    assert names(drafted(farm("xen1: a 0, b 0 | xen2: c 0, d 0 | xen3:"), "keep vms apart")) == ["a", "b", "c", "d"]


def test_nobody_to_where_there_is_no_room() -> None:
    made = farm("xen1: a 0, b 3 | xen2: x 2").with_(a={"memory": 4096.0}, xen2={"memory": 4096.0})
    assert names(drafted(made, 'keep vm "a" on host "xen2"\nkeep vm "b" on host "xen2"')) == []
    made.hosts["xen2"].memory = 16384.0
    assert names(drafted(made, 'keep vm "a" on host "xen2"\nkeep vm "b" on host "xen2"')) == ["a"]


def test_who_may_take_others_along_is_always_looked_at() -> None:
    made = farm("xen1: a 0, b 0 | xen2: c 0")
    both = 'keep vm "a" with vm "b"\nkeep vm "a" on host "xen2"\nkeep vm "c" apart from vm "a"'
    assert names(drafted(made, both), "on host") == ["a"]


@pytest.mark.parametrize("memory", [AMPLE, SCARCE])
@pytest.mark.parametrize("kinds", [SEVERAL, ["together", "with"]])
@pytest.mark.parametrize("seed", range(60))
def test_whoever_is_passed_over_could_not_have_helped(seed: int, kinds: list[str], memory: float) -> None:
    chance = Random(seed)
    made = random_farm(chance, memory=memory)
    draft = drafted(made, "\n".join(text for _, text in random_keeps(chance, made, kinds)))
    walls = mendable(draft)
    menders = fewest.in_order(draft.projection, walls)
    before = sum(wall.strays(draft.projection) for wall in walls)
    for vm in sorted({*menders.tolist()} - {*hopeful(draft, walls, menders)}):
        for way in fewest._ways(draft, walls, vm)[0]:
            after = fewest._after(draft, way).projection
            assert sum(wall.strays(after) for wall in walls) >= before
