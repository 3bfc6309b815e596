"""The daemon, killed with SIGKILL at a point of an order's way: `python -m tests.killed POINT CONFIG`.

Rule: the daemon is the real one. What it talks to is wrapped, so that nothing in it knows of this.
"""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TextIO
from unittest.mock import patch

from agents.report import Report
from balancer.assembly import daemon as assembly
from balancer.assembly.daemon import DaemonWish, daemon
from balancer.assembly.tables import Reach, Telling
from balancer.config import read_configuration
from balancer.core.model import Gathering, Order, OrderState
from balancer.ports import Event, Farm, OrderChanged, Progress

POINTS: Final = (
    "before it is examined", "examined", "intent", "sent", "under way", "looked at", "arrived", "done",
)  # fmt: skip
"""Of an order's way: each is a moment at which nothing of what follows has happened."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Wrapped:
    """A farm that is no more at its point."""

    def __init__(self, farm: Farm, point: str) -> None:
        self._farm = farm
        self._point = point

    def observe(self, round_number: int) -> Gathering:
        return self._farm.observe(round_number)

    def examine(self, order: Order) -> Sequence[str]:
        self._at("before it is examined")
        told = self._farm.examine(order)
        self._at("examined")
        return told

    def migrate(self, order: Order) -> Progress:
        self._at("intent")
        told = self._farm.migrate(order)
        self._at("sent")
        return told

    def look(self, orders: Sequence[Order]) -> Sequence[Report]:
        self._at("looked at")
        reports = self._farm.look(orders)
        here = {vm.uuid: vm.state for report in reports if report.host == orders[0].move.target for vm in report.vms}
        if here.get(orders[0].move.uuid) == "running":
            self._at("arrived")
        return reports

    def take_over(self, order: Order) -> None:
        self._farm.take_over(order)

    def _at(self, point: str) -> None:
        if point == self._point:
            die()


class Told:
    """A journal that is told once the real one has written it down."""

    def __init__(self, point: str) -> None:
        self._point = point

    def record(self, event: Event) -> None:
        states = {"under way": OrderState.UNDER_WAY, "done": OrderState.DONE}
        if isinstance(event, OrderChanged) and event.order.state is states.get(self._point):
            die()


def main(point: str, config: Path) -> None:
    if point not in POINTS:
        raise SystemExit(f"{point} is none of {', '.join(POINTS)}")
    real = dict(assembly.DIALECTS)

    def farm(reach: Reach) -> Farm:
        return Wrapped(real["modern"](reach), point)

    def output(_stack: ExitStack, _stream: TextIO, _telling: Telling) -> Any:
        return Told(point)

    with (
        patch.object(assembly, "DIALECTS", MappingProxyType({"modern": farm})),
        patch.object(assembly, "OUTPUTS", MappingProxyType({"text": output})),
        daemon(read_configuration(config), DaemonWish(), sys.stdout) as its,
    ):
        its.loop.run()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
