"""How the rules stand on a host."""

from dataclasses import replace

from balancer.core.cycle import Case, begun
from balancer.core.explanation.troubles import Trouble, against_all, drained_by, trouble
from balancer.core.model import Drained
from tests.farms import AT_ONCE, EASE, RELIEVE, Rounds, farm

HOT = "xen1: web1 2.4, web2 1.4 | xen2:"


def case(play: Rounds, silent: tuple[str, ...] = ()) -> Case:
    """The next round, not yet decided."""
    play.farm.pass_time(play.interval)
    return Case(play.state, play.farm.gathering(silent), play.rules, play.farm.time)


def stands(play: Rounds, host: str = "xen1") -> Trouble:
    draft = begun(case(play))
    return trouble(draft, play.rules.rules[0], draft.projection.place[host])


def test_a_host_in_no_trouble_says_what_would_have_to_change() -> None:
    its = stands(Rounds(farm("xen1: web1 2.84 | xen2:"), RELIEVE))
    assert (its.told, its.eased, its.rounds) == ("no trouble: cpu 71% would have to rise above 85%", False, 0)


def test_a_streak_that_is_too_short_is_told_with_what_is_wanted() -> None:
    play = Rounds(farm(HOT), RELIEVE)
    play.next()
    its = stands(play)
    assert its.told == "not for long enough: cpu 95% > 85% for 2 rounds, 3 rounds are wanted"
    assert (its.eased, its.rounds, its.wanted) == (False, 2, "3 rounds")


def test_a_host_in_trouble_for_long_enough_is_eased() -> None:
    play = Rounds(farm(HOT), RELIEVE)
    play.after(2)
    its = stands(play)
    assert (its.told, its.eased) == ("in trouble: cpu 95% > 85% for 3 rounds", True)


def test_what_must_hold_at_this_moment_may_stand_against_it() -> None:
    its = stands(Rounds(farm(HOT), AT_ONCE.replace("85%", "85% for 1 rounds and host.vms > 2")))
    assert its.told == "cpu 95% > 85% for 1 round, but vms 2 would have to rise above 2"
    assert not its.eased


def test_a_host_that_a_vm_is_leaving_waits() -> None:
    play = Rounds(farm(HOT), AT_ONCE)
    play.order(play.next().plan.moves[0])
    assert stands(play).against == "a VM is leaving it already"


def test_a_host_that_has_just_moved_a_vm_rests() -> None:
    play = Rounds(farm(HOT), f"rest host 10 min\n{AT_ONCE}")
    play.carry_out(play.next().plan.moves[0])
    play.farm.add("xen1", "web3", 3.0)
    play.next()
    its = stands(play)
    assert its.against == "it has just taken part in a move and rests"
    assert (its.eased, its.told[-len(its.against) :]) == (False, its.against)


def test_until_ends_it_on_projected_figures() -> None:
    play = Rounds(farm("xen1: web1 2.4, web2 1.4 | xen2: | xen3:"), EASE)
    play.order(play.next().plan.moves[0])
    its = stands(play)
    assert (its.engaged, its.eased, its.told) == (True, False, "relieved as far as `until` asks")
    assert [(each.text, each.holds) for each in its.until] == [("cpu 35% < 60%", True)]


def test_what_stands_against_every_move() -> None:
    play = Rounds(farm(HOT), f"window mon-fri 20:00-06:00 Europe/Paris except drains\n{AT_ONCE}")
    assert list(against_all(begun(case(play, silent=("xen2",))), "paused by root")) == [
        "nothing is decided: reports 50% < 80% (silent: xen2)",
        "moves wait for mon-fri 20:00-06:00 Europe/Paris, drains excepted",
        "paused by root",
    ]
    assert list(against_all(begun(case(Rounds(farm(HOT), AT_ONCE))), None)) == []


def test_who_wants_a_host_empty() -> None:
    play = Rounds(farm(HOT), f'drain host "xen1"\n{AT_ONCE}')
    play.state = replace(play.state, drained=(Drained("xen1", "alice", 0.0),))
    draft = begun(case(play))
    assert [list(drained_by(draft, place)) for place in (0, 1)] == [["line 1", "alice"], []]
