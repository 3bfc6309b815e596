"""What always holds, whatever the rules say."""

import pytest

from balancer.core.model import OrderState
from tests.farms import AT_ONCE, EASE, Rounds, decided, farm, journey, moves, refused

DRAIN = 'drain host "xen1"'


# -- which VM may leave -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [AT_ONCE, DRAIN], ids=["rule", "drain"])
@pytest.mark.parametrize(
    ("figures", "reason"),
    [
        ({"state": "paused"}, "not running"),
        ({"state": "crashed"}, "not running"),
        ({"passthrough": True}, "passthrough"),
        ({"note": "falsely paused"}, "falsely paused"),
        ({"note": "unknown to libvirt"}, "unknown to libvirt"),
        ({"note": "what a newer agent says"}, "unknown"),
    ],
)
def test_some_vms_never_move(text: str, figures: dict[str, object], reason: str) -> None:
    told = decided(farm("xen1: web1 3.5 | xen2:").with_(web1=figures), text)
    assert (moves(told), refused(told)) == ([], [f"web1: {reason}"])


def test_a_blocked_vm_is_one_that_waits_and_may_move() -> None:
    assert moves(decided(farm("xen1: web1 2, web2 1.7 | xen2:").with_(web1={"state": "blocked"}), AT_ONCE)) == [
        "web1: xen1 -> xen2"
    ]


def test_what_an_open_order_moves_is_not_moved_again_and_leaves_room_at_neither_end() -> None:
    play = Rounds(farm("xen1: web1 2, web2 1.7 | xen2:").with_(xen2={"memory": 1536.0}), DRAIN)
    play.order(journey("web1", "xen1", "xen2"))
    assert refused(play.next()) == ["web1: under way", "web2 -> xen2: memory"]


def test_a_vm_that_has_arrived_is_not_moved_on_before_its_order_has_ended() -> None:
    play = Rounds(farm("xen1: | xen2: web1 3.6 | xen3:").with_(xen3={"cores": 16.0}), AT_ONCE)
    play.order(journey("web1", "xen1", "xen2"))
    assert refused(play.next()) == ["web1: under way"]


def test_a_vm_that_both_ends_of_its_order_show_is_moved_from_neither() -> None:
    both = farm("xen1: web1 3.6 | xen2: copy 3.6 | xen3:").with_(
        copy={"name": "web1", "uuid": "uuid-web1"}, xen3={"cores": 16.0}
    )
    play = Rounds(both, 'drain host "xen1"\ndrain host "xen2"')
    play.order(journey("web1", "xen1", "xen2"))
    told = play.next()
    assert (told.observation.doubts, moves(told), refused(told)) == ((), [], ["web1: under way"])


# -- doubt ------------------------------------------------------------------------------------------------------------


def test_a_vm_on_two_hosts_never_moves_and_both_hosts_are_left_alone() -> None:
    twice = farm("xen1: web1 2, web2 1.7 | xen2: copy 0.1 | xen3: hot1 2, hot2 1.8 | xen4: busy 2").with_(
        copy={"name": "web1", "uuid": "uuid-web1"}
    )
    told = decided(twice, AT_ONCE)
    assert moves(told) == []
    assert refused(told) == [
        "hot1 -> xen2: in doubt", "hot1 -> xen4: max load", "hot1 -> xen1: in doubt",
        "hot2 -> xen2: in doubt", "hot2 -> xen4: max load", "hot2 -> xen1: in doubt",
        "web1: in doubt", "web2: in doubt",
    ]  # fmt: skip


def test_both_hosts_of_an_order_in_doubt_are_left_alone() -> None:
    play = Rounds(farm("xen1: web1 2, web2 1.7 | xen2: | xen3: hot1 2, hot2 1.8"), EASE)
    play.order(journey("web1", "xen1", "xen2"), OrderState.IN_DOUBT)
    told = play.next()
    assert moves(told) == []
    assert set(refused(told)) >= {"hot1 -> xen2: in doubt", "hot1 -> xen1: in doubt"}
    assert told.plan.sentence.endswith("; 1 move in doubt")


def test_where_a_vm_is_awaited_that_no_host_shows_nothing_else_arrives() -> None:
    play = Rounds(farm("xen1: web1 0.5 | xen2: | xen3: hot1 2, hot2 1.8"), "freeze when reports < 10%\n" + AT_ONCE)
    play.order(journey("web1", "xen1", "xen2"))
    assert refused(play.next(silent=["xen1"])) == ["hot1 -> xen2: in doubt", "hot2 -> xen2: in doubt"]
    assert moves(play.next()) == ["hot1: xen3 -> xen1"], "its source answers again: what comes is known"


# -- which host may receive -------------------------------------------------------------------------------------------


def test_a_host_in_maintenance_takes_nothing_and_keeps_what_it_has() -> None:
    told = decided(farm("xen1: web1 3.6, web2 0.1 | xen2: db1 1").with_(xen2={"maintenance": True}), AT_ONCE)
    assert refused(told) == ["web1 -> xen2: maintenance", "web2 -> xen2: maintenance"]
    assert moves(decided(farm("xen1: web1 1 | xen2:").with_(xen1={"maintenance": True}), AT_ONCE)) == []


def test_a_drained_host_takes_nothing() -> None:
    told = decided(farm("xen1: web1 2, web2 1.7 | xen2:"), AT_ONCE + 'drain host "xen2"')
    assert refused(told) == ["web1 -> xen2: drain", "web2 -> xen2: drain"]


def test_a_host_on_which_a_vm_was_just_started_takes_nothing_until_it_is_measured() -> None:
    play = Rounds(farm("xen1: web1 2, web2 1.7 | xen2:"), AT_ONCE)
    play.farm.add("xen2", "fresh", 3.0)
    assert refused(play.next()) == ["web1 -> xen2: unknown", "web2 -> xen2: unknown"]
    assert refused(play.next()) == ["web1 -> xen2: max load", "web2 -> xen2: max load"]


def test_the_memory_must_be_free_and_the_refusal_says_how_much_is() -> None:
    told = decided(farm("xen1: web1 3.6 | xen2:").with_(web1={"memory": 4096.0}, xen2={"memory": 4095.0}), DRAIN)
    (rejection,) = told.plan.rejections
    assert (rejection.reason, rejection.value, rejection.limit, rejection.kind) == ("memory", 4096.0, 4095.0, "size")


def test_memory_that_fits_exactly_fits() -> None:
    exact = farm("xen1: web1 1 | xen2:").with_(web1={"memory": 4096.0}, xen2={"memory": 4096.0})
    assert moves(decided(exact, DRAIN)) == ["web1: xen1 -> xen2"]


def test_two_vms_of_one_name_never_meet_not_even_on_the_way() -> None:
    namesakes = farm("xen1: web1 1 | xen2: other 0.1 | xen3: busy 1").with_(other={"name": "web1"})
    play = Rounds(namesakes, DRAIN)
    assert moves(play.next()) == ["web1: xen1 -> xen3"]
    play.order(journey("other", "xen2", "xen3"))
    assert refused(play.next()) == ["web1 -> xen2: same name", "web1 -> xen3: same name"]
