"""Test files from end to end: played on the real loop, with the rule files that they name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from balancer.core import planning
from balancer.core.walls.keeps.apart import AtMost
from balancer.trials import outcomes
from tests.trials import FARM, GETS_HOT, HOT, said, verdict, verdicts, written

MOVES = GETS_HOT + "    moves:\n      - {round: 4, vm: web1, from: hv1, to: hv2}\n"


def test_every_test_is_played_with_every_rule_file(tmp_path: Path) -> None:
    (tmp_path / "other.rules").write_text(HOT.replace("> 85%", "> 95%"))
    several = FARM.replace("rules: farm.rules", "rules: [farm.rules, other.rules]") + MOVES
    one, other = verdicts(tmp_path, several)
    assert (Path(one.rules).name, one.is_passed) == ("farm.rules", True)
    assert (Path(other.rules).name, other.is_passed) == ("other.rules", False)
    assert (other.rounds, other.moves) == (4, 0)


def test_only_tests_with_the_pattern_in_their_name(tmp_path: Path) -> None:
    file = written(tmp_path, MOVES + MOVES.replace("gets hot", "stays Calm"))
    for pattern, names in {
        "CALM": ["stays Calm"],
        "s": ["gets hot", "stays Calm"],
        "g*hot": ["gets hot"],
        "x": [],
    }.items():
        assert [each.verdict.name for each in outcomes(file, pattern)] == names


def test_the_clock_begins_at_start_so_that_windows_can_be_tested(tmp_path: Path) -> None:
    rules = HOT + "window daily 22:00-23:00 Europe/Paris\n"
    evening = FARM.replace("farms:", "start: 2026-12-01 21:58 Europe/Paris\nfarms:")
    late = MOVES.replace("rounds: 4", "rounds: 6").replace("{round: 4", "{round: 5")
    assert said(verdict(tmp_path, evening + late, rules)) == ""
    assert "no action" in said(verdict(tmp_path, FARM + late, rules))


def test_the_interval_is_that_of_the_rules(tmp_path: Path) -> None:
    rules = HOT.replace("for 3 rounds", "for 2 min")
    assert said(verdict(tmp_path, MOVES.replace("round: 4", "round: 6").replace("rounds: 4", "rounds: 6"), rules)) == ""
    assert said(verdict(tmp_path, MOVES, "every 1 min\n" + rules)) == ""


def test_what_a_demand_aggregates_is_remembered_for_it(tmp_path: Path) -> None:
    calm = "  - name: stays calm\n    farm: three\n    series: {hv1.cpu: '60%'}\n    rounds: 6\n    always:\n      - "
    assert said(verdict(tmp_path, f'{calm}"max(host.cpu, 1 min) <= 60%"\n')) == ""
    assert "max(cpu, 1 min) 60% <= 50%" in said(verdict(tmp_path, f'{calm}"max(host.cpu, 1 min) <= 50%"\n'))


def test_facts_stand_in_the_farms_of_tests(tmp_path: Path) -> None:
    rules = HOT.replace("where after.cpu", "where facts.rack == source.facts.rack where after.cpu")
    racks = FARM.replace("tags: [prod]}", "facts: {rack: a}}").replace(
        "hv3: {cores: 8,", "hv3: {facts: {rack: a}, cores: 8,"
    )
    assert said(verdict(tmp_path, racks + MOVES.replace("to: hv2", "to: hv3"), rules)) == ""


def test_walls_may_be_demanded_of_any_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = MOVES + "    walls: true\n"
    rules = HOT + 'keep vms tagged "web" on hosts named "hv1"\n'
    monkeypatch.setattr(planning, "keep_wall", lambda *_: _Fallen())
    assert "broken: keep vms tagged" in said(verdict(tmp_path, crowd, rules))


class _Fallen:
    """A wall that is none."""

    concerns = None

    def leaving(self, *_: object) -> tuple[()]:
        return ()

    arriving = leaving

    def is_tight(self, *_: object) -> bool:
        return False

    def strays(self, *_: object) -> int:
        return 0


def test_a_round_that_the_balancer_itself_loses_fails_every_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr("balancer.core.cycle.plan", broken)
    told = said(verdict(tmp_path, GETS_HOT))
    assert "a round was lost\nround 1: a mistake in xen-balancer itself" in told


FUZZ = """
  - name: fuzz
    fuzz: {runs: 30, seed: 11, hosts: 3-8, vms: 20-60, rounds: 6}
"""
CROWDED = HOT.replace("> 85% for 3 rounds", "> 40%") + 'keep vms tagged "db" apart\n'


def test_what_a_fuzz_finds_is_a_small_farm_and_a_test_that_fails_in_the_same_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AtMost, "arriving", lambda *_: iter(()))
    found = verdict(tmp_path, FUZZ, CROWDED)
    assert found.failures[0].what.endswith("of seed 11 breaks what always holds")
    assert found.again.count("host: h") <= 6
    again = verdict(tmp_path, found.again, CROWDED)
    assert said(again) == "\n".join(line for each in found.failures[1:] for line in (each.what, *each.details))
    monkeypatch.undo()
    assert verdict(tmp_path, found.again, CROWDED).is_passed


def test_the_same_seed_plays_the_same(tmp_path: Path) -> None:
    few = FUZZ.replace("runs: 30", "runs: 5")
    once = verdict(tmp_path, few, CROWDED)
    assert once == verdict(tmp_path, few, CROWDED)
    assert once.moves > 0


def test_a_fuzz_tells_how_many_of_its_runs_are_done(tmp_path: Path) -> None:
    told: list[int] = []

    @contextmanager
    def watched(runs: int) -> Iterator[Callable[[int], None]]:
        told.append(-runs)
        yield told.append

    fuzz = "  - {name: f, fuzz: {runs: 3, hosts: 2-3, vms: 0-3, rounds: 2}}\n"
    assert [each.verdict.is_passed for each in outcomes(written(tmp_path, fuzz), watched=watched)] == [True]
    assert told == [-3, 1, 2, 3]
