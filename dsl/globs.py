"""Patterns with `*` and `?`: whether two can match one name, and whether one matches all that another does.

Rule: told from the patterns alone, no name at hand; `covers` says yes only where that is certain.
"""

from functools import lru_cache
from typing import Final

ANY: Final = "*"
ONE: Final = "?"
_REMEMBERED: Final = 4096


@lru_cache(maxsize=_REMEMBERED)
def overlap(left: str, right: str) -> bool:
    """Whether some name matches both."""
    reached = [right[:place].strip(ANY) == "" for place in range(len(right) + 1)]
    for letter in left:
        row = [reached[0] and letter == ANY]
        for place, other in enumerate(right):
            if ANY in {letter, other}:
                row.append(reached[place + 1] or row[place])
            else:
                row.append(reached[place] and (letter == other or ONE in {letter, other}))
        reached = row
    return reached[-1]


@lru_cache(maxsize=_REMEMBERED)
def covers(wide: str, narrow: str) -> bool:
    """Whether every name that matches `narrow` certainly matches `wide`."""
    reached = [place == 0 for place in range(len(narrow) + 1)]
    for letter in wide:
        row = [reached[0] and letter == ANY]
        for place, other in enumerate(narrow):
            takes = letter == ANY and (row[place] or reached[place + 1])
            row.append(takes or (reached[place] and other != ANY and letter in {ONE, other}))
        reached = row
    return reached[-1]


def is_literal(pattern: str) -> bool:
    """Whether it stands for itself alone."""
    return ANY not in pattern and ONE not in pattern
