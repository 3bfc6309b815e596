"""What is wrong with a test file is told with its line and column."""

from pathlib import Path

import pytest

from agents.documents import DocumentError
from balancer.adapters.rule_file import RulesError
from balancer.adapters.trials.checks import load_trials
from tests.trials import FARM, written

MISTAKES = {
    "- {name: t, farm: four}": "14:21: unknown-farm: tests[0].farm: no farm of this file is named “four”; "
    "name one of them, or a .yaml or .json file",
    "- {name: t, farm: thre}": "14:21: unknown-farm: tests[0].farm: no farm of this file is named “thre”; "
    "did you mean three?",
    "- {name: t}": "14:5: wrong-test: tests[0]: a test has either a farm or a fuzz",
    "- {name: t, farm: three, fuzz: {runs: 1}}": "14:5: wrong-test: tests[0]: a test has either a farm or a fuzz",
    "- {name: t, fuzz: {runs: 1}, rounds: 5}": "14:40: wrong-test: "
    "tests[0].rounds: a fuzz has farms and walls of its own; "
    "leave “rounds” out",
    "- {name: t, fuzz: {runs: 1, hosts: 0-4}}": "14:38: out-of-range: "
    "tests[0].fuzz.hosts: “0-4” is no span from 1 to 5000",
    "- {name: t, fuzz: {runs: 1, hosts: 9-4}}": "14:38: out-of-range: "
    "tests[0].fuzz.hosts: “9-4” is no span from 1 to 5000",
    "- {name: t, fuzz: {runs: 1, hosts: many}}": "14:38: wrong-value: tests[0].fuzz.hosts: "
    "“many” is not a number or two, like 2-12",
    "- {name: t, farm: three, round: 5}": "14:28: unknown-key: tests[0].round: unknown key; did you mean “rounds”?",
    "- {name: t, farm: three, moves: [{round: 1, vm: web9, to: hv2}]}": "14:51: unknown-vm: tests[0].moves[0].vm: "
    "no vm of this farm is named “web9”; did you mean web2?",
    "- {name: t, farm: three, moves: [{round: 1, vm: web1, to: hv2, from: x}]}": "14:72: unknown-host: "
    "tests[0].moves[0].from: "
    "no host of this farm is named “x”",
    "- {name: t, farm: three, expect: [{round: 1, host: hvv1, streak: 1}]}": "14:54: unknown-host: "
    "tests[0].expect[0].host: "
    "no host of this farm is named “hvv1”; did you mean hv1?",
    "- {name: t, farm: three, expect: [{round: 1, host: hv1}]}": "14:37: wrong-expectation: tests[0].expect[0]: "
    "one expectation says one of streak, rejected, value, why, frozen, held, empty, on",
    "- {name: t, farm: three, expect: [{round: 1, host: hv1, streak: 1, frozen: x}]}": "14:37: wrong-expectation: "
    "tests[0].expect[0]: one expectation says one of streak, rejected, value, why, frozen, held, empty, on",
    "- {name: t, farm: three, expect: [{round: 1, vm: web1, streak: 1}]}": "14:66: wrong-expectation: "
    "tests[0].expect[0].streak: “streak” is said of host",
    "- {name: t, farm: three, expect: [{round: 1, host: hv1, value: {cpuu: 1%}}]}": "14:73: unknown-name: "
    "tests[0].expect[0].value.cpuu: a host has no “cpuu”; did you mean cpu?",
    "- {name: t, farm: three, expect: [{round: 1, host: hv1, value: {cpu: 0.9}}]}": "14:72: wrong-value: "
    "tests[0].expect[0].value.cpu: “0.9” is not a share: write a number and a unit, %",
    "- {name: t, farm: three, expect: [{round: 1, vm: web1, why: x, rule: relieve}]}": "14:72: wrong-expectation: "
    "tests[0].expect[0].rule: a rule is named with streak and rejected only",
    "- {name: t, farm: three, moves: [{round: 1, vm: web1, to: hv2, rule: releive}]}": "14:72: unknown-rule: "
    "tests[0].moves[0].rule: no rule is named “releive”; did you mean relieve?",
    "- {name: t, farm: three, expect: [{round: 1, host: hv1, streak: 1, rule: hot}]}": "14:76: unknown-rule: "
    "tests[0].expect[0].rule: no rule is named “hot”",
    "- {name: t, farm: three, events: [{round: 1, host: web1, event: silent}]}": "14:54: unknown-host: "
    "tests[0].events[0].host: no host of this scenario is named “web1”",
    "- {name: t, farm: three}\n  - {name: t, farm: three}": "15:12: duplicate: tests[1].name: “t” stands twice",
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_in_a_test(tmp_path: Path, case: str) -> None:
    file = written(tmp_path, f"  {case}\n")
    with pytest.raises(DocumentError) as refused:
        load_trials(file)
    assert str(refused.value) == f"{file}:{MISTAKES[case]}"


IN_THE_FILE = [
    ("cores: 8, memory: 64GiB, tags: [prod]", "cores: 8, memory: 64GiB, cpu: 40%", "how busy it is stands in a test"),
    (
        "cores: 8, memory: 64GiB, tags: [prod]",
        "name: x, cores: 8, memory: 64GiB",
        "the name is the key it stands under",
    ),
    ("web1: {host: hv1", "web1: {host: hv9", "no host of this farm is named “hv9”; did you mean hv3?"),
    ("vcpus: 8, memory: 4GiB, tags: [web]", "cpu: 2, memory: 4GiB", "web1 uses 2 CPUs and has 1: raise its vcpus"),
    ("rules: farm.rules", "rules: []", "too few entries; at least 1"),
    ("rules: farm.rules", "rules: farm.rules\nstart: 2026-12-01", "is not a date, a time and a zone"),
    ("rules: farm.rules", "rules: farm.rules\nstart: 2026-12-01 22:00 Europe/Pari", "“Europe/Pari” is no time zone"),
    ("rules: farm.rules", "rules: farm.rules\nstart: 2026-13-01 22:00 UTC", "2026-13-01"),
    ("format: rules-test/1", "format: rules-test/2", "“rules-test/2” is none of 'rules-test/1'"),
]


@pytest.mark.parametrize(("this", "that", "why"), IN_THE_FILE, ids=[each[1] for each in IN_THE_FILE])
def test_a_mistake_in_the_file(tmp_path: Path, this: str, that: str, why: str) -> None:
    file = written(tmp_path, FARM.replace(this, that, 1) + "  - {name: t, farm: three}\n")
    with pytest.raises(DocumentError) as refused:
        load_trials(file)
    assert why in str(refused.value)


def test_rules_that_cannot_be_run_with_are_told_as_their_own_mistakes(tmp_path: Path) -> None:
    file = written(tmp_path, "  - {name: t, farm: three}\n", "rule r\n  when host.cpuu > 1\n")
    with pytest.raises(RulesError, match=r"farm\.rules:"):
        load_trials(file)


def test_a_farm_that_cannot_be_read_is_told_as_its_own_mistake(tmp_path: Path) -> None:
    file = written(tmp_path, "  - {name: t, farm: gone.yaml}\n")
    with pytest.raises(DocumentError, match=r"gone\.yaml:1:1: unreadable"):
        load_trials(file)


def test_the_clock_of_round_1_is_the_one_of_its_zone(tmp_path: Path) -> None:
    text = FARM.replace("farms:", "start: 2026-12-01 22:00 Europe/Paris\nfarms:") + "  - {name: t, farm: three}\n"
    assert load_trials(written(tmp_path, text))[0].start == 1796158800.0
    assert load_trials(written(tmp_path, "  - {name: t, farm: three}\n"))[0].start == 1767571200.0
