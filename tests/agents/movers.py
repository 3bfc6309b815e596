"""Processes that carry out orders, for tests that start some: found by the book, and ended with the test."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agents.hypervisor import kernel
from agents.orders import FILE


def mover(state: Path, order: str) -> str | None:
    """The process that carries out the order, as the book tells it; None before there is one."""
    with sqlite3.connect(state / FILE) as book:
        row = book.execute("SELECT mover FROM orders WHERE id = ?", (order,)).fetchone()
    book.close()
    return row[0] if row is not None else None


def kill(told: str) -> None:
    """End that process, as nothing else would end it."""
    os.kill(int(told.partition(" ")[0]), signal.SIGKILL)


@contextmanager
def none_left(folder: Path) -> Iterator[None]:
    """Whoever still carries out an order of a book below `folder` is ended afterwards: some never end by themselves."""
    yield
    for file in folder.rglob(FILE):
        with sqlite3.connect(file) as book:
            movers = [told for (told,) in book.execute("SELECT mover FROM orders WHERE state = 'under way'")]
        book.close()
        for told in movers:
            if told is not None and kernel.is_alive(told):
                kill(told)
