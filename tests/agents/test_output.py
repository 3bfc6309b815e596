"""The agents' commands write to whatever there is, and nobody sees a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASCII = ({"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
PRINTING = (["agents.cli", "ddl", "xenagent"], ["agents.cli", "--help"], ["agents.commands.pgrep", "--help"])


def begin(*words: str, stdout: object = subprocess.PIPE, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *words],
        text=True, stdout=stdout, stderr=subprocess.PIPE, cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": ""} | environment,
    )  # type: ignore[call-overload,no-any-return]  # fmt: skip


@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
def test_a_reader_that_has_gone_ends_it_without_a_word(words: list[str]) -> None:
    with begin("-m", *words) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_a_reader_that_has_read_enough_ends_it_without_a_word() -> None:
    piped = f"set -o pipefail; {sys.executable} -m agents.cli ddl xenagent | head -1"
    done = subprocess.run(["bash", "-c", piped], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("metadata :name => 'xenagent', ")


@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
def test_a_full_disk_under_its_output_is_one_message(words: list[str]) -> None:
    with Path("/dev/full").open("w") as full, begin("-m", *words, stdout=full) as process:
        assert process.stderr is not None
        assert process.stderr.read().endswith(": No space left on device; see where its output goes\n")
    assert process.returncode == 2


@pytest.mark.parametrize("environment", ASCII, ids=" ".join)
def test_a_terminal_that_knows_ascii_only_gets_ascii(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "echo.policy").write_text("alow\t*\t*\t*\t*\n")

    with begin("-m", "agents.cli", "policy", "check", str(tmp_path / "echo.policy"), **environment) as process:
        told, trouble = process.communicate()

    assert (process.returncode, trouble) == (1, "")
    assert r"verdict: \u201calow\u201d is neither allow nor deny" in told


def test_a_file_that_an_error_names_is_named() -> None:
    program = (
        "from agents.output import printed; raise SystemExit(printed('prog', lambda: len(open('/nosuch').read())))"
    )
    with begin("-c", program) as process:
        told, trouble = process.communicate()

    assert (process.returncode, told, trouble) == (2, "", "prog: /nosuch: No such file or directory\n")


def test_what_is_logged_is_for_nobody_until_the_command_says_where_to() -> None:
    program = (
        "import logging; from agents.errors import guarded; "
        "guarded('prog', lambda: logging.getLogger('wire').warning('odd') or 0)"
    )
    with begin("-c", program) as process:
        told, trouble = process.communicate()

    assert (process.returncode, told, trouble) == (0, "", "")
