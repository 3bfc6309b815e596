"""`demo`: what it says where it cannot be had. The demonstration itself is in `tests/test_demonstration.py`."""

import subprocess
import sys
from pathlib import Path

import pytest

from balancer.cli import main

WITHOUT_COILMQ = """
import sys
sys.modules["coilmq"] = None
from balancer.cli import main
sys.exit(main(["demo", "--rounds", "1"]))
"""


def test_without_its_broker_it_says_what_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_COILMQ], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        "the demo's broker is missing; install it with: pip install 'xen-balancer[demo]'"
    )


def test_rules_that_cannot_be_run_with_are_exit_code_2_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "own.rules"
    rules.write_text("rule r\n  wen host.cpu > 1\n")
    assert main(["demo", "--rules", str(rules)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.startswith(f"{rules}:1:8: syntax: ")) == ("", True)


def test_no_rounds_at_all_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--rounds", "0"])
    assert ended.value.code == 2
    assert "“0” is not a whole number from 1" in capsys.readouterr().err
