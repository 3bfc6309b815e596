"""One way from the bytes of a rule file to rules that may be run.

Rule: all mistakes of a file are told at once, sorted by place; with an error among them there are no rules.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

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


def load(file: str, source: bytes, vocabulary: Vocabulary) -> Loaded:
    """Read, parse and check a rule file; `file` is its name for messages. Raises nothing, whatever the bytes."""
    text, refused = decoded(source)
    if refused:
        return Loaded(None, refused, text)
    parsed = parse(text)
    ruleset, found = check(parsed.statements, vocabulary, file, hashlib.sha256(source).hexdigest())
    findings = in_order((*parsed.findings, *_certain(found, parsed.findings)), text)
    return Loaded(None if parsed.findings else ruleset, findings, text, parsed.statements)


def _certain(found: Iterable[Finding], unread: tuple[Finding, ...]) -> Iterable[Finding]:
    """A set may be unknown only because its `let` could not be read."""
    return (finding for finding in found if not (unread and finding.code == "unknown-set"))
