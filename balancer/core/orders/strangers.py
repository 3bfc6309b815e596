"""Who else is at work on the farm: orders that hosts were given by another balancer.

Rule: noticed and told, never acted upon.
"""

from collections.abc import Iterator
from typing import Final

from agents.report import OrderReport
from balancer.core.model import Gathering

RECENT: Final = 3600.0
"""Seconds in which an order of somebody else matters."""
BY_HAND: Final = "slice-"
"""How an agent itself names what it was asked in the manner of 2010."""


def strangers(gathering: Gathering, instance: str) -> Iterator[tuple[str, OrderReport]]:
    """Orders that hosts were given lately and not by this balancer, with their hosts."""
    for report in gathering.reports:
        for order in report.orders:
            if order.age < RECENT and not order.id.startswith((f"{instance}-", BY_HAND)):
                yield report.host, order
