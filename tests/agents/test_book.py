"""The file that outlives agents."""

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agents.book import Book, BookError

KILLED_WHILE_IT_WRITES = """
import os, signal, sys
from pathlib import Path
from agents.book import Book

with Book(Path(sys.argv[1])).writing() as book:
    book.execute("UPDATE epoch SET highest = 9")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "orders.sqlite"


def highest(file: Path) -> int:
    with Book(file).reading() as book:
        return int(book.execute("SELECT highest FROM epoch").fetchone()[0])


def test_it_is_for_nobody_else_to_read(file: Path) -> None:
    Book(file)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file.parent, file)] == [0o700, 0o600]


def test_what_was_written_is_on_the_disk(file: Path) -> None:
    with Book(file).reading() as book:
        assert book.execute("PRAGMA synchronous").fetchone()[0] == 2
    with Book(file).writing() as book:
        book.execute("UPDATE epoch SET highest = 7")
    assert highest(file) == 7


def test_what_ends_in_an_error_was_never_written(file: Path) -> None:
    def break_off() -> None:
        with Book(file).writing() as book:
            book.execute("UPDATE epoch SET highest = 7")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert highest(file) == 0


def test_who_is_killed_in_the_middle_has_written_nothing(file: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED_WHILE_IT_WRITES, str(file)], check=False, timeout=60)
    assert (done.returncode, highest(file)) == (-9, 0)


def test_a_folder_that_cannot_be_written_is_told(file: Path) -> None:
    file.parent.touch()
    with pytest.raises(BookError, match=r"state/orders\.sqlite cannot be used: .*; see that the folder is there"):
        Book(file)


def test_a_damaged_book_is_told(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("no book " * 100)
    with pytest.raises(BookError, match="file is not a database"):
        Book(file)


def test_a_book_of_a_newer_agent_is_left_alone(file: Path) -> None:
    Book(file)
    with sqlite3.connect(file) as newer:
        newer.execute("PRAGMA user_version = 2")
    newer.close()
    with pytest.raises(BookError, match="has version 2, this agent knows 1: install a newer one"):
        Book(file)
