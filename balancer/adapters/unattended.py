"""Controls without an operator at hand: the rules as given, a pause as it was found, no end but the loop's own.

Rule: for simulations and single rounds; a daemon has a desk (`desk`).
"""

from dsl.ruleset import Ruleset


class Unattended:
    """The same rules in every round; `paused` says why nothing may be ordered."""

    def __init__(self, rules: Ruleset, paused: str | None = None) -> None:
        self._rules = rules
        self._paused = paused

    def rules(self) -> Ruleset:
        """The rules given."""
        return self._rules

    def paused(self) -> str | None:
        """What was found."""
        return self._paused

    def stopping(self) -> bool:
        """Never."""
        return False
