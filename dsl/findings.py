"""A mistake in a rule file, and how it is shown to whoever wrote it.

Rule: a finding is a value with a place and a way out; where it is shown is decided elsewhere.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from dsl.syntax import Span

SHOWN: Final = 100
"""As many findings of one file are told; who has more mends these first."""

_LETTERS: Final = 1_000_000
"""As many pairs of letters are held against each other in search of the words that were meant in one file."""

_WIDTH: Final = 120


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake (`error`) or one doubtful thing (`warning`), with the words of the file to point at."""

    severity: Literal["error", "warning"]
    code: str
    message: str
    span: Span
    hint: str = ""


def error(code: str, message: str, span: Span, hint: str = "") -> Finding:
    """What keeps the file from being run."""
    return Finding("error", code, message, span, hint)


def warning(code: str, message: str, span: Span, hint: str = "") -> Finding:
    """What may be meant, and is doubtful all the same."""
    return Finding("warning", code, message, span, hint)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant: the same parts in another order, else the most letters in common."""
    words = sorted(known)
    turned = (each for each in words if sorted(each.split("_")) == sorted(word.split("_")))
    return next(turned, None) or next(iter(difflib.get_close_matches(word, words, n=1, cutoff=0.6)), None)


@dataclass(slots=True)
class Speller:
    """Finds the words that were meant in one file, until that has taken long: then no more is looked for."""

    letters: int = _LETTERS

    def nearest(self, word: str, known: Iterable[str]) -> str | None:
        """As `nearest`; None as well where nothing is looked for."""
        words = tuple(known) if self.letters > 0 else ()
        self.letters -= len(word) * sum(map(len, words))
        return nearest(word, words) if self.letters >= 0 else None

    def did_you_mean(self, word: str, known: Iterable[str]) -> str:
        """The hint that names the nearest known word; empty where none is."""
        near = self.nearest(word, known)
        return f"did you mean {near}?" if near else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The hint that names the nearest known word; empty where none is near, or among so many that it takes long."""
    return Speller().did_you_mean(word, known)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By place, at most `SHOWN` of them: warnings are left out before any error is."""
    by_weight = sorted(findings, key=lambda finding: (finding.severity, *_place(finding)))
    told, left = sorted(by_weight[:SHOWN], key=_place), by_weight[SHOWN:]
    if not left:
        return tuple(told)
    if left[0].severity == "error":
        return *told, error("too-many", f"and {len(left)} more mistakes; mend these first", left[0].span)
    more = f"and {len(left)} more warning{'' if len(left) == 1 else 's'}"
    return *told, warning("and-more", more, left[0].span, "mend or allow these first")


def _place(finding: Finding) -> tuple[int, int]:
    return finding.span.line, finding.span.column


def render(finding: Finding, file: str, source_text: str) -> str:
    """Where, what and how grave; the line itself; a caret below the words in question, the way out behind it."""
    span = finding.span
    lines = source_text.split("\n")
    if not 0 < span.line <= len(lines) or not source_text:
        return _headline(finding, file, f": {finding.hint}" if finding.hint else "")
    shown, column, width = _window(_visible(lines[span.line - 1]), span)
    caret = _padding(shown, column) + "^" * width
    return f"{_headline(finding, file)}\n{span.line:>5} | {shown}\n      | {caret} {finding.hint}".rstrip()


def in_one_line(finding: Finding, file: str) -> str:
    """`file:line:col: code: message (hint) [severity]`, the form that editors read."""
    return _headline(finding, file, f" ({finding.hint})" if finding.hint else "")


def _headline(finding: Finding, file: str, hint: str = "") -> str:
    """The severity stands last: what reads `file:line:col: code: message` need not know of it."""
    span = finding.span
    return f"{file}:{span.line}:{span.column}: {finding.code}: {finding.message}{hint} [{finding.severity}]"


def _window(line: str, span: Span) -> tuple[str, int, int]:
    """The stretch of a long line round the span: its text, the column in it, the carets' number."""
    end = span.end_column if span.end_line == span.line else len(line) + 1
    start = max(0, span.column - _WIDTH // 2) if len(line) > _WIDTH else 0
    shown = line[start : start + _WIDTH]
    column = span.column - start
    return shown, column, max(1, min(end - start, len(shown) + 1) - column)


def _padding(shown: str, column: int) -> str:
    """Blanks up to the column, tabs where the line has tabs, so that the caret stands right in any terminal."""
    return "".join("\t" if character == "\t" else " " for character in shown[: column - 1].ljust(column - 1))


def _visible(line: str) -> str:
    """Without what a terminal would obey."""
    return "".join(character if character.isprintable() or character == "\t" else "�" for character in line.rstrip())
