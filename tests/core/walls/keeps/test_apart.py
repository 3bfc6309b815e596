"""Who may be whose neighbour: as many as are allowed, or none."""

from dataclasses import replace

import pytest

from balancer.core.model import OrderState
from tests.farms import AT_ONCE, Farm, Rounds, decided, farm, journey, moves, refused

APART = AT_ONCE + 'keep vms tagged "db" apart\n'


def db(farm: Farm, *names: str) -> Farm:
    return farm.with_(**{name: {"tags": ("db",)} for name in names})


# -- apart ------------------------------------------------------------------------------------------------------------


def test_apart_the_emptiest_host_is_refused_where_a_member_is() -> None:
    told = decided(db(farm("xen1: db1 2, web1 1.7 | xen2: db2 0.1 | xen3: web3 0.6"), "db1", "db2"), APART)
    assert moves(told) == ["db1: xen1 -> xen3"]
    (rejection,) = told.plan.rejections
    assert (rejection.host, rejection.reason, rejection.line) == ("xen2", 'keep vms tagged "db" apart', 6)


def test_apart_binds_members_only() -> None:
    assert moves(decided(db(farm("xen1: web1 2, web2 1.7 | xen2: db2 0.1"), "db2"), APART)) == ["web1: xen1 -> xen2"]


def test_apart_counts_a_member_under_way_at_both_ends() -> None:
    play = Rounds(db(farm("xen1: db1 2, web1 1.7 | xen2: db2 0.1 | xen3: | xen4: busy 2"), "db1", "db2"), APART)
    play.order(journey("db2", "xen2", "xen3"))
    told = play.next()
    assert moves(told) == ["web1: xen1 -> xen2"]
    assert {each for each in refused(told) if "apart" in each} == {
        'db1 -> xen2: keep vms tagged "db" apart', 'db1 -> xen3: keep vms tagged "db" apart',
    }  # fmt: skip


def test_apart_sees_the_moves_planned_before() -> None:
    told = decided(db(farm("xen1: db1 2, x 1.8 | xen2: db2 1.9, y 1.8 | xen3: | xen4: busy 0.5"), "db1", "db2"), APART)
    assert moves(told) == ["db1: xen1 -> xen3", "db2: xen2 -> xen4"]


def test_apart_broken_from_the_start_is_counted_may_be_mended_and_is_not_made_worse() -> None:
    three = db(farm("xen1: db1 1.9, db2 1.8 | xen2: db3 0.1 | xen3: busy 0.5"), "db1", "db2", "db3")
    told = decided(three, APART)
    assert told.plan.broken == 1
    assert moves(told) == ["db1: xen1 -> xen3"]


# -- at most ----------------------------------------------------------------------------------------------------------


RACKS = AT_ONCE + 'keep at most 2 of vms tagged "db" per rack\n'


def racks(text: str, **racks_: str) -> Farm:
    """This farm, its VMs called db… being databases, each host with its racks."""
    made = farm(text)
    made = db(made, *(name for name in made.vms if name.startswith("db")))
    return made.with_(**{host: {"tags": tuple(f"rack:{rack}" for rack in of)} for host, of in racks_.items()})


def test_at_most_so_many_are_on_a_host() -> None:
    crowded = db(farm("xen1: db1 2, web1 1.7 | xen2: db2 0.1, db3 0.1 | xen3: db4 0.6"), "db1", "db2", "db3", "db4")
    told = decided(crowded, AT_ONCE + 'keep at most 2 of vms tagged "db" per host\n')
    assert moves(told) == ["db1: xen1 -> xen3"]
    assert refused(told) == ['db1 -> xen2: keep at most 2 of vms tagged "db" per host']


def test_at_most_in_a_domain_counts_all_its_hosts() -> None:
    told = decided(racks("xen1: db1 2, web1 1.7 | xen2: db2 0.1 | xen3: db3 0.2 | xen4: busy 0.5", xen1="a", xen2="b",
                         xen3="b", xen4="c"), RACKS)  # fmt: skip
    assert moves(told) == ["db1: xen1 -> xen4"]
    assert set(refused(told)) == {
        f'db1 -> {host}: keep at most 2 of vms tagged "db" per rack' for host in ("xen2", "xen3")
    }


def test_at_most_a_host_without_the_tag_takes_none() -> None:
    told = decided(racks("xen1: db1 2, web1 1.7 | xen2: ", xen1="a"), RACKS)
    assert moves(told) == ["web1: xen1 -> xen2"]
    assert refused(told) == ['db1 -> xen2: keep at most 2 of vms tagged "db" per rack']


def test_at_most_a_host_in_two_domains_must_have_room_in_both() -> None:
    told = decided(
        racks("xen1: db1 2, web1 1.7 | xen2: | xen3: db3 0.1, db4 0.1", xen1="c", xen2="ab", xen3="b"), RACKS
    )
    assert moves(told) == ["web1: xen1 -> xen2"]


def test_at_most_a_vm_under_way_counts_in_both_domains_and_within_one_once() -> None:
    four = "xen1: db1 2, web1 1.7 | xen2: db2 0.1, db3 0 | xen3: db4 0.1 | xen4: "
    for target, expected in (("xen4", "web1: xen1 -> xen3"), ("xen3", "db1: xen1 -> xen4")):
        unmended = RACKS.replace("2 of", "1 of") + "never move vms except rules\n"
        play = Rounds(racks(four, xen1="a", xen2="b", xen3="b", xen4="c"), unmended)
        play.order(journey("db4", "xen3", target))
        assert moves(play.next()) == [expected]
    play = Rounds(racks("xen1: db1 2, web1 1.7 | xen2: db2 0.1 | xen3: ", xen1="a", xen2="b", xen3="b"), RACKS)
    play.order(journey("db2", "xen2", "xen3"))
    assert moves(play.next()) == ["db1: xen1 -> xen2"], "one of two is there, though it stands on two hosts"


