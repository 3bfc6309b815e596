"""One way from the bytes of a rule file to rules that may be run.

Rule: all mistakes of a file are told at once, sorted by place; with an error among them there are no rules.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dsl.allowing import allowances, allowed_at, unused, without_allowed
from dsl.checking import check
from dsl.findings import Finding, in_order
from dsl.parser import parse
from dsl.reading import decoded
from dsl.ruleset import Ruleset
from dsl.syntax import Statement
from dsl.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Loaded:
    """The rules of a file (None: it cannot be run with), what there is to say of it, and its text to say it on.

    `statements` are those that could be read, as they were written, also where the file cannot be run with.
    """

    ruleset: Ruleset | None
    findings: tuple[Finding, ...]
    text: str
    statements: tuple[Statement, ...] = ()

    def with_more(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """All findings once others have been found elsewhere; what is told at a place is not told there again."""
        told = {(each.code, each.span.line) for each in self.findings}
        more = (each for each in findings if (each.code, each.span.line) not in told)
        return in_order((*self.findings, *without_allowed(more, allowances(self.text))))


def load(file: str, source: bytes, vocabulary: Vocabulary) -> Loaded:
    """Read, parse and check a rule file; `file` is its name for messages. Raises nothing, whatever the bytes."""
    text, refused = decoded(source)
    if refused:
        return Loaded(None, refused, text)
    parsed = parse(text)
    ruleset, found = check(parsed.statements, vocabulary, file, hashlib.sha256(source).hexdigest())
    certain = (*parsed.findings, *_certain(found, parsed.findings))
    findings = in_order(_told(certain, text))
    if ruleset is None or parsed.findings:
        return Loaded(None, findings, text, parsed.statements)
    return Loaded(replace(ruleset, text=source.decode()), findings, text, parsed.statements)


def _told(findings: Sequence[Finding], text: str) -> Iterable[Finding]:
    """Without what is allowed; what allows nothing is told where nothing worse is to be said."""
    if any(each.severity == "error" for each in findings):
        return without_allowed(findings, allowed_at(findings, text))
    allowed = allowances(text)
    return *without_allowed(findings, allowed), *unused(allowed, findings)


def _certain(found: Iterable[Finding], unread: tuple[Finding, ...]) -> Iterable[Finding]:
    """A set may be unknown only because its `let` could not be read."""
    return (finding for finding in found if not (unread and finding.code == "unknown-set"))
