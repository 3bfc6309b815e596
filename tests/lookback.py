"""Rounds of rules that look back: what an aggregate comes to after each."""

import math
from typing import Any

import numpy as np
import pytest

from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import ClauseScope, Sets, of_farm, of_hosts, of_vms
from balancer.core.model import Decision
from tests.farms import Rounds

FARM = "xen1: a 2, b 1 | xen2: c 0.4"


def asks(*aggregates: str) -> str:
    """Rules that move nothing and ask for these, of hosts, VMs (`vm.`) or the farm (`farm.`)."""
    gates = " ".join(f"where {each} < 0 * {each}" for each in aggregates)
    return f"rule never when host.vms < 0 move vm by most cpu to host by least cpu {gates}\n"


def scope(play: Rounds, of: str = "host") -> ClauseScope:
    """The reports of the last round, as hosts, VMs or the farm see them."""
    reported = Projection(play.observation, play.state)
    sets = Sets.of((), reported)
    if of == "vm":
        return of_vms(reported, sets, np.arange(len(play.observation.vms)))
    return {"host": of_hosts, "farm": of_farm}[of](reported, sets)


def told(play: Rounds, of: str = "host", number: int = 0) -> list[float]:
    """What an aggregate of the rules comes to after the last round, by name."""
    return [round(float(each), 6) for each in np.atleast_1d(scope(play, of).over(play.rules.aggregates[number]))]


UNKNOWN = pytest.approx([math.nan, math.nan], nan_ok=True)


class Told(Rounds):
    """Rounds that remember the last observation."""

    def next(self, **how: Any) -> Decision:
        decision = super().next(**how)
        self.observation = decision.observation
        return decision
