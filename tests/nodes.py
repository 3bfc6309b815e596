"""A host as a test tells it: what filters, policies and data functions are held against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.mcollective.ddl import Ddl


@dataclass(frozen=True, slots=True)
class ToldNode:
    """One host; nothing but what the test says of it."""

    told_facts: Mapping[str, Any] = field(default_factory=dict)
    told_classes: Sequence[str] = ()
    agents: Mapping[str, Ddl | None] = field(default_factory=dict)
    identity: str = "hv1"
    collectives: Sequence[str] = ("mcollective",)

    def facts(self) -> Mapping[str, Any]:
        return self.told_facts

    def classes(self) -> Sequence[str]:
        return self.told_classes
