"""Tags that name a domain: `rack:a` is the domain a of the key rack.

Rule: what is counted `per rack` is counted by these, and by no other.
"""

from collections.abc import Iterable
from typing import Final

SEPARATOR: Final = ":"


def of_key(key: str, tags: Iterable[str]) -> tuple[str, ...]:
    """Those of some tags that name a domain of this key."""
    return tuple(tag for tag in tags if tag.startswith(f"{key}{SEPARATOR}"))


def named(tags: Iterable[str]) -> tuple[str, ...]:
    """Those of some tags that name a domain at all."""
    return tuple(tag for tag in tags if SEPARATOR in tag)
