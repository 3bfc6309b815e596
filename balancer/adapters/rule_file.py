"""The rule file on disk: read at the start, and again at a round's boundary when it has changed.

Rule: there is always a ruleset in force. A file that cannot be run with leaves the last good one in place and says so
once per change; nothing half-read is ever used.
"""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from balancer.ports import Journal, JournalError, RulesRead
from dsl.findings import render
from dsl.loading import load
from dsl.ruleset import Ruleset
from dsl.vocabulary import Vocabulary

MAX_BYTES: Final = 1024 * 1024

Stamp = tuple[int, int, int, int]


class RulesError(Exception):
    """A rule file that cannot be run with; the message is ready to be printed, each finding with its place."""


def fine(_rules: Ruleset) -> None:
    """No objection."""


class RuleFile:
    """The rules of one file. Making it raises RulesError where they cannot be run with.

    `objection` says what beside the file stands against its rules, such as the configuration; None: nothing does.
    """

    def __init__(
        self, path: Path, vocabulary: Vocabulary, journal: Journal, objection: Callable[[Ruleset], str | None] = fine
    ) -> None:
        self._path = path
        self._vocabulary = vocabulary
        self._journal = journal
        self._objection = objection
        self._is_asked = False
        self._stamp = _stamp(path)
        self.in_force = self._accepted()
        self.problem: str | None = None
        self._news: RulesRead | None = RulesRead(str(path), None)
        self._tell()

    def current(self) -> Ruleset:
        """The rules in force, read anew when the file has changed or `reload` was asked for."""
        stamp = _stamp(self._path)
        if self._is_asked or stamp != self._stamp:
            self._is_asked, self._stamp = False, stamp
            self._read()
        self._tell()
        return self.in_force

    def reload(self) -> None:
        """Read the file at the next round's boundary, changed or not; from any thread or signal handler."""
        self._is_asked = True

    def _read(self) -> None:
        try:
            self.in_force = self._accepted()
            self.problem = None
        except RulesError as error:
            self.problem = str(error)
        self._news = RulesRead(str(self._path), self.problem)

    def _accepted(self) -> Ruleset:
        """The file's rules, where nothing beside them stands against them."""
        rules = read(self._path, self._vocabulary)
        if objection := self._objection(rules):
            raise RulesError(f"{self._path}: {objection}")
        return rules

    def _tell(self) -> None:
        """Journal what was read; while the journal cannot be written the news wait for the next round."""
        if self._news is not None:
            with suppress(JournalError):
                self._journal.record(self._news)
                self._news = None


def read(path: Path, vocabulary: Vocabulary) -> Ruleset:
    """The rules of a file; RulesError where it cannot be read or run with."""
    loaded = load(str(path), read_bytes(path), vocabulary)
    if loaded.ruleset is None:
        raise RulesError("\n".join(render(finding, str(path), loaded.text) for finding in loaded.findings))
    return loaded.ruleset


def read_bytes(path: Path) -> bytes:
    """The file as it is; RulesError where it cannot be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise RulesError(f"{path}:1:1: unreadable: not a regular file; name a rule file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RulesError(
            f"{path}:1:1: unreadable: {error.strerror}; name a rule file that this user may read"
        ) from None


def write_text(path: Path, text: str) -> None:
    """The file written anew, wholly or not at all, its mode and owner kept; RulesError where it cannot be written."""
    target = path.resolve()
    try:
        with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as beside:
            try:
                beside.write(text.encode())
                beside.flush()
                os.fsync(beside.fileno())
                _like(target, Path(beside.name))
                Path(beside.name).replace(target)
            except BaseException:
                Path(beside.name).unlink()
                raise
    except OSError as error:
        raise RulesError(
            f"{path}:1:1: unwritable: {error.strerror}; the file is as it was: name one that this user may write"
        ) from None


def _like(model: Path, path: Path) -> None:
    """Whose file it was, and who may read it; only root can give a file away."""
    status = model.stat()
    with suppress(PermissionError):
        os.chown(path, status.st_uid, status.st_gid)
    path.chmod(stat.S_IMODE(status.st_mode))


def _stamp(path: Path) -> Stamp | None:
    """What tells one version of the file from another; None while there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode
