"""The progress bar, as text and on a terminal."""

import fcntl
import io
import os
import pty
import struct
import termios
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TextIO

import pytest

from agents.progress import bar, progress
from tests.terminals import all_shown

Terminal = Callable[[int], tuple[TextIO, Callable[[], list[str]]]]


@pytest.mark.parametrize(
    ("done", "total", "columns", "turn", "picture"),
    [
        (4, 4, 27, 0, " * [ =====> ] 4 / 4"),
        (0, 4, 27, 0, " | [ >      ] 0 / 4"),
        (1, 4, 27, 1, " / [ =>     ] 1 / 4"),
        (2, 4, 27, 2, " - [ ===>   ] 2 / 4"),
        (3, 4, 27, 3, " \\ [ ====>  ] 3 / 4"),
        (3, 4, 27, 4, " | [ ====>  ] 3 / 4"),
        (48, 48, 200, 9, " * [ ============================================================> ] 48 / 48"),
        (1, 4, 23, 0, " | [ >  ] 1 / 4"),
        (1, 4, 22, 0, "1 / 4"),
        (4, 4, 0, 0, "4 / 4"),
    ],
)
def test_what_is_drawn(done: int, total: int, columns: int, turn: int, picture: str) -> None:
    assert bar(done, total, columns, turn) == picture


@pytest.mark.parametrize("columns", [23, 40, 80, 300])
def test_the_bar_does_not_change_its_length_and_leaves_room_for_figures(columns: int) -> None:
    pictures = [bar(done, 7, columns, done) for done in range(8)]

    assert {len(picture) for picture in pictures} == {len(pictures[0])}
    assert len(pictures[0]) < columns


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """Makes a terminal of so many columns, and what closes it and tells the lines on it."""

    def make(columns: int) -> tuple[TextIO, Callable[[], list[str]]]:
        screen, descriptor = pty.openpty()
        opened.callback(os.close, screen)
        stream = opened.enter_context(os.fdopen(descriptor, "w", encoding="utf-8"))
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))

        def lines() -> list[str]:
            stream.close()
            return all_shown(screen).split("\r\n")

        return stream, lines

    with ExitStack() as opened:
        yield make


def test_on_a_terminal_one_line_is_drawn_over_and_over(terminal: Terminal) -> None:
    stream, lines = terminal(27)

    with progress(stream, 2) as show:
        show(1)
        show(2)

    assert lines() == ["", "\r | [ >      ] 0 / 2\r / [ ===>   ] 1 / 2\r * [ =====> ] 2 / 2", "", ""]


def test_its_line_is_ended_also_where_the_question_fails(terminal: Terminal) -> None:
    stream, lines = terminal(20)

    with pytest.raises(TimeoutError), progress(stream, 2):
        raise TimeoutError

    assert lines() == ["", "\r0 / 2", "", ""]


def test_elsewhere_nothing_is_drawn() -> None:
    stream = io.StringIO()

    with progress(stream, 2) as show:
        show(1)

    assert stream.getvalue() == ""
