"""This host as a node of its collectives, from its settings and its roster.

Rule: the host's own facts are the weakest, those of the configuration stand above them, those of fact files above all.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from agents.mcollective.ddl import Ddl
from agents.mcollective.facts import ClassesFile, FactFiles, own_facts
from agents.mcollective.roster import Roster
from agents.mcollective.settings import ServerSettings


class ThisNode:
    """Implements Node; `said` are the facts that the configuration adds."""

    def __init__(
        self,
        settings: ServerSettings,
        roster: Roster,
        said: Mapping[str, str],
        own: Callable[[], Mapping[str, str]] = own_facts,
    ) -> None:
        self.identity = settings.identity
        self.collectives = settings.all_collectives
        self._roster = roster
        self._said = said
        self._own = own
        self._facts = FactFiles(settings.facts)
        self._classes = ClassesFile(settings.classes)

    @property
    def agents(self) -> Mapping[str, Ddl | None]:
        """What it hosts, by name."""
        return self._roster.schemas

    def facts(self) -> Mapping[str, Any]:
        """All facts, by name."""
        return {**self._own(), **self._said, **self._facts.read()}

    def classes(self) -> Collection[str]:
        """What configuration management calls it."""
        return self._classes.read()
