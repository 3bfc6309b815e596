"""What a verb of `rules` is given to read: a file by its name, or `-` for what stands on the standard input.

Rule: no file is read in part; one that is too big is read one byte beyond what is allowed, and told to be so.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from balancer.adapters.rule_file import MAX_BYTES, read_bytes

PIPE: Final = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """Rules as they stand, and how messages call the place where they stand."""

    called: str
    content: bytes

    @classmethod
    def of(cls, file: str) -> Self:
        """What stands in a file; RulesError where it cannot be read."""
        if file == PIPE:
            return cls("<stdin>", sys.stdin.buffer.read(MAX_BYTES + 1))
        return cls(file, read_bytes(Path(file)))
