"""What is expected, what was instead, and in which words that is told."""

from pathlib import Path

import pytest

from tests.trials import FARM, GETS_HOT, HOT, said, verdict

MOVE = GETS_HOT + "    moves:\n      - {round: 4, vm: web1, from: hv1, to: hv2}\n"


def test_the_very_moves_that_happen_pass(tmp_path: Path) -> None:
    assert verdict(tmp_path, MOVE).is_passed


def test_moves_absent_means_none(tmp_path: Path) -> None:
    assert said(verdict(tmp_path, GETS_HOT)) == (
        "the moves are others (- expected, + happened); the test lists none, so none may happen\n"
        "+ round 4: web1 from hv1 to hv2 by relieve\n"
        "    hv1 cpu 90% > 85% for 3 rounds; web1 uses 4 CPUs, most there; hv2 has least after.cpu (50%)"
    )


def test_moves_any_leaves_them_free(tmp_path: Path) -> None:
    assert verdict(tmp_path, GETS_HOT + "    moves: any\n").is_passed


def test_a_move_that_does_not_come_is_told_with_what_was_said_instead(tmp_path: Path) -> None:
    told = said(verdict(tmp_path, MOVE.replace('web1.cpu: "4"', 'web1.cpu: "4 6.5"')))
    assert told == (
        "the moves are others (- expected, + happened)\n"
        "- round 4: web1 from hv1 to hv2 (expected in line 20)\n"
        "    move web2 from hv1 to hv2\n"
        "    web1 to hv2: max load: 81.2%, limit 70% (line 5)\n"
        "    web1 to hv3: max load: 81.2%, limit 70% (line 5)\n"
        "+ round 4: web2 from hv1 to hv2 by relieve\n"
        "    hv1 cpu 90% > 85% for 3 rounds; web2 uses 0.6 CPUs, most of those left; hv2 has least after.cpu (7.5%)"
    )


@pytest.mark.parametrize(
    ("key", "as_it_is", "otherwise"),
    [
        ("from", "hv1", "hv3"),
        ("rule", "relieve", "drain"),
        ("outcome", "done", "failed"),
        ("why", "for 3", "for 9"),
    ],
)
def test_a_move_is_held_to_every_key_that_it_names(tmp_path: Path, key: str, as_it_is: str, otherwise: str) -> None:
    listed = GETS_HOT + "    moves:\n      - {round: 4, vm: web1, to: hv2, KEY}\n"
    assert verdict(tmp_path, listed.replace("KEY", f"{key}: {as_it_is}")).is_passed
    assert not verdict(tmp_path, listed.replace("KEY", f"{key}: {otherwise}")).is_passed


def test_a_move_expected_twice_must_happen_twice(tmp_path: Path) -> None:
    twice = MOVE + "      - {round: 4, vm: web1, to: hv2}\n"
    assert said(verdict(tmp_path, twice)).startswith(
        "the moves are others (- expected, + happened)\n- round 4: web1 to hv2 (expected in line 21)\n"
    )


def test_a_move_in_a_round_that_is_not_held_is_told_so(tmp_path: Path) -> None:
    assert "there was no round 9" in said(verdict(tmp_path, MOVE.replace("round: 4, vm", "round: 9, vm")))


