"""MCollective's data plugins: small questions to a host, asked by compound filters, by policies and by `get_data`.

Rule: the names, fields and types of Ruby's own plugins, and its words where a query cannot be answered. A query costs
a bounded time: no file that is large or no regular one is read.
"""

import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from agents.mcollective.node import Node
from agents.mcollective.selection.matching import integer, is_text

MAX_HASHED: Final = 16 * 1024 * 1024
"""Bytes of a file whose MD5 is told."""


class DataError(Exception):
    """A query that has no answer, in MCollective's words; `status` is the code of a reply that says so."""

    def __init__(self, message: str, status: int = 5) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Question:
    """What a plugin may be asked: `pattern` is somewhere in a query of at most `maxlength` characters."""

    pattern: str
    maxlength: int
    answer: Callable[[str, Node, float], Mapping[str, Any]]


def plugins() -> list[str]:
    """The plugins, by the names that an inventory lists."""
    return [f"{name}_data" for name in _QUESTIONS]


def lookup(
    source: str, query: Any, node: Node, clock: Callable[[], float] = time.time
) -> Mapping[str, str | int | bool | None]:
    """What the plugin answers, by field; `source` with or without `_data`, `clock` in seconds since the epoch.

    None is a field that the plugin has and cannot fill. DataError where there is no such plugin or no answer.
    """
    name = source.lower().removesuffix("_data")
    question = _QUESTIONS.get(name)
    if question is None:
        raise DataError(f"No plugin {name}_data defined")
    problem = _problem(question, query)
    if problem is not None:
        raise DataError(f"Cannot validate input query: {problem}", 4)
    return question.answer(query, node, clock())


def _problem(question: Question, query: Any) -> str | None:
    if not is_text(query):
        return "value should be a string"
    if len(query) > question.maxlength:
        return f"Input string is longer than {question.maxlength} character(s)"
    found = re.search(question.pattern, query, re.MULTILINE | re.ASCII)
    return None if found else f"value should match (?-mix:{question.pattern})"


_OF_AGENTS: Final = ("license", "timeout", "description", "url", "version", "author")


def _agent(query: str, node: Node, _now: float) -> Mapping[str, Any]:
    if query not in node.agents:
        raise DataError(f"No agent called {query} found")
    return {field: getattr(node.agents[query], field, "unknown") for field in _OF_AGENTS} | {"agent": query}


def _collective(query: str, node: Node, _now: float) -> Mapping[str, Any]:
    return {"member": query in node.collectives}


_ABSENT: Final = object()


def _fact(query: str, node: Node, _now: float) -> Mapping[str, Any]:
    found: Any = dict(node.facts())
    for step in query.rstrip(".").split(".") if query.strip(".") else ():
        found = _step(found, step)
    if found is _ABSENT:
        return {"exists": False, "value": False, "value_encoding": False}
    if isinstance(found, str):
        return {"exists": True, "value": found, "value_encoding": "text/plain"}
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return {"exists": True, "value": text, "value_encoding": "application/json"}


def _step(found: Any, step: str) -> Any:
    if isinstance(found, dict):
        return found.get(step, _ABSENT)
    if not isinstance(found, list):
        return _ABSENT
    index = integer(step)
    if index is None:
        raise DataError(f'invalid value for Integer(): "{step}"')
    return found[index] if -len(found) <= index < len(found) else _ABSENT


def _fstat(query: str, _node: Node, now: float) -> Mapping[str, Any]:
    try:
        return _no_file(query) | (_file(query, now) if os.path.exists(query) else {})  # noqa: PTH110 - text, not a path
    except OSError:
        return _no_file(query)
    except (ValueError, OverflowError) as error:
        raise DataError(str(error)) from None


def _no_file(query: str) -> dict[str, Any]:
    zeros = dict.fromkeys(("present", "size", *_TIMES, *(f"{name}_seconds" for name in _TIMES), "md5", "uid", "gid"), 0)
    ages = dict.fromkeys(f"{name}_age" for name in _TIMES)
    return {"name": query, "output": "not present", "type": "unknown", "mode": "0000", **zeros, **ages}


def _file(path: str, now: float) -> dict[str, Any]:
    status = os.lstat(path)
    facts = {"output": "present", "present": 1, "size": status.st_size, "uid": status.st_uid, "gid": status.st_gid}
    times: dict[str, Any] = {}
    for name in _TIMES:
        seconds = int(getattr(status, f"st_{name}"))
        shown = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
        times |= {name: shown, f"{name}_seconds": seconds, f"{name}_age": int(now) - seconds}
    kind = next((kind for is_one, kind in _KINDS if is_one(status.st_mode)), "unknown")
    return {**facts, **times, "mode": f"{status.st_mode:o}", "type": kind, "md5": _md5(path) if kind == "file" else 0}


def _md5(path: str) -> str | None:
    """None where the file is too large, cannot be read, or is another one by now."""
    try:
        # What was a file a moment ago may be a link or a FIFO by now: neither followed nor waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_HASHED:
                return None
            return hashlib.md5(file.read(MAX_HASHED), usedforsecurity=False).hexdigest()
    except OSError:
        return None


_TIMES: Final = ("mtime", "ctime", "atime")
_KINDS: Final = (
    (stat.S_ISDIR, "directory"),
    (stat.S_ISREG, "file"),
    (stat.S_ISLNK, "symlink"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "chardev"),
    (stat.S_ISBLK, "blockdev"),
)
_QUESTIONS: Final[Mapping[str, Question]] = MappingProxyType({
    "agent": Question(r"^[\w\_]+$", 20, _agent),
    "collective": Question(".", 256, _collective),
    "fact": Question(".", 256, _fact),
    "fstat": Question(".+", 120, _fstat),
})  # fmt: skip
