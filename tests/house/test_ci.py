"""What holds in CI and nowhere else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SKIPS_ITSELF = "import pytest\n\ndef test_it():\n    pytest.skip('no broker here')\n"
SKIPS_ALL = "import pytest\n\npytest.skip('no broker here', allow_module_level=True)\n"
EXPECTED_TO_FAIL = "import pytest\n\n@pytest.mark.xfail\ndef test_it():\n    assert False\n"


def pytest_run(folder: Path, test: str, *, ci: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(ROOT / "conftest.py", folder)
    (folder / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", str(folder)]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(command, cwd=folder, env=own | {"CI": ci}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("test", [SKIPS_ITSELF, SKIPS_ALL])
def test_in_ci_a_skipped_test_has_failed_and_says_why(test: str, tmp_path: Path) -> None:
    run = pytest_run(tmp_path, test, ci="true")
    assert run.returncode != 0
    assert "skipped, and CI is set" in run.stdout
    assert "no broker here" in run.stdout


@pytest.mark.parametrize("test", [SKIPS_ITSELF, EXPECTED_TO_FAIL])
def test_elsewhere_a_test_may_skip_itself(test: str, tmp_path: Path) -> None:
    assert pytest_run(tmp_path, test, ci="").returncode == 0


def test_a_test_that_is_expected_to_fail_may_do_so_in_ci(tmp_path: Path) -> None:
    assert pytest_run(tmp_path, EXPECTED_TO_FAIL, ci="true").returncode == 0
