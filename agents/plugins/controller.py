"""The agent `controller`: what MCollective 0.4.4 let an operator do with its daemons. Statistics, and agents anew.

Rule: a reload answers when it is done, and says what could not be loaded.
"""

import os
import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from agents.context import Context
from agents.mcollective.ddl import Abort, Action, Ddl, Input, Output
from agents.mcollective.roster import LoadError, Reloaded
from agents.mcollective.serializers import Symbol

DDL: Final = Ddl(
    agent="controller",
    description="Statistics of the daemon, and its agents loaded anew",
    version="1.0",
    timeout=20,
    authorized_by_policy=True,
    actions=(
        Action(
            "daemon_stats",  # `stats` is a method of Ruby's RPC client, which could not send it
            "What the daemon has counted since it started",
            outputs=(
                Output("stats", "Messages by what became of them"),
                Output("refused", "Messages that were refused, by reason"),
                Output("threads", "Names of its threads"),
                Output("pid", "Its process"),
                Output("times", "Processor seconds it has used"),
                Output("agents", "The agents it serves"),
            ),
        ),
        Action(
            "reload_agent",
            "Load one agent's file anew",
            inputs=(Input("agent", "The agent's name", maxlength=100, validation=r"^\w+$"),),
            outputs=(Output("message", "What was done"),),
        ),
        Action("reload_agents", "Load all agents' files anew", outputs=(Output("message", "What was done"),)),
    ),
)


class Controller:
    """Speaks for the daemon."""

    ddl = DDL

    def __init__(self, context: Context) -> None:
        self._context = context

    def call(self, action: str, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:  # noqa: ARG002
        """Carry out a declared action; Abort with the reason where it failed."""
        return self._ACTIONS[action](self, data)

    def _daemon_stats(self, _data: Mapping[str, Any]) -> Mapping[str, Any]:
        statistics, times = self._context.statistics, os.times()
        return {
            "stats": {Symbol(name): value for name, value in statistics.told().items()},
            "refused": dict(statistics.refused),
            "threads": [thread.name for thread in threading.enumerate()],
            "pid": os.getpid(),
            "times": {Symbol("utime"): times.user, Symbol("stime"): times.system},
            "agents": list(self._context.node.agents),
        }

    def _reload_agent(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        name = data["agent"]
        self._reload(name)
        return {"message": f"reloaded {name} agent"}

    def _reload_agents(self, _data: Mapping[str, Any]) -> Mapping[str, Any]:
        self._reload(None)
        return {"message": "reloaded all agents"}

    def _reload(self, name: str | None) -> Reloaded:
        try:
            done = self._context.roster.reload(name)
        except LoadError as error:
            raise Abort(str(error)) from None
        if done.problems:
            raise Abort("; ".join(done.problems.values()))
        return done

    _ACTIONS: Final[Mapping[str, Callable[["Controller", Mapping[str, Any]], Mapping[str, Any]]]] = MappingProxyType({
        "daemon_stats": _daemon_stats,
        "reload_agent": _reload_agent,
        "reload_agents": _reload_agents,
    })  # fmt: skip


def create(context: Context) -> Controller:
    """The agent."""
    return Controller(context)
