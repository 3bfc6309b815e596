"""Controls without an operator: the rules as given, no pause, an end when asked for.

Rule: for simulations, plans and tests; a daemon has a desk (`control`).
"""

from dsl.ruleset import Ruleset


class Unattended:
    """The same rules in every round."""

    def __init__(self, rules: Ruleset) -> None:
        self._rules = rules
        self._is_stopping = False

    def rules(self) -> Ruleset:
        """The rules given."""
        return self._rules

    def paused(self) -> str | None:
        """Never."""
        return None

    def stopping(self) -> bool:
        """Once `stop` was called."""
        return self._is_stopping

    def stop(self) -> None:
        """End the loop after what it is doing."""
        self._is_stopping = True
