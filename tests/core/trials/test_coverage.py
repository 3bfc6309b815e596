"""What tests put to use of a rule file, and what they never saw."""

from pathlib import Path

import pytest

from balancer.core.trials.coverage import Coverage
from balancer.trials import outcomes
from tests.trials import FARM, GETS_HOT, HOT, covered, written

MOVE = GETS_HOT + "    moves: any\n"


def used(folder: Path, statement: str, tests: str = MOVE, rules: str = HOT) -> int:
    """How often the statement behind the rule decided anything."""
    found = covered(folder, tests, rules + statement)
    return next(seen["used"] for name, seen in found.items() if not name.startswith(("rule", "when", "where", "until")))


def test_a_rule_is_used_by_its_moves_and_its_clauses_are_seen_both_ways(tmp_path: Path) -> None:
    assert covered(tmp_path, MOVE) == {
        "rule relieve": {"used": 1},
        "when of relieve": {"true": 1, "false": 11},
        "where too small": {"true": 1, "false": 0},
        "where max load": {"true": 1, "false": 0},
    }


def test_a_gate_is_seen_false_where_it_refuses(tmp_path: Path) -> None:
    crowded = MOVE.replace('web1.cpu: "4"', 'web1.cpu: "4 6.5"').replace("rounds: 4", "rounds: 5")
    found = covered(tmp_path, crowded)
    assert found["where max load"]["false"] > 0


def test_an_until_is_seen_false_while_it_goes_on_and_true_once_it_is_met(tmp_path: Path) -> None:
    rules = HOT + "  until source.cpu < 70%\n"
    assert covered(tmp_path, MOVE, rules)["until of relieve"] == {"true": 0, "false": 1}
    assert covered(tmp_path, MOVE.replace("rounds: 4", "rounds: 6"), rules)["until of relieve"] == {
        "true": 1,
        "false": 2,
    }


@pytest.mark.parametrize(
    ("statement", "how_often"),
    [
        ('keep vms tagged "web" on hosts named "hv1"\n', 4),
        ('keep vms tagged "db" apart\n', 0),
        ('never move vm "web1"\n', 1),
        ('never move vm "web7"\n', 0),
        ('avoid moving vms to hosts named "hv*"\n', 1),
        ('avoid moving vm "web7"\n', 0),
        ('drain host "hv2"\n', 1),
        ('drain host "hv7"\n', 0),
        ("freeze when vms > 1\n", 4),
        ("freeze when vms > 9\n", 0),
        ("window daily 05:00-06:00 UTC\n", 4),
        ("window daily 00:00-06:00 UTC\n", 0),
        ("rest vm 1 h\n", 0),
    ],
)  # fmt: skip
def test_another_statement_is_used_where_it_moves_or_refuses(tmp_path: Path, statement: str, how_often: int) -> None:
    assert used(tmp_path, statement) == how_often


def test_a_rest_is_used_where_it_keeps_a_vm(tmp_path: Path) -> None:
    again = MOVE.replace('hv1.cpu: "65% 90%x2"', 'hv1.cpu: "90%x1 60%", hv2.cpu: "0%x2 60%"').replace(
        "rounds: 4", "rounds: 7"
    )
    assert used(tmp_path, "rest vm 1 h\n", again, HOT.replace(" for 3 rounds", "")) > 0


def test_each_cap_of_a_limit_is_covered_by_itself(tmp_path: Path) -> None:
    drained = "\n  - name: drained\n    farm: three\n    moves: any\n    rounds: 3\n"
    found = covered(tmp_path, drained, 'drain host "hv1"\nlimit 1 per hour, 9 per day\n')
    assert (found["limit 1 per hour"], found["limit 9 per day"]) == ({"used": 3}, {"used": 0})


def test_the_gates_of_a_pack_are_clauses_too(tmp_path: Path) -> None:
    quiet = "\n  - name: quiet\n    farm: three\n    moves: any\n    rounds: 3\n"
    pack = "pack onto fewest hosts where after.cpu < 70% where after.memory < 5% by at most 4 moves\n"
    spread = FARM.replace("web2: {host: hv1", "web2: {host: hv2") + quiet
    found = covered(tmp_path, spread, pack)
    assert found["where after.memory < 5%"]["false"] > 0
    assert found["pack"]["used"] > 0
    assert covered(tmp_path, spread, pack.replace("5%", "50%"))["where after.cpu < 70%"]["true"] > 0


def test_who_is_refused_by_one_gate_has_passed_those_before_it(tmp_path: Path) -> None:
    crowded = "\n  - name: crowded\n    farm: three\n    rounds: 2\n" + '    series: {web1.cpu: "7", web2.cpu: "0.2"}\n'
    rules = HOT.replace(" for 3 rounds", "").replace("where after.cpu", "where vms < 9 as roomy where after.cpu")
    found = covered(
        tmp_path, crowded, rules.replace("as roomy", 'as "roomy"').replace("cpu > 0.5", "cpu > 0.1 and cpu > 6")
    )
    assert found["rule relieve"] == {"used": 0}
    assert (found["where roomy"]["true"], found["where max load"]["true"]) == (found["where max load"]["false"], 0)
    assert found["where too small"]["true"] == found["where max load"]["false"] > 0


def test_a_goal_that_asks_in_vain_is_used(tmp_path: Path) -> None:
    full = "\n  - name: full\n    farm: three\n    rounds: 2\n" + '    series: {web1.cpu: "7", web2.cpu: "0.01"}\n'
    found = covered(tmp_path, full, "balance cpu within 10% by at most 1 moves\nlimit 1 at once\nnever move vms\n")
    assert found["never move vms"]["used"] == found["balance"]["used"] > 0


def test_lets_and_every_decide_nothing_by_themselves(tmp_path: Path) -> None:
    assert (
        covered(tmp_path, MOVE, 'every 30 s\nlet db = vms tagged "db"\n' + HOT).keys() == covered(tmp_path, MOVE).keys()
    )


def test_several_tests_count_together(tmp_path: Path) -> None:
    (one,) = (each.coverage for each in outcomes(written(tmp_path, MOVE)))
    assert one is not None
    twice = one + one
    assert isinstance(twice, Coverage)
    assert {spot.name: seen for spot, seen in twice.seen.items()}["rule relieve"] == {"used": 2}
    assert one.percent == twice.percent == pytest.approx(100 * 5 / 7)


def test_a_file_without_anything_to_cover_is_covered() -> None:
    assert Coverage("empty.rules", {}).percent == 100.0


def test_a_fuzz_covers_nothing_for_it_expects_nothing(tmp_path: Path) -> None:
    fuzz = "\n  - name: fuzz\n    fuzz: {runs: 1}\n"
    assert [each.coverage for each in outcomes(written(tmp_path, fuzz))] == [None]
