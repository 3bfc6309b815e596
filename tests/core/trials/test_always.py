"""What shall hold in every round and between moves, told in the language itself."""

from pathlib import Path

import pytest

from agents.documents import DocumentError
from tests.trials import GETS_HOT, HOT, said, verdict

MOVE = GETS_HOT + "    moves: any\n    always:\n      - "


@pytest.mark.parametrize(
    "demand",
    [
        "host.memory <= 90%",
        "farm.reports == 100%",
        "host.cpu < 91% and host.vms <= 2",
        'host tagged "prod" or host.vms < 2',
        'keep vms tagged "web" on hosts named "hv*"',
        "host.contention < 5%",  # which nobody knows here
    ],
)  # fmt: skip
def test_what_holds_all_the_time_passes(tmp_path: Path, demand: str) -> None:
    assert said(verdict(tmp_path, f"{MOVE}{demand}\n")) == ""


def test_a_round_in_which_it_does_not_is_told_with_the_figures(tmp_path: Path) -> None:
    assert said(verdict(tmp_path, f"{MOVE}host.cpu < 90%\n")) == (
        "always: host.cpu < 90%\n"
        "round 2: not so on hv1: cpu 90% < 90%\n"
        "round 3: not so on hv1: cpu 90% < 90%\n"
        "round 4: not so on hv1: cpu 90% < 90%"
    )


def test_and_so_is_a_moment_between_two_moves(tmp_path: Path) -> None:
    told = said(verdict(tmp_path, f'{MOVE}host.vms < 1 or host named "hv1"\n'))
    assert told == 'always: host.vms < 1 or host named "hv1"\nround 4, once web1 goes to hv2: not so on hv2'


def test_a_keep_is_counted_at_both_ends_of_a_move(tmp_path: Path) -> None:
    told = said(verdict(tmp_path, f'{MOVE}keep vms tagged "web" on host "hv1"\n'))
    assert told == 'always: keep vms tagged "web" on host "hv1"\nround 4, once web1 goes to hv2: 1 against it'


def test_a_set_of_the_rule_file_may_be_spoken_of(tmp_path: Path) -> None:
    rules = 'let web = vms tagged "web"\n' + HOT
    assert "round 1: 1 against it" in said(verdict(tmp_path, f"{MOVE}keep web apart\n", rules))


def test_many_breaches_are_counted(tmp_path: Path) -> None:
    assert said(verdict(tmp_path, f"{MOVE}host.vms > 5\n")).endswith("and 10 more times")


@pytest.mark.parametrize(
    ("demand", "why"),
    [
        ("host.cpuu < 90%", "cpuu"),
        ("cpu < 90%", "“when”"),
        ("host.cpu < 90% for 3 rounds", "“for” has no meaning here"),
        ("keep nobody apart", "no let names a set “nobody”"),
        ("host.cpu <", "“host.cpu <” is neither a test, like host.memory <= 90%, nor a keep"),
        ('drain host "hv1"', '“drain host "hv1"” is neither a test'),
    ],
)  # fmt: skip
def test_what_cannot_be_read_has_its_place_in_the_test_file(tmp_path: Path, demand: str, why: str) -> None:
    with pytest.raises(DocumentError) as refused:
        verdict(tmp_path, f"{MOVE}{demand}\n")
    assert f"{tmp_path / 'farm.test.yaml'}:21:9: wrong-value: tests[0].always[0]: " in str(refused.value)
    assert why in str(refused.value)
