"""Which journeys are never made."""

import numpy as np
import pytest

from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets
from balancer.core.walls.journeys import never_wall
from dsl.checking.statements import STEPS
from tests.farms import AT_ONCE, Farm, Rounds, decided, farm, moves, refused

HOT = "xen1: web1 2, web2 1.7 | xen2: | xen3: busy 0.5"


def never(tail: str) -> str:
    return f"{AT_ONCE}never move {tail}\n"


def hot() -> Farm:
    return farm(HOT).with_(web1={"tags": ("pet",)})


def test_never_the_vm_stays_and_the_next_by_the_same_order_goes() -> None:
    told = decided(hot(), never('vms tagged "pet"'))
    assert moves(told) == ["web2: xen1 -> xen2"]
    (rejection,) = told.plan.rejections
    assert (rejection.vm, rejection.host, rejection.reason) == ("web1", None, 'never move vms tagged "pet"')
    assert rejection.line == 6


def test_never_except_drains_lets_a_drain_pass_and_a_rule_not() -> None:
    text = 'never move vms tagged "pet" except drains\n'
    assert moves(decided(hot(), AT_ONCE + text)) == ["web2: xen1 -> xen2"]
    assert "web1: xen1 -> xen2" in moves(decided(hot(), 'drain host "xen1"\n' + text))


@pytest.mark.parametrize("kind", STEPS)
@pytest.mark.parametrize("excepted", STEPS)
@pytest.mark.parametrize("to", ["", ' to host "xen2"'])
def test_never_binds_every_kind_of_move_but_those_behind_except(kind: str, excepted: str, to: str) -> None:
    play = Rounds(hot(), f'never move vms tagged "pet"{to} except {excepted}')
    projection = Projection(play.next().observation)
    wall = never_wall(play.rules.nevers[0], Sets.of((), projection))
    barred = (*wall.leaving(projection, np.array([1]), kind), *wall.arriving(projection, 1, kind))
    assert any(each.flags.any() for each in barred) is (kind != excepted)


def test_never_binds_drains_too() -> None:
    assert moves(decided(hot(), 'drain host "xen1"\nnever move vms')) == []


def test_never_from_binds_on_those_hosts_alone() -> None:
    assert moves(decided(hot(), never('vms from host "xen1"'))) == []
    assert moves(decided(hot(), never('vms from host "xen2"'))) == ["web1: xen1 -> xen2"]


def test_never_to_closes_those_hosts() -> None:
    told = decided(hot(), never('vms tagged "pet" to host "xen2"'))
    assert moves(told) == ["web1: xen1 -> xen3"]
    assert refused(told) == ['web1 -> xen2: never move vms tagged "pet" to host "xen2"']


def test_never_from_and_to_speak_of_one_journey() -> None:
    assert moves(decided(hot(), never('vms from host "xen1" to host "xen2"'))) == ["web1: xen1 -> xen3"]
    assert moves(decided(hot(), never('vms from host "xen3" to host "xen2"'))) == ["web1: xen1 -> xen2"]


def test_never_to_a_named_set() -> None:
    assert moves(decided(hot(), 'let old = hosts named "xen2"\n' + never("vms to old"))) == ["web1: xen1 -> xen3"]


def test_never_to_an_older_xen() -> None:
    older = hot().with_(xen1={"xen": "4.17"}, xen2={"xen": "4.9"}, xen3={"xen": "4.17.2"})
    assert moves(decided(older, never("vms to hosts where xen < source.xen"))) == ["web1: xen1 -> xen3"]


@pytest.mark.parametrize("to", ['hosts where facts.state == "old"', "retired", "hosts in retired"])
def test_never_to_a_host_of_which_nobody_knows(to: str) -> None:
    text = f'let retired = hosts where facts.state == "old"\n{AT_ONCE}never move vms to {to}'
    known = hot().with_(xen3={"facts": {"state": "new"}})
    assert moves(decided(known, text)) == ["web1: xen1 -> xen3"]
    assert refused(decided(known, text)) == [f"web1 -> xen2: never move vms to {to}"]


def test_never_from_a_host_of_which_nobody_knows() -> None:
    text = never('vms from hosts where facts.state == "old"')
    assert moves(decided(hot(), text)) == []
    assert moves(decided(hot().with_(xen1={"facts": {"state": "new"}}), text)) == ["web1: xen1 -> xen2"]


def test_never_to_may_speak_of_the_tags_and_sets_of_the_host_that_the_vm_leaves() -> None:
    tagged = hot().with_(xen1={"tags": ("gen:2",)}, xen2={"tags": ("gen:1",)})
    backwards = never('vms to hosts where tagged "gen:1" and source tagged "gen:2"')
    assert moves(decided(tagged, backwards)) == ["web1: xen1 -> xen3"]
    assert moves(decided(tagged.with_(xen1={"tags": ()}), backwards)) == ["web1: xen1 -> xen2"]
    in_set = 'let new = hosts tagged "gen:2"\n' + never('vms to hosts where tagged "gen:1" and source in new')
    assert moves(decided(tagged.with_(xen1={"tags": ("gen:2",)}), in_set)) == ["web1: xen1 -> xen3"]
    assert moves(decided(tagged.with_(xen1={"tags": ()}), in_set)) == ["web1: xen1 -> xen2"]


def test_never_above_a_lower_wall_after_the_move_for_every_step() -> None:
    told = decided(hot(), 'drain host "xen1"\nnever move vms to hosts where after.cpu > 50%')
    assert moves(told) == ["web1: xen1 -> xen2"]
    assert refused(told)[-2:] == [
        "web2 -> xen3: never move vms to hosts where after.cpu > 50%",
        "web2 -> xen2: never move vms to hosts where after.cpu > 50%",
    ]


@pytest.mark.parametrize(("share", "told"), [("95%", ["web1: xen1 -> xen2"]), ("90%", [])])
def test_never_may_speak_of_where_the_vm_runs(share: str, told: list[str]) -> None:
    assert moves(decided(hot(), never(f"vms where host.cpu > {share}"))) == told


def test_never_counts_whom_nobody_knows_as_meant() -> None:
    play = Rounds(hot().with_(xen1={"own": 2.0}), never("vms where share > 60%"))
    play.farm.vms["web1"].uuid = "another"
    assert "web1: never move vms where share > 60%" in refused(play.next())
