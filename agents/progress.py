"""How many of those asked have answered, as MCollective's own commands show it: ` * [ ====> ] 4 / 4`.

Rule: on a terminal only, so that no file and no pipe ever has it in it; its line is ended whatever happens.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Final, TextIO

WIDEST: Final = 60
AROUND: Final = 22
"""Columns for what stands on both sides of the bar."""

_TURNS: Final = "|/-\\"


def bar(done: int, total: int, columns: int, turn: int = 0) -> str:
    """One picture of it, `turn` times after the first; on a terminal without room for the bar the figures alone."""
    width = min(WIDEST, columns - AROUND)
    if width <= 0:
        return f"{done} / {total}"
    mark = "*" if done == total else _TURNS[turn % len(_TURNS)]
    filled = int(width * done / total + 0.5)
    return f" {mark} [ {'=' * filled}>{' ' * (width - filled)} ] {done} / {total}"


@contextmanager
def progress(stream: TextIO, total: int) -> Iterator[Callable[[int], None]]:
    """What draws how many are done, on one line with an empty one above and below; `total` is one at least."""
    if not stream.isatty():
        yield lambda _done: None
        return
    turns = count()

    def draw(done: int) -> None:
        columns = os.get_terminal_size(stream.fileno()).columns
        stream.write(f"\r{bar(done, total, columns, next(turns))}")
        stream.flush()

    stream.write("\n")
    draw(0)
    try:
        yield draw
    finally:
        stream.write("\n\n")
        stream.flush()
