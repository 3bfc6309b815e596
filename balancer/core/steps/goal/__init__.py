"""The goal of a farm, `balance` or `pack`: the last step, for whatever nobody is in trouble about.

Rule: one goal a file, one row a kind of goal.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from balancer.core.drafting.draft import Draft
from balancer.core.steps.goal.balance import balance
from balancer.core.steps.goal.pack import pack
from dsl.syntax import Balance, Pack

GOALS: Final[Mapping[type, Callable[[Draft, Any], None]]] = MappingProxyType({Balance: balance, Pack: pack})


def pursue(draft: Draft) -> None:
    """Plan what brings the farm nearer to the file's goal, if it has one."""
    if draft.rules.goal is not None:
        GOALS[type(draft.rules.goal)](draft, draft.rules.goal)
