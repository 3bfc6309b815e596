"""`rules test`, as whoever writes rules meets it."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from balancer.cli import main
from tests.trials import GETS_HOT, HOT, written

PASSES = GETS_HOT + "    moves:\n      - {round: 4, vm: web1, from: hv1, to: hv2}\n"


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["rules", "test", *words])
    return code, capsys.readouterr().out


def test_a_test_that_passes_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, PASSES)
    assert told(capsys, str(file)) == (
        0,
        f"{file} with {tmp_path / 'farm.rules'}\nok     gets hot (4 rounds, 1 move)\n1 test: 1 passed, 0 failed\n",
    )


def test_one_that_fails_says_what_was_instead_and_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = told(capsys, str(written(tmp_path, GETS_HOT)))
    assert code == 1
    assert f"FAILED gets hot (4 rounds, 1 move)\n       {tmp_path / 'farm.test.yaml'}:15: the moves are others" in text
    assert text.endswith("1 test: 0 passed, 1 failed\n")


@pytest.mark.parametrize(
    ("tests", "rules", "why"),
    [
        ("format: rules-test/1\nrulez: x\n", HOT, "farm.test.yaml:2:1: unknown-key: rulez:"),
        (PASSES, "rule r\n  when host.cpuu > 1\n", "farm.rules:"),
        (PASSES.replace("farm: three", "farm: four"), HOT, "farm.test.yaml:16:11: unknown-farm: tests[0].farm:"),
    ],
)
def test_what_cannot_be_played_ends_with_2_and_a_place(
    tmp_path: Path, tests: str, rules: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "test", str(written(tmp_path, tests, rules))]) == 2
    assert why in capsys.readouterr().err


def test_nothing_to_play_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "test", "-k", "nowhere", str(written(tmp_path, PASSES))]) == 2
    assert capsys.readouterr().err == "no test has “nowhere” in its name\n"


def test_for_programs_it_is_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(capsys, "--format", "json", "--coverage", str(written(tmp_path, PASSES)))
    document = json.loads(text)
    assert (code, document["format"], document["passed"], document["failed"]) == (0, "rules-test-result/1", 1, 0)
    assert [each["percent"] for each in document["coverage"]] == [71.4]


def test_for_a_ci_it_is_written_as_junit_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.xml"
    assert told(capsys, "--junit", str(report), str(written(tmp_path, GETS_HOT)))[0] == 1
    assert ET.parse(report).getroot().attrib["failures"] == "1"


@pytest.mark.parametrize(("least", "code"), [("71", 0), ("72", 1), ("100%", 1)])
def test_too_little_coverage_is_a_finding(
    tmp_path: Path, least: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, text = told(capsys, "--coverage-min", least, str(written(tmp_path, PASSES)))
    assert ended == code
    assert "farm.rules:5: where max load: true 1 time, NEVER FALSE\n" in text
    assert "farm.rules: 71% covered\n" in text


def test_a_share_of_a_hundred_is_wanted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rules", "test", "--coverage-min", "101", str(written(tmp_path, PASSES))])
    assert ended.value.code == 2
    assert "“101” is not a number from 0 to 100" in capsys.readouterr().err
