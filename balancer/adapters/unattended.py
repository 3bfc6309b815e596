"""Controls without an operator at hand: the rules as given, a pause as it was found, no end but the loop's own.

Rule: for simulations and single rounds; a daemon has a desk (`desk`).
"""

from collections.abc import Mapping

from dsl.ruleset import Ruleset


class Unattended:
    """The same rules in every round; `paused` says why nothing may be ordered, `resumed` when that last ended."""

    def __init__(self, rules: Ruleset, paused: str | None = None, resumed: float = 0.0) -> None:
        self._rules = rules
        self._paused = paused
        self._resumed = resumed

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
        return self._resumed

    def resolutions(self) -> Mapping[str, tuple[str, str]]:
        """Nobody says anything."""
        return {}

    def stopping(self) -> bool:
        """Never."""
        return False
