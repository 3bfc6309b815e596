"""The file in which a host's orders and promises are kept, for several threads and processes at once.

Rule: what was written is on the disk before anybody goes on, and whole or not at all. What goes wrong is told with the
file and a way out.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

VERSION: Final = 1
"""Of the schema, which writes it down."""
BUSY_SECONDS: Final = 10.0
"""How long one waits for another process' turn."""

SCHEMA: Final = """
CREATE TABLE epoch (highest INTEGER NOT NULL);
INSERT INTO epoch VALUES (0);
CREATE TABLE orders (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    vm TEXT NOT NULL,
    migration BLOB NOT NULL,
    state TEXT NOT NULL DEFAULT 'under way',
    error TEXT NOT NULL DEFAULT '',
    given REAL NOT NULL,
    valid_until REAL NOT NULL,
    ended REAL,
    mover TEXT
);
CREATE TABLE admissions (
    id TEXT PRIMARY KEY, vm TEXT NOT NULL, memory_mb REAL NOT NULL, given REAL NOT NULL, expires REAL NOT NULL
);
PRAGMA user_version = 1;
"""
"""`mover` tells the process that has begun an order; None as long as none has. Times are seconds since the epoch."""


class BookError(Exception):
    """The book cannot be read or written; the message says which, why and what to do."""


class Book:
    """The book in that file, which is made where there is none, for this user alone."""

    def __init__(self, path: Path) -> None:
        self._path: Final = path
        self._turn: Final = threading.Lock()
        with self._explained():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
        with self.writing() as book:
            self._prepare(book)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The book, for one thread at a time."""
        with self._turn, self._explained():
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The book alone: all that is done there, or nothing of it where that ends in an error."""
        with self.reading() as book, book:
            book.execute("BEGIN IMMEDIATE")
            yield book

    def _prepare(self, book: sqlite3.Connection) -> None:
        version = book.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            for statement in SCHEMA.split(";"):
                book.execute(statement)
        elif version != VERSION:
            raise BookError(f"{self._path} has version {version}, this agent knows {VERSION}: install a newer one")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise BookError(
                f"{self._path} cannot be used: {error}; see that the folder is there, this user's own, and has room"
            ) from None
