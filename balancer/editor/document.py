"""A rule file in an editor: its text, what could be read of it, and where the words of it stand.

Rule: read once for each change; all features ask this value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from types import MappingProxyType
from typing import Self

from dsl.findings import Finding
from dsl.formatting import format_source
from dsl.loading import Loaded, load
from dsl.reading import Passage, passages, scraps
from dsl.syntax import Let, NamedSet, Span
from dsl.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of the text, by offsets; `end` is behind it."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Position:
    """A passage and where in the file it begins, for an offset inside of it."""

    passage: Passage
    start: int


@dataclass(frozen=True, slots=True)
class Document:
    """A file as the language sees it; `lets` by name, the first where one is given twice."""

    loaded: Loaded
    vocabulary: Vocabulary
    lets: Mapping[str, Let]
    _lines: tuple[int, ...]

    @classmethod
    def read(cls, text: str, vocabulary: Vocabulary) -> Self:
        """Any text; in what is no rule file nothing is read, and a finding says why."""
        loaded = load("", text.encode("utf-8", "replace"), vocabulary)
        lets = {let.name: let for let in reversed(loaded.statements) if isinstance(let, Let)}
        lengths = (len(line) + 1 for line in loaded.text.split("\n"))
        return cls(loaded, vocabulary, MappingProxyType(lets), (0, *accumulate(lengths)))

    @property
    def text(self) -> str:
        """What could be decoded."""
        return self.loaded.text

    def stretch(self, span: Span) -> Stretch:
        """Where a span of the language stands, within the text."""
        return Stretch(self._offset(span.line, span.column), self._offset(span.end_line, span.end_column))

    def shown(self, finding: Finding) -> Stretch:
        """The words to underline: never none, so that there is something to see."""
        where = self.stretch(finding.span)
        return where if where.start < where.end else Stretch(max(0, where.start - 1), where.end)

    def word(self, within: Stretch, number: int) -> Stretch:
        """The n-th word or sign of a part of the text; counted from the end where negative."""
        word = list(scraps(self.text[within.start : within.end]))[number]
        return Stretch(within.start + word.start, within.start + word.end)

    def position(self, offset: int) -> Position:
        """The passage round an offset."""
        start = 0
        for passage in passages(self.text):
            if offset <= start + len(passage.text):
                break
            start += len(passage.text) + 1
        return Position(passage, start)

    def thing(self, let: Let) -> str | None:
        """What a set is one of, `vm` or `host`; None where it cannot be told."""
        named, seen = let.set, {let.name}
        while isinstance(named, NamedSet):
            if named.name in seen or named.name not in self.lets:
                return None
            seen.add(named.name)
            named = self.lets[named.name].set
        return named.thing

    def laid_out(self) -> str | None:
        """The text in its canonical layout; None where it does not read."""
        return format_source(self.text.encode()).text

    def _offset(self, line: int, column: int) -> int:
        """Clamped to its line: a finding may point behind the last word."""
        if line >= len(self._lines):
            return len(self.text)
        return min(self._lines[line - 1] + column - 1, self._lines[line] - 1)
