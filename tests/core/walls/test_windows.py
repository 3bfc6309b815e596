from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from balancer.core.model import OrderState
from balancer.core.walls.windows import waits_for
from dsl.checking.statements import STEPS
from dsl.hours import WallTime
from tests.farms import AT_ONCE, Rounds, farm, rules

HOT = "hv1: a 2, b 1.9 | hv2: c 0.1"
AT_NIGHT = "window mon-fri 20:00-06:00 Europe/Paris"


def moves_at(moment: str, text: str, zone: str = "Europe/Paris") -> list[str]:
    """What is moved in a round that begins at this wall time."""
    hot = farm(HOT)
    hot.time = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).timestamp() - 30
    return [f"{move.vm} to {move.target}" for move in Rounds(hot, text).next().plan.moves]


def told_at(moment: str, text: str) -> str:
    hot = farm(HOT)
    hot.time = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/Paris")).timestamp() - 30
    return Rounds(hot, text).next().plan.sentence


# 2026-12-01 is a Tuesday


@pytest.mark.parametrize(
    ("moment", "moved"),
    [
        ("2026-12-01 19:59:30", []),
        ("2026-12-01 20:00", ["a to hv2"]),
        ("2026-12-05 05:59", ["a to hv2"]),  # the night that Friday began
        ("2026-12-05 20:00", []),
    ],
)
def test_moves_start_inside_the_window_only(moment: str, moved: list[str]) -> None:
    assert moves_at(moment, f"{AT_ONCE}{AT_NIGHT}") == moved


def test_several_windows_add_up() -> None:
    text = f"{AT_ONCE}{AT_NIGHT}\nwindow sat-sun 00:00-24:00 Europe/Paris"
    assert [moves_at(f"2026-12-{day} 12:00", text) for day in ("04", "05")] == [[], ["a to hv2"]]


@pytest.mark.parametrize("kind", STEPS)
@pytest.mark.parametrize("excepted", STEPS)
def test_every_kind_of_move_waits_but_those_behind_except(kind: str, excepted: str) -> None:
    windows = rules(f"{AT_NIGHT} except {excepted}").windows
    assert waits_for(kind, windows, {"Europe/Paris": WallTime(1, 12 * 60)}) is (kind != excepted)
    assert not waits_for(kind, windows, {"Europe/Paris": WallTime(1, 22 * 60)})
    assert waits_for(kind, windows, {}) is (kind != excepted), "a zone of which nobody knows the time"


def test_the_kinds_behind_except_do_not_wait() -> None:
    text = f'{AT_ONCE}drain host "hv2"\n{AT_NIGHT} except drains'
    assert moves_at("2026-12-01 12:00", text) == ["c to hv1"]


def test_a_closed_window_is_told() -> None:
    assert told_at("2026-12-01 12:00", f"{AT_ONCE}{AT_NIGHT} except drains") == (
        "no action: hv1 in trouble for 1 round; moves wait for mon-fri 20:00-06:00 Europe/Paris, drains excepted"
    )


def test_streaks_go_on_while_the_window_is_closed() -> None:
    hot = farm(HOT)
    hot.time = datetime(2026, 12, 1, 19, 58, 30, tzinfo=ZoneInfo("Europe/Paris")).timestamp() - 30
    play = Rounds(hot, f"{AT_ONCE.replace('> 85%', '> 85% for 3 rounds')}{AT_NIGHT}")
    assert [len(play.next().plan.moves) for _ in range(4)] == [0, 0, 0, 1]


def test_a_rule_stays_engaged_while_the_window_is_closed() -> None:
    hot = farm(HOT)
    hot.time = datetime(2026, 12, 2, 5, 59, 30, tzinfo=ZoneInfo("Europe/Paris")).timestamp() - 30
    play = Rounds(hot, f"{AT_ONCE}  until source.cpu < 20%\n{AT_NIGHT}\nlimit 1 at once")
    order = play.order(play.next().plan.moves[0])
    assert [each.host for each in play.next().state.engagements] == ["hv1"]
    play.order(order.move, OrderState.DONE)
    assert [each.host for each in play.next().state.engagements] == ["hv1"]


def test_an_hour_that_the_clock_skips_never_comes_and_one_that_it_shows_twice_comes_twice() -> None:
    text = f"{AT_ONCE}window daily 02:00-03:00 Europe/Paris"
    assert moves_at("2026-03-29 00:59", text, "UTC") == []
    assert moves_at("2026-03-29 01:00", text, "UTC") == []
    assert moves_at("2026-10-25 00:30", text, "UTC") == ["a to hv2"]
    assert moves_at("2026-10-25 01:30", text, "UTC") == ["a to hv2"]


def test_a_journey_can_be_forbidden_for_some_hours() -> None:
    text = f'{AT_ONCE}never move vms named "a" during daily 01:00-04:00 UTC'
    assert moves_at("2026-12-01 00:59", text, "UTC") == ["a to hv2"]
    assert moves_at("2026-12-01 01:00", text, "UTC") == ["b to hv2"]
    assert moves_at("2026-12-01 04:00", text, "UTC") == ["a to hv2"]
