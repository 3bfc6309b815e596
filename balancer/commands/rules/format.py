"""`rules format FILE…`: one canonical layout for rule files, comments and all.

Rule: a file with mistakes is left as it is, and so is one that is laid out already.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import unified_diff
from pathlib import Path
from types import MappingProxyType
from typing import Final

from balancer.adapters.rule_file import read_bytes, write_text
from balancer.commands.arguments import add_format
from balancer.commands.rules.sources import PIPE, Source
from balancer.commands.rules.telling import FINDINGS
from balancer.commands.words import many
from balancer.errors import Exit, UsageError
from dsl.findings import render
from dsl.formatting import Formatted, format_source

HELP = "lay rule files out as the manual does"
SAME, CHANGED, REFUSED = "same", "changed", "refused"
"""What may become of a file."""


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `rules format`."""
    parser.add_argument("files", nargs="+", metavar="FILE", help=f"a rule file; {PIPE}: from stdin to stdout")
    parser.add_argument("--check", action="store_true", help="write nothing: show what would change, and exit with 1")
    add_format(parser)


def run(arguments: Namespace) -> Exit:
    """Each file laid out, or shown as it would be."""
    files: list[str] = arguments.files
    if PIPE not in files:
        return _all_of(files, arguments)
    if len(files) > 1 or arguments.check or arguments.format != "text":
        raise UsageError(f"{PIPE} takes no other file, no --check and no --format: the layout itself is printed")
    return _piped()


def _piped() -> Exit:
    """The layout on stdout, in bytes as a file would have it; what is wrong on stderr."""
    source = Source.of(PIPE)
    result = format_source(source.content)
    for finding in result.findings:
        print(render(finding, source.called, result.before), file=sys.stderr)
    sys.stdout.buffer.write((result.text or "").encode())
    return Exit.FINDINGS if result.text is None else Exit.DONE


def _all_of(files: Sequence[str], arguments: Namespace) -> Exit:
    outcomes = Counter(_laid_out(Path(file), arguments) for file in files)
    if arguments.format == "text":
        changed = "would change" if arguments.check else "changed"
        print(f"{many(len(files), 'file')}: {outcomes[CHANGED]} {changed}, {outcomes[REFUSED]} with mistakes")
    found = outcomes[REFUSED] + (outcomes[CHANGED] if arguments.check else 0)
    return Exit.FINDINGS if found else Exit.DONE


def _laid_out(file: Path, arguments: Namespace) -> str:
    """What became of a file, told."""
    source = read_bytes(file)
    result = format_source(source)
    for finding in result.findings:
        print(FINDINGS[arguments.format](finding, str(file), result.before))
    outcome = _outcome(source, result)
    if outcome == CHANGED and not arguments.check:
        write_text(file, result.text or "")
    for told in _TOLD[arguments.format](file, outcome, result, is_check=arguments.check):
        print(told)
    return outcome


def _outcome(source: bytes, result: Formatted) -> str:
    if result.text is None:
        return REFUSED
    return SAME if result.text.encode() == source else CHANGED


def _in_words(file: Path, outcome: str, result: Formatted, *, is_check: bool) -> Iterator[str]:
    if outcome == CHANGED and is_check:
        before, after = result.before.split("\n"), (result.text or "").split("\n")
        yield from unified_diff(before, after, str(file), f"{file} laid out", lineterm="")
    elif outcome == CHANGED:
        yield f"changed {file}"


def _document(file: Path, outcome: str, _result: Formatted, *, is_check: bool) -> Iterator[str]:
    written = outcome == CHANGED and not is_check
    yield json.dumps({"format": "layout/1", "file": str(file), "outcome": outcome, "written": written})


_TOLD: Final[Mapping[str, Callable[..., Iterator[str]]]] = MappingProxyType({
    "text": _in_words,
    "json": _document,
})  # fmt: skip
