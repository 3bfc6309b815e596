"""The tutorial is done from top to bottom: its file grows, its commands are run, their output is compared."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from balancer.cli import main
from dsl.formatting import format_source

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "rules.md"
KINDS = "rules|rules doubtful|rules more|yaml tutorial|console tutorial"
STEP = re.compile(rf"^```({KINDS})\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def done(folder: Path, page: str) -> Iterator[tuple[str, str]]:
    """What the page shows, step by step, in that folder: command, and the output that it shows."""
    for name in ("deploy/examples/farm.json", "tests/scenarios/overload.yaml"):
        shutil.copy(ROOT / name, folder)
    rules = folder / "farm.rules"
    for kind, text in STEP.findall(page):
        if kind in {"rules", "rules doubtful"}:
            rules.write_text(text, encoding="utf-8")
        elif kind == "rules more":
            rules.write_text(rules.read_text(encoding="utf-8") + text, encoding="utf-8")
        elif kind == "yaml tutorial":
            (folder / "farm.test.yaml").write_text(text, encoding="utf-8")
        else:
            yield from re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE)


def test_each_step_says_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    steps = 0
    for command, shown in done(tmp_path, PAGE.read_text(encoding="utf-8")):
        program, *words = shlex.split(command)
        assert program == "xen-balancer"
        main(words)
        assert capsys.readouterr().out == shown, command
        steps += 1
    assert steps > 8
    rules = (tmp_path / "farm.rules").read_bytes()
    assert format_source(rules).text == rules.decode()
