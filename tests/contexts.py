"""What an agent is made from, for tests that need no wire: a context around one hypervisor."""

import json
from pathlib import Path
from typing import Any

from agents.config import AgentConfig
from agents.context import Context
from agents.hypervisor import Hypervisor
from agents.mcollective.roster import Roster
from agents.mcollective.statistics import Statistics
from agents.mcollective.this_node import ThisNode
from agents.orders import Orders


def context_of(hypervisor: Hypervisor, folder: Path, wire: dict[str, Any] | None = None, **changes: Any) -> Context:
    """The context of a host `hv1`; `wire` and `changes` are keys of its configuration, which is a file as well."""
    settings = {"identity": "hv1", "psk": {"key": "secret"}, "policies": str(folder), **(wire or {})}
    document = {"mcollective": settings, "state": str(folder / "state-of-hv1"), **changes}
    file = folder / "agent.yaml"
    file.write_text(json.dumps(document, default=str))
    config = AgentConfig.model_validate(document)
    roster = Roster((folder / "agents",))
    node = ThisNode(config.mcollective, roster, config.facts)
    orders = Orders(config.state, config.max_migrations)
    return Context(config, str(file), node, roster, Statistics(), hypervisor, orders)
