"""The judge finds what a planner does wrong: each wall is taken out of it in turn, and a fuzz has to notice."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from balancer import execution
from balancer.core import planning
from balancer.core.trials.judge import KINDS, judge_walls
from balancer.core.walls.journeys import NeverMove
from balancer.core.walls.keeps.apart import ApartFrom, AtMost
from balancer.core.walls.keeps.beside import Beside, On
from balancer.core.walls.quiet import Quiet
from balancer.core.walls.reserve import ReserveWall
from balancer.core.walls.wall import Always, Closed, Memory
from tests.farms import rules
from tests.trials import GETS_HOT, HOT, record, said, verdict

EAGER = """
rule relieve
  when  host.cpu > 40%
  move  vm   by most cpu
  to    host by least after.cpu
"""
ENGAGED = f"{EAGER}  until source.cpu < 10%\n"

FUZZ = """
  - name: fuzz
    fuzz: {runs: 20, seed: 5, hosts: 2-5, vms: 4-25, rounds: 6}
"""


def bars_nothing(*_: Any) -> Iterator[Any]:
    return iter(())


def nobody_rests(*_: Any) -> bool:
    return False


def without_limits(_move: Any, _state: Any, _caps: Any, _now: float) -> str | None:
    return None


def never_frozen(_draft: Any) -> tuple[str | None, int | None]:
    return None, None


SABOTAGE = {
    "apart": ('keep vms tagged "db" apart\n', [(AtMost, "arriving", bars_nothing)], 'tagged "db" apart (line 6)'),
    "at most": (
        'keep at most 2 of vms named "vm*" per rack\n', [(AtMost, "arriving", bars_nothing)], "per rack (line 6)",
    ),
    "apart from": (
        'keep vms tagged "db" apart from vms named "vm*1"\n', [(ApartFrom, "arriving", bars_nothing)], "(line 6)",
    ),
    "reserve": ("reserve memory for 1 lost host\n", [(ReserveWall, "arriving", bars_nothing)], "(line 6)"),
    "with": (
        'keep vms named "app*" with vms named "cache*"\n',
        [(Beside, "arriving", bars_nothing), (Beside, "leaving", bars_nothing)],
        'keep vms named "app*" with vms named "cache*" (line 6)',
    ),
    "on": ('keep vms tagged "ora" on hosts tagged "lic"\n', [(On, "arriving", bars_nothing)], "(line 6)"),
    "never": ('never move vms tagged "pet"\n', [(NeverMove, "leaving", bars_nothing)], "(line 6)"),
    "never to": (
        "never move vms to hosts where after.memory > 30%\n", [(NeverMove, "arriving", bars_nothing)], "(line 6)",
    ),
    "drain": ('drain hosts tagged "old"\n', [(Closed, "arriving", bars_nothing)], "drain (line 6)"),
    "maintenance": ("", [(Closed, "arriving", bars_nothing)], "nothing arrives on a host in maintenance"),
    "device": ("", [(Always, "leaving", bars_nothing)], "a VM that holds a device, or does not run, stays"),
    "memory": ("", [(Memory, "arriving", bars_nothing)], "memory"),
    "window": ("window daily 01:00-02:00 UTC\n", [(planning, "waits_for", nobody_rests)], "window"),
    "during": (
        'never move vms tagged "pet" during daily 00:00-23:00 Europe/Paris\n',
        [(planning, "in_force", nobody_rests)], "(line 6)",
    ),
    "limit": ("limit 1 per hour\n", [(execution, "exceeded", without_limits)], "limit (line 6)"),
    "limit per rack": (
        "limit 9 at once, 1 per hour per rack\n", [(execution, "exceeded", without_limits)], "limit (line 6)",
    ),
    "rest vm": ("rest vm 1 h\n", [(Quiet, "leaving", bars_nothing)], "rest vm"),
    "no return": ("rest no return within 1 h\n", [(Quiet, "arriving", bars_nothing)], "no return"),
    "rest host": (
        "rest host 1 h\n", [(Quiet, "arriving", bars_nothing), (Quiet, "resting", nobody_rests)], "rest host",
    ),
    "freeze": ("freeze when reports < 100%\n", [(planning, "why_frozen", never_frozen)], "freeze when reports < 100%"),
}  # fmt: skip


@pytest.mark.parametrize("wall", SABOTAGE)
def test_a_planner_without_it_is_found_out(wall: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statement, patches, told = SABOTAGE[wall]
    assert said(verdict(tmp_path, FUZZ, EAGER + statement)) == ""
    for where, what, instead in patches:
        monkeypatch.setattr(where, what, instead)
    found = verdict(tmp_path, FUZZ, EAGER + statement)
    assert told in said(found)


def test_and_a_rule_that_goes_on_breaks_none_of_them_either(tmp_path: Path) -> None:
    once = ("rest", "limit 9")
    walls = "".join(statement for statement, *_ in SABOTAGE.values() if not statement.startswith(once))
    assert said(verdict(tmp_path, FUZZ, ENGAGED + walls)) == ""


def test_a_rule_that_goes_on_is_found_out_where_it_does_not_wait_for_what_another_has_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = f"{ENGAGED}{ENGAGED.replace('relieve', 'ease').replace('cpu', 'memory')}rest host 1 h\n"
    assert said(verdict(tmp_path, FUZZ, two)) == ""
    monkeypatch.setattr(Quiet, "resting", nobody_rests)
    assert "broken: rest host" in said(verdict(tmp_path, FUZZ, two))


def test_every_kind_of_move_is_known_by_what_it_is_for() -> None:
    assert {"drains", "rules"} <= set(KINDS.values())


def test_a_freeze_that_failures_cause_is_looked_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fails = """
  - name: a move fails
    farm: three
    series: {web1.cpu: "4", web2.cpu: "3"}
    events: [{round: 1, vm: web1, event: migration-fails}]
    rounds: 4
    moves: any
    walls: true
"""
    careful = f"{EAGER}freeze when failures >= 1\nlimit 1 per round\n"
    assert said(verdict(tmp_path, fails, careful)) == ""
    monkeypatch.setattr(planning, "why_frozen", never_frozen)
    assert "broken: freeze when failures >= 1" in said(verdict(tmp_path, fails, careful))


def test_vms_that_are_lost_or_run_twice_are_missed(tmp_path: Path) -> None:
    lost = """
  - name: it vanishes
    farm: three
    series: {web1.cpu: "4"}
    events: [{round: 1, vm: web1, event: HOW}]
    rounds: 5
    moves: any
    walls: true
"""
    assert "broken: no VM is lost\nweb1" in said(verdict(tmp_path, lost.replace("HOW", "migration-vanishes"), EAGER))
    twice = said(verdict(tmp_path, lost.replace("HOW", "migration-doubles"), EAGER))
    assert "broken: no VM runs twice\nweb1 on hv1 and hv2" in twice


def test_nothing_goes_to_a_host_that_does_not_report(tmp_path: Path) -> None:
    played = record(tmp_path, GETS_HOT)
    last = played.decisions[-1]
    astray = replace(last.plan, moves=tuple(replace(move, target="hv9") for move in last.plan.moves))
    wrong = replace(played, decisions=(replace(last, plan=astray),))
    told = [each.what for each in judge_walls(rules(HOT), wrong, lambda *_: True)]
    assert told == ["round 4: broken: a VM moves to another host, one that reports"]
