"""The journal's file and directory: how they are made, checked, locked, and what is said when they fail.

Rule: a file that cannot be used is an error that says where, what, and what to do; it is never repaired, never
deleted.
"""

import fcntl
import os
import socket
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final, TextIO

from pydantic import ValidationError

from balancer.ports import JournalError

FILE: Final = "journal.sqlite"
LOCK: Final = "lock"
SCHEMA: Final = 2
WAL_BYTES: Final = 16 * 1024 * 1024
BUSY_SECONDS: Final = 5.0

_SETTINGS: Final = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA journal_size_limit = {WAL_BYTES};
"""

_BEFORE_TABLES: Final = "PRAGMA auto_vacuum = INCREMENTAL;"
"""Can be set on an empty file only."""

_TABLES: Final = f"""
BEGIN;
PRAGMA user_version = {SCHEMA};
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE rounds (
    id INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL, time REAL NOT NULL, mode TEXT NOT NULL,
    seconds REAL NOT NULL, complete REAL NOT NULL, frozen TEXT, moves INTEGER NOT NULL, sentence TEXT NOT NULL,
    rules_file TEXT NOT NULL, rules_sha256 TEXT NOT NULL, content BLOB NOT NULL, follows INTEGER, before BLOB NOT NULL);
CREATE INDEX rounds_by_number ON rounds (number);
CREATE INDEX rounds_by_rules ON rounds (rules_sha256);
CREATE TABLE rules (sha256 TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE orders (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, round INTEGER NOT NULL, mode TEXT NOT NULL,
    vm TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL, state TEXT NOT NULL, is_open INTEGER NOT NULL,
    started REAL NOT NULL, ended REAL, content TEXT NOT NULL);
CREATE INDEX orders_by_end ON orders (is_open, ended);
CREATE TABLE order_changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    time REAL NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX order_changes_by_order ON order_changes (id);
CREATE TABLE sampled (
    edition INTEGER NOT NULL, thing TEXT NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL,
    PRIMARY KEY (edition, thing, place)) WITHOUT ROWID;
CREATE TABLE samples (
    id INTEGER PRIMARY KEY AUTOINCREMENT, edition INTEGER NOT NULL, thing TEXT NOT NULL, signal TEXT NOT NULL,
    time REAL NOT NULL, content BLOB NOT NULL);
CREATE INDEX samples_by_signal ON samples (thing, signal, time);
CREATE INDEX samples_by_edition ON samples (edition);
CREATE TABLE notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time REAL NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL);
COMMIT;
"""
"""`content` is the whole value as JSON (of a round compressed by zlib); the columns beside it can be asked for.

`before` is what a round began from, as far as it is not the state after the row that it `follows`. Of a sample
`content` is a line of the history: its figures as they stand in their columns, and `sampled` says whose those are.
"""

_DAMAGED: Final = "move the file away or bring back a copy; it is left as it is"
_REMEDIES: Final = MappingProxyType({
    "SQLITE_FULL": "free some space there; nothing is ordered until it can be written",
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_NOTADB": _DAMAGED,
    "SQLITE_BUSY": "find out who else holds it open; it is tried again",
    "SQLITE_READONLY": "let this user write there",
    "SQLITE_CANTOPEN": "let this user read and write there",
})  # fmt: skip
_REMEDY: Final = "check the disk, the space on it and who may write there; nothing is ordered until it can be written"


class NoJournalError(JournalError):
    """There is no journal, so that no daemon ever ran here."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Whatever the disk or the file does becomes a JournalError that says where, what, and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        family = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
        raise JournalError(f"{path}: {error}: {_REMEDIES.get(family, _REMEDY)}") from error
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}: {_REMEDY}") from error
    except (zlib.error, ValidationError, KeyError) as error:
        raise JournalError(f"{path}: what stands in it cannot be read: {_DAMAGED}") from error


def open_to_write(directory: Path) -> sqlite3.Connection:
    """The directory's journal, looked through, or a new one; to be called by whoever holds the lock."""
    path = directory / FILE
    with explained(path):
        connection = _connect(path.absolute().as_uri())
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def open_to_read(directory: Path) -> sqlite3.Connection:
    """The journal of that directory, or of that name, beside whoever writes it."""
    path = directory if directory.is_file() else directory / FILE
    with explained(path):
        if not path.exists():
            raise NoJournalError(f"{directory}: no journal yet: start the daemon with xen-balancer run")
        connection = _connect(f"{path.absolute().as_uri()}?mode=ro")
        try:
            _check_schema(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def claim(directory: Path, now: float) -> TextIO:
    """The directory, made at need, and its lock: held until the file is closed or the process ends, however it ends."""
    path = directory / LOCK
    with explained(path):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_mode(directory)
        lock = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalError(
                f"{directory}: held by {_holder(lock)}: stop that one, or give this daemon a state directory of its own"
            ) from None
        since = datetime.fromtimestamp(now, UTC)
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {socket.gethostname()} since {since:%Y-%m-%d %H:%M:%S} UTC\n")
        lock.flush()
    return lock


def _holder(lock: TextIO) -> str:
    with lock:
        lock.seek(0)
        return lock.read(1000).strip() or "another process"


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=True)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Look for damage before anything is written, set how it is written, and make the tables of a new file."""
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise JournalError(f"{path}: damaged ({found}): {_DAMAGED}")
    is_new = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    connection.executescript(_BEFORE_TABLES if is_new else "")
    connection.executescript(_SETTINGS)
    connection.executescript(_TABLES if is_new else "")
    _check_schema(connection, path)


def _check_schema(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA:
        raise JournalError(
            f"{path}: a journal of schema {version}, this version of xen-balancer knows {SCHEMA}:"
            " use the version that wrote it, or move the file away to begin a new one"
        )


def _check_mode(directory: Path) -> None:
    """Who may write here may make the daemon believe anything."""
    mode = directory.stat().st_mode & 0o777
    if mode & 0o022:
        raise JournalError(f"{directory}: others may write here (mode {mode:o}): chmod 700 {directory}")
