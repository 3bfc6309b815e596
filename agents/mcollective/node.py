"""What this host is, for whoever asks over the wire: what filters, policies and data functions are held against.

Rule: a look at one moment; facts and classes are read when they are asked for, so that a request without such a
criterion costs no file.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from agents.mcollective.ddl import Ddl


class Node(Protocol):
    """One host of the collective."""

    @property
    def identity(self) -> str:
        """Its name on the wire."""
        ...

    @property
    def collectives(self) -> Sequence[str]:
        """Those it belongs to, the main one first."""
        ...

    @property
    def agents(self) -> Mapping[str, Ddl | None]:
        """What it hosts, by name; those that are not SimpleRPC have no schema."""
        ...

    def facts(self) -> Mapping[str, Any]:
        """Name to text; a fact may also be a list or a mapping of texts."""
        ...

    def classes(self) -> Collection[str]:
        """What configuration management calls it."""
        ...