def test_at_most_broken_from_the_start_is_counted_and_within_the_domain_its_vms_may_move() -> None:
    three = racks("xen1: db1 2, db2 1.7, db3 0 | xen2: | xen3: db4 0.5, db5 0", xen1="a", xen2="a", xen3="b")
    told = decided(three, RACKS)
    assert (told.plan.broken, moves(told)) == (1, ["db1: xen1 -> xen2"])
    assert set(refused(told)) == {'db1 -> xen3: keep at most 2 of vms tagged "db" per rack'}


def test_at_most_whoever_stands_outside_all_domains_is_a_stray_and_may_come_in() -> None:
    told = decided(racks("xen1: db1 2, web1 1.7 | xen2: | xen3: busy 0.5", xen3="a"), RACKS)
    assert (told.plan.broken, moves(told)) == (1, ["db1: xen1 -> xen3"])


def test_at_most_what_takes_the_place_that_another_leaves_in_a_domain_comes_later() -> None:
    full = racks(
        "xen1: db1 2, x 1.8 | xen2: db2 1.9, y 1.8 | xen3: | xen4: z 0.2", xen1="a", xen2="b", xen3="c", xen4="a"
    )
    text = RACKS.replace("2 of", "1 of") + (
        'never move vm "db1" to host "xen4"\nnever move vm "db2" to host "xen3"\nnever move vms named "?"\n'
        "limit 9 at once, 9 per host\n"
    )
    told = decided(full, text)
    assert moves(told) == ["db1: xen1 -> xen3", "db2: xen2 -> xen4"]
    assert [move.wave for move in told.plan.moves] == [1, 2]


# -- apart from -------------------------------------------------------------------------------------------------------


FROM = AT_ONCE + 'keep vms named "db*" apart from vms named "batch*"\n'


def test_apart_from_neither_side_goes_where_the_other_is() -> None:
    told = decided(farm("xen1: db1 2, web1 1.7 | xen2: batch1 0.1 | xen3: db2 0.5"), FROM)
    assert moves(told) == ["db1: xen1 -> xen3"]
    assert refused(told) == ['db1 -> xen2: keep vms named "db*" apart from vms named "batch*"']
    told = decided(farm("xen1: batch1 2, web1 1.7 | xen2: db1 0.1 | xen3: batch2 0.5"), FROM)
    assert moves(told) == ["batch1: xen1 -> xen3"]


def test_apart_from_counts_who_is_under_way_at_both_ends() -> None:
    play = Rounds(farm("xen1: db1 2, web1 1.7 | xen2: batch1 0.1 | xen3: | xen4: busy 0.5"), FROM)
    play.order(journey("batch1", "xen2", "xen3"))
    assert moves(play.next()) == ["db1: xen1 -> xen4"]


def test_apart_from_each_pair_is_counted_and_who_is_on_both_sides_is_not_his_own_neighbour() -> None:
    told = decided(farm("xen1: db1 1, db2 1, batch1 1 | xen2: db3 0"), FROM)
    assert told.plan.broken == 2
    itself = AT_ONCE + 'keep vms named "db*" apart from vms named "*1"\n'
    assert decided(farm("xen1: db1 1 | xen2: db2 1"), itself).plan.broken == 0
    assert decided(farm("xen1: db1 1, db2 1, batch1 1 | xen2: "), itself).plan.broken == 3


# -- unknown ----------------------------------------------------------------------------------------------------------


def test_who_belongs_uncertainly_counts_as_belonging() -> None:
    unsure = farm("xen1: a 2.2, b 1.5 | xen2: c 0.1 | xen3: d 0.4")
    play = Rounds(unsure, AT_ONCE + "keep vms where share > 50% apart\n")
    assert moves(play.next()) == ["a: xen1 -> xen2"]
    play.farm.add("xen2", "fresh", 0.0)
    assert moves(play.next()) == ["a: xen1 -> xen3"], "nobody knows yet what the fresh one uses"


def test_a_vm_that_a_later_move_brought_back_is_not_awaited_where_it_was() -> None:
    play = Rounds(db(farm("xen1: db1 2, web1 1.7 | xen2: | xen3: db2 0.5 | xen4: web4 0.4"), "db1", "db2"), APART)
    went = play.order(journey("db2", "xen3", "xen2"), OrderState.DONE, ago=60)
    assert moves(play.next()) == ["db1: xen1 -> xen4"]
    play.state = replace(play.state, orders=(replace(went, id="the first"),))
    play.order(journey("db2", "xen2", "xen3"), OrderState.DONE)
    assert moves(play.next()) == ["db1: xen1 -> xen2"]


@pytest.mark.parametrize(("state", "awaited"), [(OrderState.DONE, True), (OrderState.FAILED, False)])
def test_a_vm_whose_move_is_done_is_awaited_while_it_still_shows_at_its_source(
    state: OrderState, *, awaited: bool
) -> None:
    play = Rounds(db(farm("xen1: db1 2, web1 1.7 | xen2: | xen3: db2 2.5"), "db1", "db2"), APART)
    play.order(journey("db2", "xen3", "xen2"), state)
    assert ("db1: xen1 -> xen2" in moves(play.next())) is not awaited
