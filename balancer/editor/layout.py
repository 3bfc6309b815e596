"""Where something stands, as editors count: lines from 0, and columns in the units of an encoding.

Rule: the rest of the room knows offsets into the text alone. For editors a lone carriage return ends a line, too; for
the language only a line feed does.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self

_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_ENCODINGS: Final[Mapping[str, tuple[str, int]]] = MappingProxyType({
    "utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4),
})  # fmt: skip
"""Python's name and the bytes of a unit, by the name that editors use."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line and a column in it, both from 0; the column counts units of the encoding."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The lines of a text, to and fro between places and offsets."""

    text: str
    encoding: str
    _starts: tuple[int, ...]

    @classmethod
    def of(cls, text: str, encoding: str) -> Self:
        """`encoding` is utf-8, utf-16 or utf-32."""
        return cls(text, encoding, (0, *(end.end() for end in _LINE_END.finditer(text))))

    def place(self, offset: int) -> Place:
        """The place of a character; the end of the text for what is beyond it."""
        line = bisect_right(self._starts, min(offset, len(self.text))) - 1
        before = self.text[self._starts[line] : offset]
        name, width = _ENCODINGS[self.encoding]
        return Place(line, len(before.encode(name, "surrogatepass")) // width)

    def offset(self, place: Place) -> int:
        """The character at a place; the end of its line, or of the text, for what is beyond it."""
        if place.line >= len(self._starts):
            return len(self.text)
        start = self._starts[place.line]
        line = _LINE_END.split(self.text[start : self._end(place.line)], maxsplit=1)[0]
        name, width = _ENCODINGS[self.encoding]
        before = line.encode(name, "surrogatepass")[: place.column * width]
        return start + len(before.decode(name, "ignore"))

    def _end(self, line: int) -> int:
        return self._starts[line + 1] if line + 1 < len(self._starts) else len(self.text)
