"""What an agent may be made from: the one argument of every agent file's `create`.

Rule: made once when the program starts and handed on at each reload, so that what lives here outlives the agents.
"""

from dataclasses import dataclass

from agents.config import AgentConfig
from agents.hypervisor import Hypervisor
from agents.mcollective.node import Node
from agents.orders import Orders


@dataclass(frozen=True, slots=True)
class Context:
    """One host: its configuration, what it is on the wire, its hypervisor, the orders it was given."""

    config: AgentConfig
    node: Node
    hypervisor: Hypervisor
    orders: Orders
