"""What an operator may do with a daemon over the wire."""

import os
from pathlib import Path
from typing import Any

import pytest

from agents.mcollective.ddl import Abort
from agents.mcollective.serializers import Symbol
from agents.plugins.controller import DDL, create
from tests.agents.plugins.drivers import Idle
from tests.contexts import context_of

PLAIN = "from agents.plugins.discovery import create\n"


@pytest.fixture
def asked(tmp_path: Path) -> Any:
    context = context_of(Idle(), tmp_path)
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "discovery.py").write_text(PLAIN)
    context.roster.load(context)
    context.statistics.count("total")
    context.statistics.refuse("replayed")
    agent = create(context)

    def ask(action: str, **data: Any) -> Any:
        assert DDL.validate(action, data) is None
        return agent.call(action, data, "cert=admin")

    return ask


def test_statistics_are_told_in_the_shape_of_2010(asked: Any) -> None:
    told = asked("daemon_stats")

    assert (told["stats"][Symbol("total")], told["refused"], told["pid"]) == (1, {"replayed": 1}, os.getpid())
    assert told["agents"] == ["discovery"]
    assert set(told["times"]) == {Symbol("utime"), Symbol("stime")}
    assert "MainThread" in told["threads"]


def test_agents_are_loaded_anew_one_or_all(asked: Any) -> None:
    assert asked("reload_agent", agent="discovery") == {"message": "reloaded discovery agent"}
    assert asked("reload_agents") == {"message": "reloaded all agents"}


def test_what_cannot_be_loaded_is_said(asked: Any, tmp_path: Path) -> None:
    with pytest.raises(Abort, match="there is no agent echo; known are discovery"):
        asked("reload_agent", agent="echo")

    (tmp_path / "agents" / "discovery.py").write_text("def create(:")
    with pytest.raises(Abort, match=r"discovery\.py:1: SyntaxError"):
        asked("reload_agents")
