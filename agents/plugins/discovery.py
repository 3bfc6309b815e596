"""The agent `discovery`: who is there. `mco ping` and every discovery of MCollective's ask it.

Rule: not SimpleRPC; a text in, a text out.
"""

from typing import Any

from agents.context import Context


class Discovery:
    """Answers `ping` with `pong`."""

    name = "discovery"

    def answer(self, body: Any, caller: str) -> str:  # noqa: ARG002 - who asks does not matter
        """What MCollective says to this body."""
        return "pong" if body == "ping" else f"Unknown Request: {body}"


def create(context: Context) -> Discovery:  # noqa: ARG001 - every agent's file has the same shape
    """The agent."""
    return Discovery()
