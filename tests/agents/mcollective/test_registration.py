"""What a host says of itself unasked."""

from pathlib import Path
from typing import Any

import pytest

from agents.mcollective.registration import request
from agents.mcollective.serializers import Symbol
from agents.mcollective.settings import ServerSettings
from agents.mcollective.this_node import ThisNode
from tests.wire import NOW, Echo, roster_of


def registered(folder: Path, **registration: Any) -> Any:
    settings = ServerSettings.model_validate(
        {
            "identity": "hv1", "collectives": ["lyon"], "psk": {"key": "x"}, "policies": folder,
            "registration": registration,
        }
    )  # fmt: skip
    node = ThisNode(settings, roster_of(Echo(), folder / "agents"), {"site": "lyon"}, own=dict)
    return request(settings, node, "a" * 32, NOW)


def test_it_names_its_agents_to_whoever_hosts_registration(tmp_path: Path) -> None:
    told = registered(tmp_path)

    assert (told.agent, told.collective, told.sender, told.ttl) == ("registration", "mcollective", "hv1", 60)
    assert sorted(told.body) == ["discovery", "echo"]
    assert told.filter["agent"] == ["registration"]


def test_meta_says_more(tmp_path: Path) -> None:
    told = registered(tmp_path, content="meta").body

    assert told[Symbol("facts")] == {"site": "lyon"}
    assert told[Symbol("collectives")] == ["mcollective", "lyon"]
    assert (told[Symbol("identity")], told[Symbol("classes")]) == ("hv1", [])


@pytest.mark.parametrize(("wanted", "used"), [("lyon", "lyon"), ("elsewhere", "mcollective"), (None, "mcollective")])
def test_it_goes_to_a_collective_that_the_host_belongs_to(tmp_path: Path, wanted: str | None, used: str) -> None:
    assert registered(tmp_path, collective=wanted).collective == used
