from balancer.adapters.calendar import LANGUAGE, wall_times
from dsl.hours import WallTime
from dsl.loading import load


def test_what_clocks_show() -> None:
    new_year = 1767225600.0  # 2026-01-01 00:00 UTC, a Thursday
    assert wall_times({"UTC", "Europe/Paris", "America/New_York"}, new_year) == {
        "America/New_York": WallTime(2, 19 * 60),
        "Europe/Paris": WallTime(3, 60),
        "UTC": WallTime(3, 0),
    }


def test_every_zone_that_a_rule_can_name_has_a_clock() -> None:
    assert len(wall_times(LANGUAGE.zones, 0.0)) == len(LANGUAGE.zones) > 400


def test_a_zone_that_this_machine_does_not_know_is_a_mistake() -> None:
    (finding,) = load("farm.rules", b"window daily 01:00-04:00 Europe/Pari", LANGUAGE).findings
    assert (finding.code, finding.hint) == ("unknown-zone", "did you mean Europe/Paris?")
