"""`rules explain`: what is in force under a rule file."""

import json
from pathlib import Path

import pytest

from balancer.cli import main
from tests.docs.test_formats_md import SHOWN, shape

ROOT = Path(__file__).parents[3]
SNAPSHOT = str(ROOT / "deploy" / "examples" / "farm.json")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "farm.rules"
    path.write_text('let db = vms tagged "db"\nlet none = hosts tagged "none"\nkeep db apart\nlimit 3 at once\n')
    return path


def said(capsys: pytest.CaptureFixture[str], *words: object) -> list[str]:
    assert main(["rules", "explain", *map(str, words)]) == 0
    return capsys.readouterr().out.splitlines()


def test_it_tells_settings_order_sets_and_statements(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, file)
    assert lines[1] == "settings"
    assert "  rest vm    a VM that has moved rests for 15 min (default)" in lines
    assert "  limit      at most 3 moves at once (line 4)" in lines
    table = lines.index("order of evaluation, and what may stand against the moves of each step")
    assert lines[table + 1].split() == [
        "freeze",
        "window",
        "keep,",
        "never,",
        "reserve",
        "limit",
        "rest",
        "prefer,",
        "avoid",
    ]
    assert lines[table + 2].split()[:3] == ["1", "repairs", "stops"]
    assert "  limit: the plan goes on, its moves wait until there is room" in lines
    assert '  db = vms tagged "db" (line 1)' in lines
    assert lines[-1] == f"  {file}:3: never two of db on one host"


def test_with_a_snapshot_it_tells_who_belongs_to_each_set(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, file, "--snapshot", SNAPSHOT)
    assert '  db = vms tagged "db" (line 1): db1, db2' in lines
    assert '  none = hosts tagged "none" (line 2): nobody' in lines


def test_without_a_file_it_tells_the_rules_that_come_with_the_balancer(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys)
    assert lines[0].startswith(str(ROOT / "rules" / "default.rules"))
    assert "default.rules:" in lines[-1]


def test_for_programs_it_is_one_document_a_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (json.loads(line) for line in said(capsys, file, file, "--format", "json", "--snapshot", SNAPSHOT))
    assert first == second
    assert shape(first) == shape(SHOWN["rulebook/1"])
    assert first["sets"][0]["members"] == ["db1", "db2"]


def test_a_file_that_cannot_be_run_with_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.rules").write_text("wen\n")
    assert main(["rules", "explain", str(tmp_path / "bad.rules")]) == 2
    assert "bad.rules:1:1: " in capsys.readouterr().err
