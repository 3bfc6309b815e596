"""Walls that stand broken, and how they are mended."""

from typing import Any

import pytest

from balancer.core.model import Decision, OrderState
from tests.farms import AT_ONCE, Farm, Rounds, decided, farm, journey, moves, refused


def whys(decision: Decision) -> list[str]:
    return [move.why for move in decision.plan.moves]


def unmended(decision: Decision) -> list[tuple[str, float, str]]:
    return [(each.text, each.strays, each.why) for each in decision.plan.unmended]


# -- each kind of wall ------------------------------------------------------------------------------------------------

APART = 'keep vms named "db*" apart\n'
BROKEN: dict[str, tuple[str, str, dict[str, Any], list[str]]] = {
    "apart": ("xen1: db1 1, db2 1, db3 1 | xen2: | xen3: x 1", APART, {}, ["db1: xen1 -> xen2", "db2: xen1 -> xen3"]),
    "at most per host": (
        "xen1: db1 0, db2 0, db3 0 | xen2: db4 0, db5 0 | xen3:", 'keep at most 2 of vms named "db*" per host', {},
        ["db1: xen1 -> xen3"],
    ),
    "at most per rack": (
        "xen1: db1 0 | xen2: db2 0 | xen3:", 'keep at most 1 of vms named "db*" per rack',
        {"xen1": {"tags": ("rack:a",)}, "xen2": {"tags": ("rack:a",)}, "xen3": {"tags": ("rack:b",)}},
        ["db1: xen1 -> xen3"],
    ),
    "apart from": (
        "xen1: db1 0, batch1 0, batch2 0 | xen2: x 1 | xen3: batch3 0",
        'keep vms named "db*" apart from vms named "batch*"', {}, ["db1: xen1 -> xen2"],
    ),
    "with": (
        "xen1: app1 1, app2 1, app3 1 | xen2: cache1 1 | xen3: x 1",
        'keep vms named "app*" with vms named "cache*"', {}, ["cache1: xen2 -> xen1"],
    ),
    "on": (
        "xen1: db1 0, db2 0 | xen2: x 1 | xen3: x3 3", 'keep vms named "db*" on host "xen2"', {},
        ["db1: xen1 -> xen2", "db2: xen1 -> xen2"],
    ),
    "together": (
        "xen1: app1 1, app2 1 | xen2: app3 1 | xen3:", 'keep vms named "app*" together', {}, ["app3: xen2 -> xen1"],
    ),
    "reserve": (
        "xen1: a 0, b 0 | xen2: x 0, y 0, z 0 | xen3:", "reserve memory for 1 lost host",
        {"a": {"memory": 8192.0}, "b": {"memory": 8192.0}, "xen2": {"memory": 10240.0}, "xen3": {"memory": 14336.0}},
        ["x: xen2 -> xen3"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_a_wall_that_stands_broken_is_mended_by_the_fewest_moves_and_stays_whole(kind: str) -> None:
    text, rules, figures, wanted = BROKEN[kind]
    play = Rounds(farm(text).with_(**figures), rules)
    told = play.next()
    assert (moves(told), unmended(told)) == (wanted, [])
    for move in told.plan.moves:
        assert (move.rule, move.line, move.reason) == (rules.split()[0], 1, "repair")
        play.carry_out(move)
    told = play.next()
    assert (moves(told), unmended(told), told.plan.broken) == ([], [], 0)


def test_why_says_which_wall_what_was_broken_and_how_many_moves_it_takes() -> None:
    first, second = whys(decided(farm("xen1: db1 1, db2 1, db3 1 | xen2: | xen3: x 1"), APART))
    broken = 'keep vms named "db*" apart is broken'
    assert first == f"{broken} (db1, db2, db3 on xen1); 2 moves mend it; xen2 is least full afterwards (25%)"
    assert second == f"{broken} (db2, db3 on xen1); 2 moves mend it; xen3 is least full afterwards (50%)"


# -- the fewest moves -------------------------------------------------------------------------------------------------


def test_one_move_that_mends_two_walls_is_preferred_to_two() -> None:
    both = 'keep vms named "a*" apart\nkeep vms named "*1" on host "xen2"\n'
    assert moves(decided(farm("xen1: a0 0, a1 0 | xen2:"), both)) == ["a1: xen1 -> xen2"]


def test_a_vm_makes_room_for_another_where_that_is_the_only_way() -> None:
    made = farm("xen1: db1 0, db2 0 | xen2: web1 0 | xen3: web3 0").with_(
        xen2={"memory": 1024.0}, xen3={"memory": 2048.0}, db1={"memory": 2048.0}, db2={"memory": 2048.0}
    )
    told = decided(made, APART)
    assert moves(told) == ["web3: xen3 -> xen1", "db1: xen1 -> xen3"]
    assert told.plan.moves[0].why.startswith('makes room: keep vms named "db*" apart is broken; 2 moves mend it; ')
    assert [move.wave for move in told.plan.moves] == [1, 2]


def test_of_equals_the_smallest_goes() -> None:
    made = farm("xen1: db1 0, db2 0 | xen2:").with_(db1={"memory": 2048.0})
    assert moves(decided(made, APART)) == ["db2: xen1 -> xen2"]


def test_of_targets_the_cheapest_and_then_the_least_full() -> None:
    three = "xen1: db1 0, db2 0 | xen2: x 1 | xen3: y 0.5"
    assert moves(decided(farm(three), APART)) == ["db1: xen1 -> xen3"]
    avoid = 'avoid moving vms to host "xen3"\n'
    assert moves(decided(farm(three), APART + avoid)) == ["db1: xen1 -> xen2"]


def test_no_host_is_filled_above_100_percent() -> None:
    told = decided(farm("xen1: db1 1, db2 1 | xen2: x 3.5"), APART)
    assert unmended(told) == [(APART.strip(), 1, "db1 finds no host: full 1")]


# -- other walls ------------------------------------------------------------------------------------------------------


def test_a_repair_breaks_no_other_wall() -> None:
    told = decided(
        farm("xen1: db1 0, db2 0 | xen2: web1 0 | xen3:"), APART + 'keep vms named "db*" apart from vm "web1"'
    )
    assert moves(told) == ["db1: xen1 -> xen3"]


def test_never_members_stay_put_and_drained_hosts_take_nothing() -> None:
    walls = APART + 'never move vm "db1"\ndrain host "xen2"\n'
    assert moves(decided(farm("xen1: db1 0, db2 0 | xen2: | xen3:"), walls)) == ["db2: xen1 -> xen3"]
    told = decided(farm("xen1: db1 0, db2 0 | xen2:"), walls)
    assert unmended(told) == [(APART.strip(), 1, 'db1 stays: never move vm "db1"')]


def test_except_repairs_lets_them_go() -> None:
    walls = APART + "never move vms except repairs\n"
    assert moves(decided(farm("xen1: db1 0, db2 0 | xen2:"), walls)) == ["db1: xen1 -> xen2"]


def test_rest_does_not_hold_a_repair_up() -> None:
    play = Rounds(farm("xen1: db1 0, db2 0 | xen2:"), APART)
    for name in ("db1", "db2"):
        play.order(journey(name, "xen2", "xen1"), OrderState.DONE)
    assert moves(play.next()) == ["db1: xen1 -> xen2"]


def test_a_whole_group_moves_where_one_of_it_has_to() -> None:
    both = 'keep vms named "app*" together\nkeep vm "app1" on host "xen3"\n'
    told = decided(farm("xen1: app1 1, app2 1 | xen2: | xen3: x 1"), both)
    assert moves(told) == ["app1: xen1 -> xen3", "app2: xen1 -> xen3"]
    assert all(move.transit for move in told.plan.moves)


# -- together ---------------------------------------------------------------------------------------------------------


def test_a_group_gathers_where_more_of_its_memory_stands_not_where_more_of_it_does() -> None:
    made = farm("xen1: app1 0 | xen2: app2 0, app3 0").with_(app1={"memory": 4096.0})
    assert moves(decided(made, 'keep vms named "app*" together')) == ["app2: xen2 -> xen1", "app3: xen2 -> xen1"]


@pytest.mark.parametrize("closed", [{"xen1": {"maintenance": True}}, {"xen1": {"memory": 4608.0}}])
def test_a_group_gathers_elsewhere_where_that_host_cannot_take_the_others(closed: dict[str, Any]) -> None:
    made = farm("xen1: app1 0 | xen2: app2 0, app3 0").with_(app1={"memory": 4096.0}, **closed)
    assert moves(decided(made, 'keep vms named "app*" together')) == ["app1: xen1 -> xen2"]


def test_a_drained_host_is_no_home() -> None:
    made = farm("xen1: app1 0 | xen2: app2 0").with_(app1={"memory": 4096.0})
    assert moves(decided(made, 'keep vms named "app*" together\ndrain host "xen1"')) == ["app1: xen1 -> xen2"]


# -- over several rounds ----------------------------------------------------------------------------------------------


def test_what_is_under_way_need_not_be_mended_again() -> None:
    play = Rounds(farm("xen1: db1 0, db2 0 | xen2: | xen3:"), APART)
    play.order(journey("db1", "xen1", "xen2"))
    told = play.next()
    assert (moves(told), unmended(told)) == ([], [])


def test_a_failed_repair_is_tried_another_way() -> None:
    play = Rounds(farm("xen1: db1 0, db2 0 | xen2: | xen3:"), APART)
    play.order(play.next().plan.moves[0], OrderState.FAILED)
    assert moves(play.next()) == ["db2: xen1 -> xen2"]


def test_memory_for_lost_hosts_is_not_mended_while_anything_is_under_way() -> None:
    text, rules, figures, _ = BROKEN["reserve"]
    play = Rounds(farm(text).with_(**figures), rules)
    play.order(journey("x", "xen2", "xen3"))
    assert moves(play.next()) == []


# -- what cannot be mended --------------------------------------------------------------------------------------------


def test_what_cannot_be_mended_is_mended_as_far_as_can_be_and_the_rest_is_told_with_a_reason() -> None:
    told = decided(farm("xen1: db1 0, db2 0, db3 0 | xen2:"), APART)
    (why,) = whys(told)
    assert why.startswith(
        'keep vms named "db*" apart is broken (db1, db2, db3 on xen1); 1 move mends it as far as can be;'
    )
    assert unmended(told) == [(APART.strip(), 1, 'db2 finds no host: keep vms named "db*" apart 1')]


def test_the_round_says_so_where_nothing_else_is_to_be_said() -> None:
    told = decided(
        farm("xen1: db1 0, db2 0 | xen2:").with_(db1={"passthrough": True}, db2={"passthrough": True}), APART
    )
    assert told.plan.sentence == 'no action: keep vms named "db*" apart (line 1): db1 stays: passthrough'
    assert refused(told) == ["db1: passthrough"]


def test_walls_are_mended_in_the_order_of_the_file() -> None:
    on = 'keep vm "b" on host "xen2"\nkeep vm "a" on host "xen2"\n'
    assert moves(decided(farm("xen1: a 0, b 0 | xen2:"), on)) == ["b: xen1 -> xen2", "a: xen1 -> xen2"]


def test_a_plan_begins_no_repair_once_it_has_twenty_moves() -> None:
    names = [f"v{number:02}" for number in range(21)]
    made = farm(f"xen1: {', '.join(f'{name} 0' for name in names)} | xen2:").with_(xen2={"memory": 65536.0})
    made.hosts["xen1"].memory = 65536.0
    on = "".join(f'keep vm "{name}" on host "xen2"\n' for name in names)
    assert [move.vm for move in decided(made, on).plan.moves] == names[:20]


def test_the_rest_goes_on() -> None:
    made = farm("xen1: db1 2, db2 1.6 | xen2: web1 0.1 | xen3:").with_(
        db2={"passthrough": True}, db1={"passthrough": True}
    )
    made.add("xen1", "web2", 0.2)
    told = decided(made, AT_ONCE + APART)
    assert moves(told) == ["web2: xen1 -> xen3"]
    assert len(told.plan.unmended) == 1


def test_what_nobody_knows_yet_is_not_called_beyond_mending() -> None:
    play = Rounds(farm("xen1: db1 0, db2 0 | xen2: x 0"), APART)
    play.farm.vms["x"].uuid = "another"
    told = play.next()
    assert (moves(told), unmended(told)) == ([], [])


def test_a_host_that_a_repair_eases_gives_no_vm_to_a_rule_as_well() -> None:
    told = decided(farm("xen1: db1 2, db2 1.7, web1 0.2 | xen2: | xen3:"), AT_ONCE + APART)
    assert moves(told) == ["db1: xen1 -> xen2"]


# -- what takes many moves --------------------------------------------------------------------------------------------


def crowded(hosts: int, vms: int) -> Farm:
    """All VMs on the first four hosts."""
    made = farm(" | ".join(f"h{number:02}:" for number in range(hosts)))
    for number in range(vms):
        made.add(f"h{number % 4:02}", f"db{number:02}", 0.01)
    return made


def test_what_takes_many_moves_is_mended_by_the_fewest_in_portions_of_twenty() -> None:
    play = Rounds(crowded(40, 60), "keep at most 2 of vms per host")
    portions = [play.next()]
    while portions[-1].plan.moves:
        for move in portions[-1].plan.moves:
            play.carry_out(move)
        portions.append(play.next())
    assert [(told.plan.broken, len(told.plan.moves)) for told in portions] == [(52, 20), (32, 20), (12, 12), (0, 0)]
    assert [unmended(told) for told in portions] == [[], [], [], []]


def test_why_says_that_it_is_a_portion() -> None:
    told = decided(crowded(40, 60), "keep at most 2 of vms per host")
    assert whys(told)[0].startswith(
        "keep at most 2 of vms per host is broken (db00, db04, db08, db12 and 11 more on h00); "
        "20 moves mend it in part, the rest comes later; "
    )


def test_a_portion_has_what_room_an_earlier_repair_has_left() -> None:
    both = 'keep vms named "a*" on host "h01"\nkeep vms named "b*" on host "h02"'
    made = farm("h00: " + ", ".join(f"{name}{n:02} 0" for name in "ab" for n in range(15)) + " | h01: | h02:")
    told = decided(made, both)
    assert [move.line for move in told.plan.moves] == 15 * [1] + 5 * [2]


def test_a_group_that_goes_as_one_is_not_cut() -> None:
    both = 'keep vms named "app*" together\nkeep vm "app00" on host "xen2"'
    made = farm("xen1: " + ", ".join(f"app{number:02} 0" for number in range(25)) + " | xen2:").with_(
        xen1={"memory": 65536.0}, xen2={"memory": 65536.0}
    )
    told = decided(made, both)
    assert (len(told.plan.moves), unmended(told)) == (25, [])


def test_what_cannot_be_mended_is_told_with_the_last_portion() -> None:
    play = Rounds(crowded(18, 60), "keep at most 2 of vms per host")
    first = play.next()
    for move in first.plan.moves:
        play.carry_out(move)
    told = play.next()
    assert (len(first.plan.moves), unmended(first)) == (20, [])
    assert (len(told.plan.moves), [each.strays for each in told.plan.unmended]) == (8, [24])
