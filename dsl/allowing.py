"""Warnings that their author means: `# allow: CODE why`, on a line that the warning points at.

Rule: a reason is required, an error is never allowed, and what allows nothing is told, so that no comment outlives the
doubt that it stands for.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from dsl.codes import CODES
from dsl.findings import Finding, Speller, warning
from dsl.syntax import Span

_ALLOWED: Final = re.compile(r'(?:"[^"\n]*"|[^"#\n])*#.*?\b(allow:\s*([a-z-]+)\s+\S)')


@dataclass(frozen=True, slots=True)
class Allowance:
    """A comment that allows a code, and where it stands."""

    code: str
    span: Span


def allowances(text: str) -> tuple[Allowance, ...]:
    """All comments of a file that allow something, in order."""
    if "allow:" not in text:
        return ()
    lines = enumerate(text.split("\n"), 1)
    return tuple(each for number, line in lines if "allow:" in line for each in _in_line(line, number))


def _in_line(line: str, number: int) -> Iterator[Allowance]:
    found = _ALLOWED.match(line)
    if found is not None:
        yield Allowance(found[2], Span(number, found.start(1) + 1, number, found.end(2) + 1))


def allowed_at(findings: Iterable[Finding], text: str) -> tuple[Allowance, ...]:
    """The comments in the lines that these findings point at: where there is a mistake, no more is asked."""
    lines = text.split("\n") if "allow:" in text else []
    asked = sorted({line for finding in findings for line, _ in _uses(finding) if line <= len(lines)})
    return tuple(each for number in asked for each in _in_line(lines[number - 1], number))


def without_allowed(findings: Iterable[Finding], allowed: Iterable[Allowance]) -> Iterator[Finding]:
    """Those that nobody has allowed."""
    codes = {(each.span.line, each.code) for each in allowed}
    return (finding for finding in findings if not _uses(finding) & codes)


def unused(allowed: Iterable[Allowance], findings: Iterable[Finding]) -> Iterator[Finding]:
    """The comments that allow none of these findings; of what only a farm tells, nobody knows without one."""
    used = {use for finding in findings for use in _uses(finding)}
    speller = Speller()
    for each in allowed:
        code = CODES.get(each.code)
        if code is None:
            hint = speller.did_you_mean(each.code, CODES)
            yield warning("unused-allow", f"no warning is called {each.code}", each.span, hint)
        elif code.severity == "error":
            yield warning("unused-allow", f"{each.code} is an error, which nothing allows", each.span, "mend it")
        elif not code.with_farm and (each.span.line, each.code) not in used:
            yield warning("unused-allow", f"there is no {each.code} in this line", each.span, "take the comment out")


def _uses(finding: Finding) -> set[tuple[int, str]]:
    """The comments that would allow a finding, by line and code."""
    if finding.severity == "error":
        return set()
    lines = range(finding.span.line, finding.span.end_line + 1)
    return {(line, finding.code) for line in lines}
