"""Who is there?"""

from pathlib import Path

from agents.plugins.discovery import create
from tests.agents.plugins.drivers import Idle
from tests.contexts import context_of


def test_a_ping_gets_its_pong_and_anything_else_is_named(tmp_path: Path) -> None:
    agent = create(context_of(Idle(), tmp_path))

    assert agent.name == "discovery"
    assert (agent.answer("ping", "uid=0"), agent.answer("hello", "uid=0")) == ("pong", "Unknown Request: hello")
