"""What an agent may be made from: the one argument of every agent file's `create`.

Rule: made once when the program starts and handed on at each reload, so that what lives here outlives the agents.
"""

from dataclasses import dataclass

from agents.config import AgentConfig
from agents.hypervisor import Hypervisor
from agents.mcollective.node import Node
from agents.mcollective.roster import Roster
from agents.mcollective.statistics import Statistics
from agents.orders import Orders


@dataclass(frozen=True, slots=True)
class Context:
    """One host: its configuration (read from `file`), what it is on the wire, its hypervisor and its orders."""

    config: AgentConfig
    file: str
    node: Node
    roster: Roster
    statistics: Statistics
    hypervisor: Hypervisor
    orders: Orders
