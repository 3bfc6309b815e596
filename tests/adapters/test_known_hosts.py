"""Who is asked, who is expected and who takes part, round after round."""

from dataclasses import dataclass

import pytest

from balancer.adapters import known_hosts
from balancer.adapters.known_hosts import Heard, KnownHosts
from balancer.core.model import Discovered

MINUTE = 60.0


@dataclass
class Farm:
    """Rounds of a minute; `known` is what the balancer has learned by then."""

    known: KnownHosts
    now: float = 0.0

    def finds(self, *names: str) -> None:
        self.known = self.known.and_found(names)

    def round(self, *reported: str, without_report: tuple[str, ...] = ()) -> str:
        """These hosts report, others only answer; who is expected next, and who is new with how many rounds."""
        self.now += MINUTE
        self.known = self.known.after(Heard({*reported, *without_report}, set(reported), self.now))
        new = [f"{each.name}:{each.rounds}" for each in self.known.discovered if not each.takes_part]
        return " ".join([*self.known.expected(()), *(["| new", *new] if new else [])])


def farm(*configured: str, maintenance: tuple[str, ...] = (), forget: float = 10 * MINUTE) -> Farm:
    hosts = dict.fromkeys(configured, False) | dict.fromkeys(maintenance, True)
    return Farm(KnownHosts(hosts, forget=forget))


def test_a_new_host_takes_part_after_two_complete_rounds() -> None:
    it = farm("hv1", "hv2")
    it.finds("hv3")

    assert it.known.asked == ("hv1", "hv2", "hv3")
    assert it.known.members == {"hv1", "hv2"}
    assert it.round("hv1", "hv2", "hv3") == "hv1 hv2 | new hv3:1"
    assert it.round("hv1", "hv2", "hv3") == "hv1 hv2 hv3"
    assert it.known.members == {"hv1", "hv2", "hv3"}


def test_a_round_in_which_an_expected_host_is_silent_counts_for_nobody() -> None:
    it = farm("hv1", "hv2")
    it.finds("hv3")

    assert it.round("hv1", "hv3") == "hv1 hv2 | new hv3:0"
    assert it.round("hv1", "hv2", "hv3") == "hv1 hv2 | new hv3:1"
    assert it.round("hv1", "hv3") == "hv1 hv2 | new hv3:1"
    assert it.round("hv1", "hv2", "hv3") == "hv1 hv2 hv3"


def test_a_host_in_maintenance_makes_no_round_incomplete() -> None:
    it = farm("hv1", maintenance=("hv2",))
    it.finds("hv3")

    it.round("hv1", "hv3")
    assert it.round("hv1", "hv2", "hv3") == "hv1 hv3"
    assert it.known.expected(("hv2",)) == ("hv1", "hv2", "hv3")


def test_where_nobody_is_configured_those_that_are_found_are_the_farm() -> None:
    it = farm()

    assert it.round() == ""
    it.finds("hv1", "hv2")
    assert it.round("hv1", "hv2") == "| new hv1:1 hv2:1"
    assert it.round("hv1", "hv2") == "hv1 hv2"


def test_a_new_host_that_says_nothing_is_forgotten_at_once_so_that_no_round_waits_for_it_again() -> None:
    it = farm("hv1")
    it.finds("hv2")

    assert it.round("hv1", "hv2") == "hv1 | new hv2:1"
    assert it.round("hv1") == "hv1"
    assert it.known.asked == ("hv1",)
    it.finds("hv2")
    assert it.round("hv1", "hv2") == "hv1 | new hv2:1"


def test_a_new_host_that_answers_without_a_report_begins_anew_and_is_forgotten_in_time() -> None:
    it = farm("hv1", forget=2 * MINUTE)
    it.finds("hv2")

    it.round("hv1", "hv2")
    assert [it.round("hv1", without_report=("hv2",)) for _ in range(4)] == [
        "hv1 | new hv2:0", "hv1 | new hv2:0", "hv1 | new hv2:0", "hv1",
    ]  # fmt: skip


def test_a_found_host_that_takes_part_is_expected_until_it_has_been_silent_for_long() -> None:
    it = farm("hv1", forget=2 * MINUTE)
    it.finds("hv2")
    it.round("hv1", "hv2")
    it.round("hv1", "hv2")

    assert [it.round("hv1") for _ in range(4)] == ["hv1 hv2", "hv1 hv2", "hv1 hv2", "hv1"]


def test_a_word_in_between_begins_the_silence_anew() -> None:
    it = farm("hv1", forget=2 * MINUTE)
    it.finds("hv2")
    it.round("hv1", "hv2")
    it.round("hv1", "hv2")

    it.round("hv1")
    it.round("hv1")
    it.round("hv1", "hv2")
    assert [it.round("hv1") for _ in range(4)] == ["hv1 hv2", "hv1 hv2", "hv1 hv2", "hv1"]


def test_time_in_which_nobody_was_asked_makes_nobody_silent() -> None:
    it = farm("hv1")
    it.finds("hv2")
    it.round("hv1", "hv2")
    it.round("hv1", "hv2")

    it.now += 1000 * MINUTE
    assert it.round("hv1") == "hv1 hv2"


def test_a_configured_host_is_expected_however_long_it_is_silent() -> None:
    it = farm("hv1", "hv2", forget=MINUTE)

    assert {it.round("hv1") for _ in range(9)} == {"hv1 hv2"}


@pytest.mark.parametrize("again", ["hv1", "hv2"], ids=["configured", "found before"])
def test_who_is_known_and_found_again_stays_as_it_is(again: str) -> None:
    it = farm("hv1")
    it.finds("hv2")
    it.round("hv1", "hv2")
    before = it.known

    it.finds(again)
    assert it.known == before


def test_no_flood_of_names_takes_more_room_than_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_hosts, "MAX_DISCOVERED", 2)
    it = farm()

    it.finds("hv3")
    it.finds("hv1", "hv2", "hv4")
    assert it.known.discovered == (Discovered("hv3"), Discovered("hv1"))
