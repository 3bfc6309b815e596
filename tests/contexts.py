"""What an agent is made from, for tests that need no wire: a context around one hypervisor."""

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
    """The context of a host `hv1`; `wire` and `changes` are keys of its configuration."""
    settings = {"identity": "hv1", "psk": {"key": "secret"}, "policies": folder, **(wire or {})}
    config = AgentConfig.model_validate({"mcollective": settings, **changes})
    roster = Roster((folder / "agents",))
    node = ThisNode(config.mcollective, roster, config.facts)
    orders = Orders(config.max_migrations)
    return Context(config, "agent.yaml", node, roster, Statistics(), hypervisor, orders)