EXPECTATIONS = [
    ("host: hv1, streak: 3", "host: hv1, streak: 2", "was 3, relieve 3"),
    ("host: hv1, value: {cpu: 90%, vms: 2}", "host: hv1, value: {cpu: 91%}", "cpu was 90%"),
    ("host: hv1, value: {maintenance: 'false'}", "host: hv1, value: {maintenance: 'true'}", "maintenance was false"),
    ("host: hv1, value: {xen: unknown}", "host: hv1, value: {xen: '4.17'}", "xen was unknown"),
    ("vm: web1, value: {cpu: '4', memory: 4 GiB}", "vm: web1, value: {cpu: '4.5'}", "cpu was 4"),
    ("value: {reports: 100%, vms: 2}", "value: {vms: 3}", "vms was 2"),
    ("vm: web1, why: most there", "vm: web1, why: drained", "why: hv1 cpu 90% > 85% for 3 rounds"),
    ("vm: web1, why: most there", "vm: web2, why: most there", "web2 did not move"),
    ("frozen: 'false'", "frozen: 'true'", "not frozen: move web1 from hv1 to hv2"),
    ("frozen: 'false'", "frozen: silent", "not frozen"),
    ("host: hv2, empty: 'true'", "host: hv2, empty: 'false'", "0 VMs"),
    ("host: hv1, empty: 'false'", "host: hv1, empty: 'true'", "2 VMs: web1, web2"),
    ("vm: web1, on: hv1", "vm: web1, on: hv2", "was on hv1"),
]


@pytest.mark.parametrize(("right", "wrong", "instead"), EXPECTATIONS, ids=[each[1] for each in EXPECTATIONS])
def test_a_claim_holds_or_is_told_with_what_was_instead(tmp_path: Path, right: str, wrong: str, instead: str) -> None:
    assert said(verdict(tmp_path, f"{MOVE}    expect:\n      - {{round: 4, {right}}}\n")) == ""
    assert instead in said(verdict(tmp_path, f"{MOVE}    expect:\n      - {{round: 4, {wrong}}}\n"))


def test_a_streak_may_be_that_of_one_rule(tmp_path: Path) -> None:
    never = HOT + HOT.replace("relieve", "later").replace("85%", "95%")
    claim = f"{MOVE}    expect:\n      - {{round: 4, host: hv1, streak: 3, rule: RULE}}\n"
    assert said(verdict(tmp_path, claim.replace("RULE", "relieve"), never)) == ""
    assert "was 0, relieve 3" in said(verdict(tmp_path, claim.replace("RULE", "later"), never))


REFUSED = """
  - name: nobody takes it
    farm: three
    series: {hv1.cpu: "90%", web1.cpu: "6.5", web2.cpu: "0.2"}
    rounds: 3
    expect:
      - {round: 3, vm: web1, host: hv2, rejected: {reason: max load, value: 81.2%, limit: 70%}}
      - {round: 3, vm: web2, rejected: too small}
"""


def test_a_refusal_is_known_by_its_reason_and_by_its_figures_as_they_are_told(tmp_path: Path) -> None:
    assert verdict(tmp_path, REFUSED).is_passed


@pytest.mark.parametrize(
    ("this", "that"),
    [("max load", "max VMs"), ("81.2%", "81%"), ("limit: 70%", "limit: 80%"), ("limit: 70%", "limit: 7")],
)
def test_another_reason_or_figure_is_another_refusal(tmp_path: Path, this: str, that: str) -> None:
    told = said(verdict(tmp_path, REFUSED.replace(this, that)))
    assert "refused: web1 to hv2: max load: 81.2%, limit 70% (line 5)" in told


def test_of_whom_nobody_asked_nothing_was_refused(tmp_path: Path) -> None:
    told = said(verdict(tmp_path, REFUSED.replace("{round: 3, vm: web2", "{round: 2, vm: web2")))
    assert "nobody asked: no action: hv1 in trouble for 2 of 3 rounds" in told


def test_a_claim_without_a_host_is_of_a_vm_that_may_not_leave_one_with_a_host_of_that_host(tmp_path: Path) -> None:
    nowhere = said(verdict(tmp_path, REFUSED.replace("web1, host: hv2", "web1")))
    assert "refused: web1 to hv2: max load" in nowhere
    there = said(verdict(tmp_path, REFUSED.replace("web2, rejected", "web2, host: hv2, rejected")))
    assert "refused: web2: too small" in there


