"""The agent `rpcutil`: what every MCollective host tells of itself. `mco inventory`, `mco facts` and others ask it.

Rule: answers are of the types that the stock commands expect, and none holds a secret.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from agents.context import Context
from agents.mcollective.ddl import Abort, Action, Ddl, Input, InvalidData, Output
from agents.mcollective.selection.data import DataError, lookup, plugins
from agents.mcollective.serializers import Symbol

VERSION: Final = "2.12.5"
"""The MCollective whose wire this is; stock commands print it."""

COLLECTIVES: Final = (
    Output("main_collective", "The main collective"),
    Output("collectives", "All collectives"),
)

DDL: Final = Ddl(
    agent="rpcutil",
    description="What the daemon and its host are",
    version="1.0",
    timeout=10,
    actions=(
        Action(
            "collective_info",
            "The collectives that it belongs to",
            outputs=COLLECTIVES,
            summarized=("collectives",),
        ),
        Action(
            "inventory",
            "What there is",
            outputs=(
                Output("agents", "Names of its agents"),
                Output("facts", "Facts and their values"),
                Output("classes", "Classes of its configuration"),
                Output("version", "MCollective's version"),
                *COLLECTIVES,
                Output("data_plugins", "Names of its data plugins"),
            ),
        ),
        Action(
            "get_fact",
            "One fact",
            inputs=(Input("fact", "The fact's name", maxlength=40, validation=r"^[\w\-\.]+$"),),
            outputs=(Output("fact", "The fact's name"), Output("value", "Its value")),
            summarized=("value",),
        ),
        Action(
            "get_facts",
            "Several facts",
            inputs=(
                Input(
                    "facts",
                    "Names with commas between",
                    maxlength=200,
                    validation=r"^\s*[\w\.\-]+(\s*,\s*[\w\.\-]+)*$",
                ),
            ),
            outputs=(Output("values", "Values by name"),),
        ),
        Action(
            "daemon_stats",
            "What the daemon has counted since it started",
            outputs=(
                Output("threads", "Names of its threads"),
                Output("agents", "Names of its agents"),
                Output("pid", "Its process"),
                Output("times", "Processor seconds it has used"),
                Output("validated", "Messages whose signature fitted"),
                Output("unvalidated", "Messages whose signature did not"),
                Output("passed", "Messages that were for it"),
                Output("filtered", "Messages that were for others"),
                Output("starttime", "When it started"),
                Output("total", "Messages that came"),
                Output("replies", "Replies that went"),
                Output("configfile", "The file it was started with"),
                Output("version", "MCollective's version"),
                Output("ttlexpired", "Messages that came too late"),
            ),
            summarized=("version", "agents"),
        ),
        Action("agent_inventory", "What its agents are", outputs=(Output("agents", "Each agent's metadata"),)),
        Action(
            "get_config_item",
            "One setting that is in force",
            inputs=(Input("item", "The setting's name", maxlength=50, validation="^.+$"),),
            outputs=(Output("item", "The setting's name"), Output("value", "Its value")),
            summarized=("value",),
        ),
        Action(
            "get_data",
            "What a data plugin tells",
            inputs=(
                Input("source", "The plugin's name", maxlength=50, validation=r"^\w+$"),
                Input("query", "What to ask it", optional=True, maxlength=200, validation="^.+$"),
            ),
        ),
        Action("ping", "Whether it is there", outputs=(Output("pong", "Its time"),)),
    ),
)


class Rpcutil:
    """Speaks for the host."""

    ddl = DDL

    def __init__(self, context: Context) -> None:
        self._context = context
        self._node = context.node

    def call(self, action: str, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:  # noqa: ARG002
        """Carry out a declared action; Abort with the reason where it failed."""
        return self._ACTIONS[action](self, data)

    def _collective_info(self, _data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"main_collective": self._node.collectives[0], "collectives": list(self._node.collectives)}

    def _inventory(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "agents": list(self._node.agents),
            "facts": dict(self._node.facts()),
            "classes": list(self._node.classes()),
            "version": VERSION,
            "data_plugins": plugins(),
            **self._collective_info(data),
        }

    def _get_fact(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"fact": data["fact"], "value": self._node.facts().get(data["fact"])}

    def _get_facts(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        facts = self._node.facts()
        return {"values": {name: facts.get(name) for name in map(str.strip, data["facts"].split(","))}}

    def _daemon_stats(self, _data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "threads": [thread.name for thread in threading.enumerate()],
            "agents": list(self._node.agents),
            "pid": os.getpid(),
            "times": {Symbol(name): value for name, value in zip(TIMES, os.times(), strict=False)},
            "configfile": self._context.file,
            "version": VERSION,
            **self._context.statistics.told(),
        }

    def _agent_inventory(self, _data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"agents": [_metadata(name, schema) for name, schema in sorted(self._node.agents.items())]}

    def _get_config_item(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        item = data["item"]
        if item not in ITEMS:
            raise Abort(f"Unknown config property {item}")
        return {"item": item, "value": ITEMS[item](self._context)}

    def _get_data(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return lookup(data["source"], data.get("query"), self._node)
        except DataError as error:
            if error.status == InvalidData.status:
                raise InvalidData(str(error)) from None
            raise

    def _ping(self, _data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"pong": int(time.time())}

    _ACTIONS: Final[Mapping[str, Callable[["Rpcutil", Mapping[str, Any]], Mapping[str, Any]]]] = MappingProxyType({
        "collective_info": _collective_info,
        "inventory": _inventory,
        "get_fact": _get_fact,
        "get_facts": _get_facts,
        "daemon_stats": _daemon_stats,
        "agent_inventory": _agent_inventory,
        "get_config_item": _get_config_item,
        "get_data": _get_data,
        "ping": _ping,
    })  # fmt: skip


TIMES: Final = ("utime", "stime", "cutime", "cstime")
"""Ruby's names of the first of `os.times`."""

ITEMS: Final[Mapping[str, Callable[[Context], Any]]] = MappingProxyType({
    "identity": lambda context: context.node.identity,
    "main_collective": lambda context: context.node.collectives[0],
    "collectives": lambda context: list(context.node.collectives),
    "connector": lambda context: context.config.mcollective.connector.capitalize(),
    "securityprovider": lambda context: "Psk" if context.config.mcollective.psk else "Ssl",
    "direct_addressing": lambda context: context.config.mcollective.direct_addressing,
    "factsource": lambda _context: "Yaml",
    "classesfile": lambda context: str(context.config.mcollective.classes or ""),
    "configfile": lambda context: context.file,
    "registerinterval": lambda context: int(context.config.mcollective.registration.interval),
    "rpcaudit": lambda context: context.config.mcollective.audit is not None,
    "rpcauthorization": lambda context: context.config.mcollective.policies.all_agents,
    "loglevel": lambda context: context.config.log_level,
})  # fmt: skip
"""MCollective's names of what may be asked for; a setting that holds a secret has no row."""


def _metadata(name: str, schema: Ddl | None) -> dict[Symbol, Any]:
    known = schema or Ddl(name, "unknown", "unknown", 5, (), author="unknown", license="unknown", url="unknown")
    fields = {
        "agent": name,
        "name": name,
        "license": known.license,
        "timeout": known.timeout,
        "description": known.description,
        "url": known.url,
        "version": known.version,
        "author": known.author,
    }
    return {Symbol(field): value for field, value in fields.items()}


def create(context: Context) -> Rpcutil:
    """The agent."""
    return Rpcutil(context)
