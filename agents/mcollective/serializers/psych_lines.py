"""The YAML that peers nearly always write, line by line: a hash of symbols, of scalars, blocks and more such hashes.

Rule: what is taken here means exactly what the parser would make of it; what is not so plain is left to the parser.
It is here for a round of a thousand answers: libyaml looks at every character of each message, and of the one inside
it, several times over; this way costs two fifths.
"""

import json
import re
from itertools import takewhile
from types import MappingProxyType
from typing import Any, Final

from agents.mcollective.serializers import Limits, Symbol
from agents.mcollective.serializers.psych_scalars import plain

_START: Final = b"---\n"
_TAKEN: Final = bytes(range(ord(" "), ord("~") + 1)) + b"\n"
_STEP: Final = 2
"""How much further a hash or a block inside another is indented."""
_NAME: Final = re.compile(r"( *+):([A-Za-z_]\w{0,99}+):", re.ASCII)
_DOUBLE: Final = re.compile(r'"(?:[^"\\]++|\\["\\n])*+"')
_PLAIN: Final = re.compile(r"[A-Za-z_][\w.-]*+|\d{1,15}", re.ASCII)


class _NotSoPlainError(Exception):
    """For the parser, be it right or wrong."""


def lines_of_names(data: bytes, limits: Limits) -> dict[Symbol, Any] | None:
    """The hash in a document of such lines; None where there is anything else in it."""
    if not data.startswith(_START) or not data.endswith(b"\n") or data.translate(None, _TAKEN):
        return None
    try:
        return _Lines(data.decode("ascii").split("\n")[1:-1], limits).read()
    except _NotSoPlainError:
        return None


class _Lines:
    """`levels`: the hashes around the next line, the innermost last."""

    def __init__(self, lines: list[str], limits: Limits) -> None:
        self.lines = lines
        self.limits = limits
        self.at = 0
        self.levels: list[dict[Symbol, Any]] = [{}]
        self.values = 1

    def read(self) -> dict[Symbol, Any]:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            start = _NAME.match(line)
            if start is None:
                raise _NotSoPlainError
            self.at += 1
            self._settle(len(start[1]))
            self._enter(Symbol(start[2]), line[start.end() :])
        if not self.levels[-1]:
            raise _NotSoPlainError
        return self.levels[0]

    def _settle(self, indent: int) -> None:
        """Back to the hash that a line of this indentation belongs to; an empty one must have its first line now."""
        depth, rest = divmod(indent, _STEP)
        innermost = len(self.levels) - 1
        if rest or depth > innermost or (depth < innermost and not self.levels[-1]):
            raise _NotSoPlainError
        del self.levels[depth + 1 :]

    def _enter(self, name: Symbol, told: str) -> None:
        names = self.levels[-1]
        self.values += 2
        if name in names or self.values > self.limits.values:
            raise _NotSoPlainError
        if told:
            names[name] = self._block(told) if told.startswith(" |") else _scalar(told, self.limits)
            return
        inner: dict[Symbol, Any] = {}
        names[name] = inner
        self.levels.append(inner)
        if len(self.levels) > self.limits.depth:
            raise _NotSoPlainError

    def _block(self, header: str) -> str:
        """No line of it is empty, and its first one shows how far all are indented."""
        indent = " " * (len(self.levels) * _STEP)
        inside = takewhile(lambda line: line.startswith(indent) and line != indent, self.lines[self.at :])
        lines = [line[len(indent) :] for line in inside]
        if header not in _ENDS or not lines or lines[0].startswith(" "):
            raise _NotSoPlainError
        self.at += len(lines)
        return "\n".join(lines) + _ENDS[header]


_ENDS: Final = MappingProxyType({" |": "\n", " |-": ""})
"""What stands after the last line of a block, by its header."""


def _scalar(told: str, limits: Limits) -> Any:
    """Of the rest of a line, with the space before it."""
    if told.startswith(' "') and _DOUBLE.fullmatch(told, 1):
        return json.loads(told) if "\\" in told else told[2:-1]
    if told.startswith(" '") and told.endswith("'") and told.count("'") == len("''"):
        return told[2:-1]
    if told.startswith(" ") and _PLAIN.fullmatch(told, 1):
        return plain(told[1:], limits)
    raise _NotSoPlainError
