"""The smallest part of something that still goes wrong, found by leaving out ever smaller pieces.

Rule: pure; it asks, at most so many times, whether what is left still goes wrong, and never gives more than it got.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def shrunk(items: Sequence[Item], still_fails: Callable[[Sequence[Item]], bool], budget: int = 100) -> list[Item]:
    """As few of the items as still fail: pieces of half, then a quarter, down to single ones are left out."""
    kept = list(items)
    size = len(kept) // 2 or 1
    while kept and budget > 0:
        place, is_smaller = 0, False
        while place < len(kept) and budget > 0:
            rest = kept[:place] + kept[place + size :]
            budget -= 1
            if still_fails(rest):
                kept, is_smaller = rest, True
            else:
                place += size
        if size == 1 and not is_smaller:
            break
        size = max(1, size // 2)
    return kept
