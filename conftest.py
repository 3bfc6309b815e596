"""For every test: where it runs must not matter.

Rule: in CI, where make has set up all that tests ask for, a skipped test is a failed one; signals mean what they mean
at a terminal, also where a run was started in the background. Fixtures live in `tests/`.
"""

import os
import signal
from collections.abc import Generator
from typing import Final, TypeVar

import pytest

SKIPS_FAIL: Final = os.environ.get("CI", "") not in {"", "0", "false"}

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def pytest_configure() -> None:
    """A shell's background jobs ignore Ctrl-C, nohup's the end of the terminal, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skips itself, its fixtures included."""
    return _judged((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A whole file that skips itself."""
    return _judged((yield))


def _judged(report: Report) -> Report:
    if SKIPS_FAIL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and CI is set: {report.longrepr}"
    return report
