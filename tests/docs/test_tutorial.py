"""The tutorial is done from top to bottom: its file grows, its commands are run, their output is compared."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dsl.formatting import format_source

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "rules.md"
KINDS = "rules|rules doubtful|rules more|yaml tutorial|console tutorial"
STEP = re.compile(rf"^```({KINDS})\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def done(folder: Path, page: str) -> Iterator[tuple[str, str, str]]:
    """What the page shows, step by step: command, the output that it shows, the output that there was."""
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
            for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
                yield command, output, said(folder, command)


def said(folder: Path, command: str) -> str:
    program, *words = shlex.split(command)
    assert program == "xen-balancer"
    return subprocess.run(
        [sys.executable, "-m", "balancer.cli", *words], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(ROOT)},
    ).stdout  # fmt: skip


def test_each_step_says_what_the_page_shows(tmp_path: Path) -> None:
    steps = list(done(tmp_path, PAGE.read_text(encoding="utf-8")))
    assert len(steps) > 8
    for command, shown, printed in steps:
        assert printed == shown, command
    rules = (tmp_path / "farm.rules").read_bytes()
    assert format_source(rules).text == rules.decode()