def test_of_a_silent_host_nobody_can_say_that_it_is_empty(tmp_path: Path) -> None:
    silent = """
  - name: hv3 is silent
    farm: three
    series: {hv3.cpu: "10% _"}
    expect:
      - {round: 1, host: hv3, empty: 'true'}
      - {round: 2, host: hv3, empty: 'true'}
"""
    told = said(verdict(tmp_path, silent))
    assert "it did not report" in told
    assert "round 1" not in told


def test_what_moved_was_not_refused(tmp_path: Path) -> None:
    claim = MOVE + "    expect:\n      - {round: 4, vm: web1, rejected: rest}\n"
    assert "round 4: web1 from hv1 to hv2 by relieve" in said(verdict(tmp_path, claim))


def test_a_move_that_a_limit_holds_is_told_as_held(tmp_path: Path) -> None:
    rules = 'drain host "hv1"\nlimit 1 per hour\n'
    drained = """
  - name: one an hour
    farm: three
    rounds: 3
    moves:
      - {round: 1, vm: web1, to: hv2, rule: drain}
    expect:
      - {round: 3, vm: web2, held: limit 1 per hour}
      - {round: 3, host: hv1, empty: 'false'}
"""
    assert said(verdict(tmp_path, drained, rules)) == ""
    wrong = drained.replace("held: limit 1 per hour", "held: limit 2 per hour")
    assert "held: limit 1 per hour: 1 already" in said(verdict(tmp_path, wrong, rules))
    missing = drained.replace("moves:", "moves:\n      - {round: 2, vm: web2, to: hv3}")
    assert "web2 was held: limit 1 per hour: 1 already" in said(verdict(tmp_path, missing, rules))


def test_a_move_that_waits_for_others_of_its_plan_is_held_by_its_wave(tmp_path: Path) -> None:
    rules = 'drain host "hv1"\nlimit 1 at once\n'
    one_by_one = """
  - name: one after the other
    farm: three
    rounds: 2
    moves: any
    expect:
      - {round: 1, vm: web2, held: wave 2}
"""
    assert said(verdict(tmp_path, one_by_one, rules)) == ""
    assert "held: wave 2" in said(verdict(tmp_path, one_by_one.replace("wave 2", "wave 3"), rules))


def test_a_host_that_is_not_empty_says_who_stays_and_why(tmp_path: Path) -> None:
    rules = 'drain host "hv1"\nnever move vm "web1"\nlimit 5 at once\n'
    claim = """
  - name: web1 stays
    farm: three
    rounds: 3
    moves: any
    expect:
      - {round: 3, host: hv1, empty: 'true'}
"""
    told = said(verdict(tmp_path, claim, rules))
    assert '1 VMs: web1\nweb1: never move vm "web1" (line 2)' in told


def test_what_fails_tells_the_line_at_which_the_file_expects_it(tmp_path: Path) -> None:
    wanted = MOVE.replace("hv2}", "hv3}") + "    expect:\n      - {round: 4, host: hv1, streak: 9}\n"
    wanted += "    always:\n      - host.vms < 2\n"
    lines = (FARM + wanted).splitlines()
    told = [(each.line, lines[each.line - 1].strip()) for each in verdict(tmp_path, wanted).failures if each.line]
    assert [text for _, text in told] == [
        "- {round: 4, vm: web1, from: hv1, to: hv3}", "- {round: 4, host: hv1, streak: 9}", "- host.vms < 2",
    ]  # fmt: skip


def test_a_move_to_another_host_is_told_with_how_both_hosts_stood(tmp_path: Path) -> None:
    told = said(verdict(tmp_path, MOVE.replace("hv2}", "hv3}"))).splitlines()
    assert told[1:5] == [
        "- round 4: web1 from hv1 to hv3 (expected in line 20)",
        "    move web1 from hv1 to hv2",
        "    hv3 stood at cpu 0%, load 0, memory 0%, vms 0",
        "    hv2 stood at cpu 0%, load 0, memory 0%, vms 0",
    ]
