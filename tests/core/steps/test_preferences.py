"""Moves for the sake of a `prefer`."""

from collections.abc import Sequence
from random import Random

import pytest

from balancer.core.model import OrderState
from balancer.core.steps import preferences
from balancer.core.steps.preferences import Hopes
from tests.farms import AT_ONCE, Rounds, decided, farm, journey, moves, refused

APART = 'prefer vms named "db*" apart cost 2\n'


def test_a_move_lowers_the_cost_and_says_by_how_much() -> None:
    told = decided(farm("xen1: db1 1, db2 1 | xen2: x 1 | xen3:"), APART)
    assert moves(told) == ["db1: xen1 -> xen3"]
    (move,) = told.plan.moves
    assert (move.rule, move.line, move.reason) == ("prefer", 1, "preference")
    assert move.why == (
        'prefer vms named "db*" apart cost 2 is not so; this lowers the cost by 2; xen3 is least full afterwards (25%)'
    )


def test_the_move_that_lowers_it_most_comes_first() -> None:
    told = decided(
        farm("xen1: a1 0, a2 0, b1 0, b2 0 | xen2:"), 'prefer vms named "a*" apart\nprefer vms named "b*" apart cost 5'
    )
    assert [move.vm for move in told.plan.moves] == ["b1", "a1"]


def test_what_could_lower_it_most_but_for_a_wall_waits_for_what_does() -> None:
    rules = """\
prefer vms named "a*" apart cost 2
prefer vms named "b*" apart cost 2
never move vms named "a*" to host "xen2"
avoid moving vms named "a*" to host "xen3" cost 1
"""
    told = decided(farm("xen1: a1 0, a2 0, b1 0, b2 0 | xen2: | xen3:"), rules)
    assert [move.vm for move in told.plan.moves] == ["b1", "a1"]


def test_what_a_move_makes_cheaper_comes_before_what_saves_less() -> None:
    rules = """\
prefer vms named "x*" apart cost 5
prefer vms named "y*" apart cost 2
prefer vms named "z*" apart cost 1.5
avoid moving vms named "y*" to hosts where after.cpu > 50% cost 1
"""
    told = decided(farm("xen1: y1 0, y2 0, z1 0, z2 0 | xen2: x1 1.5, x2 1.5"), rules)
    assert [move.vm for move in told.plan.moves] == ["x1", "y1", "z1"]


def test_a_group_that_saves_more_in_all_comes_first() -> None:
    rules = 'keep vms named "g*" together\nprefer vms on host "xen2"\n'
    told = decided(farm("xen1: a 0, g1 0, g2 0 | xen2:"), rules)
    assert [move.vm for move in told.plan.moves] == ["g1", "g2", "a"]


def test_none_at_the_price_of_a_wall() -> None:
    told = decided(farm("xen1: db1 0, db2 0 | xen2: web1 0"), APART + 'keep vms named "db*" apart from vm "web1"')
    assert moves(told) == []
    assert refused(told)[0] == 'db1 -> xen2: keep vms named "db*" apart from vm "web1"'


def test_none_that_costs_more_elsewhere() -> None:
    text = "xen1: db1 0, db2 0 | xen2: web1 0"
    assert moves(decided(farm(text), APART + 'prefer vms named "db*" apart from vm "web1"')) == ["db1: xen1 -> xen2"]
    assert moves(decided(farm(text), APART + 'prefer vms named "db*" apart from vm "web1" cost 3')) == []
    assert moves(decided(farm(text), APART + "avoid moving vms cost 3")) == []


def test_none_that_gains_nothing_where_the_host_that_is_preferred_takes_none() -> None:
    full = farm("xen1: a 0 | xen2: b 0 | xen3:").with_(b={"memory": 16384.0})
    told = decided(full, 'prefer vm "a" on host "xen2"')
    assert (moves(told), refused(told)) == ([], ["a -> xen2: memory"])


def test_avoid_alone_causes_none() -> None:
    assert moves(decided(farm("xen1: db1 0, db2 0 | xen2:"), "avoid moving vms")) == []


def test_none_to_where_a_rule_would_act() -> None:
    told = decided(farm("xen1: db1 1, db2 1 | xen2: x 2.8"), AT_ONCE + APART)
    assert (moves(told), refused(told)[0]) == ([], "db1 -> xen2: rule relieve would act")


def test_what_rests_is_left_alone() -> None:
    play = Rounds(farm("xen1: db1 0, db2 0 | xen2:"), APART)
    for name in ("db1", "db2"):
        play.order(journey(name, "xen2", "xen1"), OrderState.DONE)
    assert moves(play.next()) == []


def test_what_a_rule_has_moved_this_round_stays_there() -> None:
    told = decided(farm("xen1: db1 2, x 1.6 | xen2: db2 0 | xen3: y 1.5, z 1"), AT_ONCE + APART)
    assert moves(told) == ["x: xen1 -> xen2"]


def test_a_group_moves_as_one_for_the_sake_of_a_preference() -> None:
    both = 'keep vms named "app*" together\nprefer vms named "app*" on host "xen2"'
    told = decided(farm("xen1: app1 0, app2 0 | xen2:"), both)
    assert moves(told) == ["app1: xen1 -> xen2", "app2: xen1 -> xen2"]
    assert told.plan.moves[0].transit is not None


def test_once_it_is_so_nothing_moves() -> None:
    play = Rounds(farm("xen1: db1 0, db2 0, db3 0 | xen2: | xen3:"), APART)
    for move in play.next().plan.moves:
        play.carry_out(move)
    told = play.next()
    assert (moves(told), {vm.host for vm in play.farm.vms.values()}) == ([], {"xen1", "xen2", "xen3"})


def test_one_plan_makes_twenty_at_most() -> None:
    crowd = ", ".join(f"vm{number:02} 0" for number in range(16))
    made = farm(f"h00: {crowd} | h01: {crowd.replace('vm', 'wm')} | " + " | ".join(f"h{n:02}:" for n in range(2, 40)))
    assert len(decided(made, "prefer vms apart").plan.moves) == 20


WISHES = """\
prefer vms tagged "db" apart cost 2
prefer vms tagged "app" apart from vms tagged "db" cost 3
prefer vms tagged "web" with vms tagged "app"
prefer vms tagged "web" on hosts named "h?1"
prefer at most 2 of vms per host
avoid moving vms to hosts where after.cpu > 20% cost 1
avoid moving vms where memory > 1 GiB from host "h01"
prefer vm "vm00" on host "h09" cost 2
keep vms named "vm0?" together
"""


@pytest.mark.parametrize("seed", range(20))
def test_what_is_remembered_and_who_is_not_asked_changes_no_move(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = Random(seed)
    made = farm(" | ".join(f"h{number:02}:" for number in range(12)))
    for number in range(30):
        tags, memory = (chance.choice(["db", "app", "web"]),), chance.choice([512.0, 1024.0, 2048.0])
        host = "h02" if number < 3 else f"h{chance.randrange(12):02}"
        made.add(host, f"vm{number if number < 3 else number + 70:02}", chance.random(), memory=memory, tags=tags)
    told = moves(decided(made, AT_ONCE + WISHES))
    assert len(told) > 3

    def forget(self: Hopes, moved: Sequence[int]) -> None:
        self._menders.clear()
        self._floors.clear()

    monkeypatch.setattr(preferences, "_is_beaten", lambda *_: False)
    monkeypatch.setattr(Hopes, "forget", forget)
    assert moves(decided(made, AT_ONCE + WISHES)) == told
