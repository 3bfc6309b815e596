"""Every command tells the version of what is installed."""

import tomllib
from pathlib import Path

import pytest

from agents.cli import main as xen_balancer_agent
from agents.commands.pgrep import main as mc_pgrep
from agents.version import version

ROOT = Path(__file__).parents[2]


def test_the_version_is_the_projects() -> None:
    assert version() == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_each_command_tells_it_under_its_own_name(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (xen_balancer_agent, mc_pgrep):
        with pytest.raises(SystemExit, match="0"):
            command(["--version"])

    assert capsys.readouterr().out == f"xen-balancer-agent {version()}\nmc-pgrep {version()}\n"
