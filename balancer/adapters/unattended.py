"""Controls without an operator at hand: the rules as given, a pause as it was found, no end but the loop's own.

Rule: for simulations and single rounds; a daemon has a desk (`desk`).
"""

from collections.abc import Mapping

from balancer.adapters.journal_reader import Said
from balancer.core.model import Drained
from dsl.ruleset import Ruleset


class Unattended:
    """The same rules in every round; `said` is what operators said before, nothing unless it is given."""

    def __init__(self, rules: Ruleset, said: Said | None = None) -> None:
        self._rules = rules
        self._said = said or Said()
        self._paused = self._said.paused

    def rules(self) -> Ruleset:
        """The rules given."""
        return self._rules

    def paused(self) -> str | None:
        """What was found."""
        return self._paused

    def halt(self, why: str) -> None:
        """Nothing more is ordered."""
        self._paused = why

    def resumed(self) -> float:
        """As it was found."""
        return self._said.resumed

    def resolutions(self) -> Mapping[str, tuple[str, str]]:
        """Nobody says anything."""
        return {}

    def drained(self) -> tuple[Drained, ...]:
        """As it was found."""
        return self._said.drained

    def stopping(self) -> bool:
        """Never."""
        return False
