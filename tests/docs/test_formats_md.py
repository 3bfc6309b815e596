"""The formats that the manual shows are those that the programs print: the same keys, at every depth."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from balancer.adapters.snapshot import read_snapshot, snapshot_document
from balancer.assembly.moment import decide_snapshot
from balancer.cli import main
from tests.trials import GETS_HOT, written

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
SHOWN = {
    name: json.loads(text)
    for name, text in re.findall(r"^```json (\S+)\n(.*?)^```$", MANUAL, flags=re.MULTILINE | re.DOTALL)
}
FREE = {"numbers", "tally", "hosts of rounds/1", "streaks"}
"""Keys whose own keys are the farm's or the rules'."""


def shape(document: Any, key: str = "") -> Any:
    """The keys of a document, at every depth; of a list its first element's."""
    if isinstance(document, list):
        return [shape(each, key) for each in document[:1]]
    if not isinstance(document, dict):
        return None
    if key in FREE:
        return {"…": next((shape(each) for each in document.values()), None)}
    named = f"hosts of {document.get('format')}"
    return {name: shape(each, named if name == "hosts" else name) for name, each in document.items()}


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    main(words)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_plan_1(capsys: pytest.CaptureFixture[str]) -> None:
    (plan,) = printed(capsys, "plan", "--snapshot", str(ROOT / "deploy/examples/farm.json"), "--format", "json")
    assert shape(plan) == shape(SHOWN["plan/1"])


def test_rounds_1_and_summary_1(capsys: pytest.CaptureFixture[str]) -> None:
    *rounds, summary = printed(capsys, "simulate", str(ROOT / "tests/scenarios/reboot.yaml"), "--format", "json")
    (moving,) = [line for line in rounds if line["moves"]]
    assert shape(moving | {"rejections": []}) == shape(SHOWN["rounds/1"])
    assert shape(summary) == shape(SHOWN["summary/1"])


def test_finding_1(capsys: pytest.CaptureFixture[str]) -> None:
    first, *_ = printed(capsys, "rules", "check", str(ROOT / "tests/docs/mistaken.rules"), "--format", "json")
    assert shape(first) == shape(SHOWN["finding/1"])


def test_layout_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "my.rules").write_text("every 30s", encoding="utf-8")
    (layout,) = printed(capsys, "rules", "format", str(tmp_path / "my.rules"), "--format", "json")
    assert layout == SHOWN["layout/1"] | {"file": str(tmp_path / "my.rules")}


def test_rules_test_result_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (result,) = printed(capsys, "rules", "test", "--coverage", "--format", "json", str(written(tmp_path, GETS_HOT)))
    assert shape(result) == shape(SHOWN["rules-test-result/1"])


def test_farm_1(tmp_path: Path) -> None:
    (tmp_path / "farm.json").write_text(json.dumps(SHOWN["farm/1"]), encoding="utf-8")
    assert read_snapshot(tmp_path / "farm.json").hosts[0].name == "xen1"
    written = snapshot_document(decide_snapshot(tmp_path / "farm.json", None, None).observation)
    assert shape(written) == shape(SHOWN["farm/1"])
