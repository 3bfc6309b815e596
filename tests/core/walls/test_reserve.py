"""Room for the VMs of hosts that may be lost."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets
from balancer.core.planning import drafted
from balancer.core.walls.reserve import ReserveWall
from tests.farms import AT_ONCE, Farm, Rounds, decided, farm, journey, moves

ONE = "reserve memory for 1 lost host\n"


def sized(text: str, **memory: float) -> Farm:
    """This farm, hosts and VMs with so many GiB."""
    return farm(text).with_(**{name: {"memory": size * 1024} for name, size in memory.items()})


def shortfall(made: Farm, text: str = ONE) -> float:
    """GiB that find no room."""
    play = Rounds(made, text)
    draft = drafted(Sets.of((), Projection(play.next().observation)), play.state, (), play.rules)
    (wall,) = (each for each in draft.walls if isinstance(each, ReserveWall))
    return wall.shortfall(draft.projection) / 1024


def test_what_ran_on_the_fullest_host_finds_room_on_the_others() -> None:
    assert shortfall(sized("xen1: a 0, b 0 | xen2: c 0 | xen3:", a=4, b=4, c=4)) == 0


def test_the_largest_first_each_where_it_leaves_least_free_and_what_is_left_over_is_the_shortfall() -> None:
    assert shortfall(sized("xen1: a 0, b 0, c 0 | xen2: d 0 | xen3: e 0", a=6, b=5, c=4, d=7, e=8)) == 0
    assert shortfall(sized("xen1: a 0, b 0, c 0 | xen2: d 0 | xen3: e 0", a=6, b=5, c=4, d=8, e=8)) == 4
    assert shortfall(sized("xen1: a 0 | xen2: d 0 | xen3: e 0", a=12, d=8, e=8)) == 12, "16 GiB are free, in halves"


def test_several_hosts_may_be_lost_and_in_the_end_all() -> None:
    four = sized("xen1: a 0 | xen2: b 0 | xen3: c 0 | xen4: d 0", a=9, b=8, c=7, d=6)
    assert [shortfall(four, f"reserve memory for {lost} lost hosts") for lost in (1, 2, 3, 4, 5)] == [0, 0, 15, 30, 30]


def test_hosts_that_take_no_vms_give_no_room_but_may_be_lost() -> None:
    two = "xen1: a 0 | xen2: b 0 | xen3:"
    assert shortfall(sized(two, a=12, b=8)) == 0
    assert shortfall(sized(two, a=12, b=8).with_(xen3={"maintenance": True})) == 12
    assert shortfall(sized(two, a=12, b=8), f'{ONE}drain host "xen3"') == 12
    assert shortfall(sized(two, a=12, b=8).with_(xen1={"maintenance": True})) == 0


def test_a_vm_under_way_counts_at_both_ends() -> None:
    play = Rounds(sized("xen1: a 0, b 0 | xen2: c 0 | xen3:", a=7, b=7, c=9), ONE)
    play.order(journey("c", "xen2", "xen3", 9 * 1024))
    play.next()
    sets = Sets.of((), Projection(play.next().observation))
    projection = Projection.with_orders(sets.reported.observation, play.state)
    wall = ReserveWall(1, ~projection.unmeasured, "reserve", 1)
    assert wall.shortfall(projection) == 0
    assert ReserveWall(2, ~projection.unmeasured, "reserve", 1).shortfall(projection) == (9 + 7) * 1024


def test_a_move_that_would_leave_a_vm_without_room_is_not_made() -> None:
    made = sized("xen1: a 2, b 1.7 | xen2: c 0.1 | xen3: big 0.5", a=4, b=5, c=3, big=12)
    told = decided(made, AT_ONCE + ONE)
    assert moves(told) == ["a: xen1 -> xen3"]
    (rejection,) = told.plan.rejections
    assert (rejection.host, rejection.reason, rejection.line) == ("xen2", "reserve memory for 1 lost host", 6)
    assert (rejection.value, rejection.limit) == (12 * 1024, 0)


def test_a_reserve_that_is_broken_already_is_not_made_worse_and_what_changes_nothing_may_go() -> None:
    made = sized("xen1: a 2, b 1.7 | xen2: c 0.1 | xen3: big 0.5", a=1, b=1, c=12, big=14)
    told = decided(made, AT_ONCE + ONE)
    assert moves(told) == ["a: xen1 -> xen2"]


def test_where_room_is_scarce_moves_go_one_after_the_other() -> None:
    text = f"{AT_ONCE}limit 9 at once\n"
    hot = "xen1: a 2, b 1.7 | xen2: c 2, d 1.7 | xen3: | xen4: "
    scarce, plenty = sized(hot, a=5, b=5, c=5, d=5), sized(hot, a=1, b=1, c=1, d=1)
    for made, reserve, waves in ((scarce, "", [1, 1]), (scarce, ONE, [1, 2]), (plenty, ONE, [1, 1])):
        assert [move.wave for move in decided(made, text + reserve).plan.moves] == waves


SIZES = st.sampled_from([1.0, 2.0, 4.0, 7.0, 12.0])


@given(
    homes=st.lists(st.tuples(st.integers(0, 3), SIZES), min_size=1, max_size=10), lost=st.integers(1, 3), data=st.data()
)
def test_it_bars_what_reckoning_it_out_after_the_move_would_bar(
    homes: list[tuple[int, float]], lost: int, data: st.DataObject
) -> None:
    made = farm("xen0: | xen1: | xen2: | xen3:").with_(xen2={"memory": 65536.0}, xen3={"memory": 65536.0})
    for number, (home, size) in enumerate(homes):
        made.add(f"xen{home}", f"vm{number:02}", 0.1, memory=size * 1024)
    projection = Projection(Rounds(made, "").next().observation)
    wall = ReserveWall(lost, ~projection.unmeasured, "reserve", 1)
    vm = data.draw(st.integers(0, len(homes) - 1))
    target = data.draw(st.sampled_from([host for host in range(4) if host != projection.where[vm]]))
    barred: list[Any] = [each.flags[target] for each in wall.arriving(projection, vm, "rules")]
    before, fits = wall.shortfall(projection), projection.free[target] >= projection.memory[vm]
    projection.move(vm, target)
    worse = wall.shortfall(projection) > before
    assert any(barred) == (worse and fits)
