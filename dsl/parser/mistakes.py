"""From where the parser stopped to a sentence that helps: what stood there, what could, and the way out.

Rule: told from the text itself; Lark says only where, and which terminals it would have taken.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self

from lark.exceptions import UnexpectedInput, UnexpectedToken

from dsl.findings import Finding, did_you_mean, error, nearest
from dsl.parser.expectation import expectation
from dsl.parser.grammar import patterns, reserved_words, spellings
from dsl.reading import Passage, Scrap, scraps
from dsl.syntax import Span
from dsl.units import MISTAKEN

_FOREIGN: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({
    "=": ("CMP", "=="), "&": ("AND", "and"), "|": ("OR", "or"), "!": ("NOT", "not"), "/": ("PER", "per"),
})  # fmt: skip
"""What other languages write, and where this one takes which word for it."""

_OTHER_QUOTES: Final = re.compile(r"""['\u2018-\u201e`]([^'\u2018-\u201e`"\s]{0,200})""")
"""What text processors and other languages put round a text, and the text."""

_EXAMPLES: Final[Mapping[str, str]] = MappingProxyType({
    "DAYS": "such as daily or mon-fri", "HOURS": "such as 20:00-06:00", "ZONE": "such as Europe/Paris or UTC",
})  # fmt: skip
"""What is written in a form of its own, which its description does not tell."""

_DIGITS: Final = 15
_LEFT_OUT: Final = 3
"""Words in a row that a person forgets."""

_OWNERS: Final = frozenset({"host", "vm", "source", "after", "farm"})
_DESCRIBED: Final[Mapping[str, str]] = MappingProxyType({
    "$END": "the end of the statement", "UNIT": "a unit", "NUMBER": "a number", "NAME": "a name", "REF": "a name",
    "STRING": "text in quotes", "CMP": "a comparison", "SIGN": "+ or -", "TIMES": "* or /", "FUNCTION": "an aggregate",
    "DAYS": "days", "HOURS": "hours", "ZONE": "a time zone",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mistake:
    """Where the parser stopped: what stood before, what stands there (None: nothing more), what could stand there."""

    passage: Passage
    before: Scrap | None
    found: Scrap | None
    wanted: frozenset[str]

    @classmethod
    def of(cls, passage: Passage, mistake: UnexpectedInput) -> Self:
        """Told from the text itself, since Lark's own account knows no comments and wants more than it would take."""
        wanted = frozenset[str](mistake.interactive_parser.accepts())  # type: ignore[no-untyped-call]  # Lark leaves it untyped
        if isinstance(mistake, UnexpectedToken) and mistake.token.type == "$END":
            *_, last = scraps(passage.text)
            return cls(passage, last, None, wanted)
        return cls(passage, *_around(passage.text, mistake.pos_in_stream or 0), wanted)

    def finding(self) -> Finding:
        """The sentence, the place, the way out."""
        wanted = " · ".join(_descriptions(self.wanted))
        return error("syntax", f"{self._complaint()}; wanted: {wanted}", self._place(), self._hint())

    def _complaint(self) -> str:
        if self.found is None:
            return f"the statement cannot end after {_quoted(self.before)}"
        if self.before is None:
            return f"{_quoted(self.found)} cannot begin a statement"
        return f"{_quoted(self.found)} cannot stand after {_quoted(self.before)}"

    def _place(self) -> Span:
        """The words in question; behind the last good one where they stand on a later line or nowhere."""
        if self.found is None:
            return self._behind()
        place = self.passage.span(self.found.start, self.found.end)
        return place if self.before is None or place.line == self._behind().line else self._behind()

    def _behind(self) -> Span:
        last = self.passage.span(0, self.before.end if self.before else 0)
        return Span(last.end_line, last.end_column + 1, last.end_line, last.end_column + 2)

    def _hint(self) -> str:
        if self.found is None:
            return self._example()
        hints = (
            self._quotes, self._farm_name, self._too_long, self._unit, self._skipped, self._near, self._left_out,
            self._outdented,
        )  # fmt: skip
        return next(filter(None, (hint(self.found) for hint in hints)), "") or self._example()

    def _example(self) -> str:
        return _EXAMPLES.get(next(iter(self.wanted)), "") if len(self.wanted) == 1 else ""

    def _skipped(self, found: Scrap) -> str:
        """A word of the language is hardly another one misspelt."""
        return self._left_out(found) if found.text in reserved_words() else ""

    def _left_out(self, found: Scrap) -> str:
        """The words that must stand before it, where nothing else could: `reserve memory for 1 host` lacks `lost`."""
        beginning, following, words = self.passage.text[: found.start], self.wanted, list[str]()
        while len(following) == 1 and len(words) < _LEFT_OUT:
            (word, *others) = spellings().get(next(iter(following)), ("",))
            if others or word not in reserved_words() or (self.before and self.before.text == word):
                return ""
            words.append(word)
            following = frozenset(expectation(f"{beginning} {' '.join(words)} ").following)
            if any(_can_be(found, terminal) for terminal in following):
                return f"did you leave out {' '.join(words)}?"
        return ""

    def _outdented(self, found: Scrap) -> str:
        is_clause = self.before is None and found.text in reserved_words()
        return "indent it, if it goes on with the statement above" if is_clause else ""

    def _quotes(self, found: Scrap) -> str:
        if found.text.startswith('"') and "STRING" in self.wanted:
            return "quotes open and close on one line, with at most 200 plain characters between them"
        other = _OTHER_QUOTES.match(self.passage.text, found.start)
        if other and "STRING" in self.wanted:
            return f'text goes in straight double quotes: "{other[1]}"'
        if found.text.startswith('"') and self.before is not None:
            return did_you_mean(self.before.text, ("tagged", "named"))
        bare = found.text[0].isdigit() or ("NAME" not in self.wanted and found.text[0].isalpha())
        if bare and "STRING" in self.wanted:
            return f'text goes in quotes: "{_run(self.passage.text, found)}"'
        return ""

    def _farm_name(self, found: Scrap) -> str:
        run = _run(self.passage.text, found)
        glued = self.before is not None and self.before.end == found.start and not run.isidentifier()
        behind_thing = re.search(r"\b(host|vm)\s+\S*\Z", self.passage.text[: found.start]) is not None
        return f'names from the farm go in quotes: "{run}"' if run and glued and behind_thing else ""

    def _unit(self, found: Scrap) -> str:
        meant = MISTAKEN.get(found.text) if "UNIT" in self.wanted else None
        return f"did you mean {meant}?" if meant else ""

    def _near(self, found: Scrap) -> str:
        terminal, word = _FOREIGN.get(found.text, ("", ""))
        if terminal in self.wanted:
            return f"did you mean {word}?"
        words = {word.lower(): word for name in self.wanted for word in spellings().get(name, ())}
        near = nearest(found.text.lower(), words)
        return f"did you mean {words[near]}?" if near else self._owned(found)

    def _owned(self, found: Scrap) -> str:
        owner, name = self.before.text.lower() if self.before else "", found.text.lstrip(".")
        is_name = name.isidentifier() and name not in reserved_words()
        return f"did you mean {owner}.{name}?" if owner in _OWNERS and is_name else ""

    def _too_long(self, found: Scrap) -> str:
        long = self.before is not None and self.before.end == found.start and len(self.before.text) >= _DIGITS
        return f"a number has at most {_DIGITS} digits, a name 64 letters" if long and found.text.isalnum() else ""


def _can_be(scrap: Scrap, terminal: str) -> bool:
    """Whether a scrap is one of these; a word of the language is no name."""
    if scrap.text in reserved_words():
        return scrap.text in spellings()[terminal]
    return re.fullmatch(patterns()[terminal], scrap.text) is not None


def _around(text: str, position: int) -> tuple[Scrap | None, Scrap | None]:
    """The scraps before and at a position, cut there where the position is in the midst of one."""
    before = None
    for scrap in scraps(text):
        if scrap.end > position:
            cut = max(0, position - scrap.start)
            return Scrap(scrap.text[:cut], scrap.start) if cut else before, Scrap(scrap.text[cut:], scrap.start + cut)
        before = scrap
    return before, None


def _run(text: str, found: Scrap) -> str:
    """All that is written in one go round a scrap: a farm's own names hold dots and dashes."""
    head = re.search(r"[\w.-]*\Z", text[: found.start])
    tail = re.match(r"[\w.-]*", text[found.start :])
    return (head[0] if head else "") + (tail[0] if tail else "")


def _quoted(scrap: Scrap | None) -> str:
    text = scrap.text if scrap else ""
    shown = "".join(character if character.isprintable() else f"U+{ord(character):04X}" for character in text[:40])
    return f"“{shown}…”" if len(text) > 40 else f"“{shown}”"


def _descriptions(wanted: Iterable[str]) -> list[str]:
    """Keywords first, then what stands for many."""
    described = {_DESCRIBED[name] for name in wanted if name in _DESCRIBED}
    words = {word for name in wanted if name not in _DESCRIBED for word in spellings()[name]}
    return sorted(words) + sorted(described)
