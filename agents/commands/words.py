"""Words that several commands say of what hosts answered."""

from collections.abc import Mapping
from typing import Final

NOBODY: Final = "no host was found; see that the filter fits, and that agents run there"


def of_dropped(dropped: Mapping[str, int]) -> str:
    """What is wrong with messages that came and are no answer, and how many they are."""
    reasons = ", ".join(f"{reason} ({count})" for reason, count in sorted(dropped.items()))
    return f"messages that are no answer: {reasons}"
