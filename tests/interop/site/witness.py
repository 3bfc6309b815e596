"""The agent `witness`, on our servers and (ruby/common) on Ruby's: says back, takes notes, and fails in every way.

A site's own agent file, as a server finds it in a folder of `agents:`.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from agents.context import Context
from agents.mcollective.ddl import Abort, Action, Agent, Ddl, Input, InvalidData, MissingData, Output, UnknownAction
from agents.mcollective.node import Node

DDL: Final = Ddl(
    agent="witness",
    description="Says back, takes notes, and fails in every way",
    version="1.0",
    timeout=2,
    actions=(
        Action(
            "say",
            "Say it all back",
            inputs=(
                Input("text", "What to say", maxlength=40, validation=r"^[\w ,!äöß]+$"),
                Input("times", "How often", "integer", optional=True),
                Input("ratio", "How loud", "float", optional=True),
                Input("weight", "How heavy", "number", optional=True),
                Input("loud", "Whether to shout", "boolean", optional=True),
                Input("mood", "In which mood", "list", optional=True, choices=("glad", "sad")),
                Input("address", "To whom", optional=True, validation="ipv4address"),
                Input("command", "Nothing that means something to a shell", optional=True, validation="shellsafe"),
            ),
            outputs=(
                Output("text", "What was said"),
                Output("times", "How often", 1),
                Output("ratio", "How loud"),
                Output("weight", "How heavy"),
                Output("loud", "Whether shouted", default=False),
                Output("mood", "In which mood", "glad"),
                Output("address", "To whom"),
                Output("command", "The command"),
                Output("caller", "Who asked"),
            ),
        ),
        Action("note", "Note it down", inputs=(Input("text", "What to note", maxlength=40, validation=r"^[\w-]+$"),)),
        Action("refuse", "Give up", outputs=(Output("reason", "Why", "none"),)),
        Action("promise", "Not there"),
        Action("lack", "Find something missing"),
        Action("doubt", "Find something wrong"),
        Action("stumble", "Have a mistake"),
        Action("linger", "Take some time", inputs=(Input("seconds", "How long", "number"),)),
    ),
)


class Witness:
    """One host's."""

    ddl = DDL

    def __init__(self, node: Node) -> None:
        self._node = node

    def call(self, action: str, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        if action not in self._ACTIONS:
            raise UnknownAction(f"Unknown action '{action}' for agent 'witness'")
        return self._ACTIONS[action](self, data, caller)

    def _say(self, data: Mapping[str, Any], caller: str) -> Mapping[str, Any]:
        return {**data, "caller": caller}

    def _note(self, data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        with Path(os.environ["WITNESS"], self._node.identity).open("a") as notes:
            notes.write(f"{data['text']}\n")
        return {}

    def _refuse(self, _data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        raise Abort("not today")

    def _lack(self, _data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        raise MissingData("there should be a reason")

    def _doubt(self, _data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        raise InvalidData("that is not so")

    def _stumble(self, _data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        raise ValueError("kaboom")

    def _linger(self, data: Mapping[str, Any], _caller: str) -> Mapping[str, Any]:
        time.sleep(data["seconds"])
        return {}

    _ACTIONS: Final = MappingProxyType({
        "say": _say, "note": _note, "refuse": _refuse, "lack": _lack, "doubt": _doubt, "stumble": _stumble,
        "linger": _linger,
    })  # fmt: skip


def create(context: Context) -> Agent | None:
    return Witness(context.node)
