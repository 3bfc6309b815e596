"""`rules explain [FILE…]`: what is in force under a rule file, silence and defaults told as well."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from balancer.adapters.calendar import LANGUAGE
from balancer.adapters.rule_file import read
from balancer.assembly.moment import snapshot_case
from balancer.commands.arguments import add_format
from balancer.core.cycle import begun
from balancer.core.explanation.rulebook import Rulebook, rulebook, thing_of
from balancer.core.formats import plain, printable
from balancer.errors import Exit
from balancer.installation import DEFAULT, shipped
from dsl.syntax import Let

HELP = "what is in force: settings and defaults, the order of evaluation, who stops whom, each statement in words"
SHOWN: Final = 20
"""Members of a set that are told; the JSON has all."""


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `rules explain`."""
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help=f"rule files (default: {DEFAULT})")
    parser.add_argument("--snapshot", type=Path, help="a farm/1 file, to tell who belongs to each set")
    add_format(parser)


def run(arguments: Namespace) -> Exit:
    """Each file in turn; RulesError at the first that cannot be run with."""
    for file in arguments.files or [shipped(DEFAULT)]:
        book = _book(file, arguments.snapshot)
        if arguments.format == "json":
            print(json.dumps({"format": "rulebook/1"} | plain(book)))
        else:
            print("\n".join(printable(line) for line in in_words(book)))
    return Exit.DONE


def _book(file: Path, snapshot: Path | None) -> Rulebook:
    if snapshot is None:
        return rulebook(read(file, LANGUAGE))
    draft = begun(snapshot_case(snapshot, file))

    def members(let: Let) -> tuple[str, ...]:
        names = draft.projection.names[thing_of(let.set, draft.rules.lets)]
        return tuple(str(name) for name in names[draft.sets.named[let.name].true])

    return rulebook(draft.rules, members)


def in_words(book: Rulebook) -> Iterator[str]:
    """The rulebook for people."""
    yield f"{book.rules} ({book.sha256[:8]})"
    yield "settings"
    for setting in book.settings:
        where = "default" if setting.line is None else f"line {setting.line}"
        yield f"  {setting.name:10} {setting.told} ({where})"
    yield "order of evaluation, and what may stand against the moves of each step"
    yield from (f"  {line}" for line in _table(book))
    yield from (f"  {step.step}: {step.told}" for step in book.order)
    yield from (f"  {thing}: {told}" for thing, told in book.against.items())
    yield from _section("sets", [_set(each.line, each.name, each.text, each.members) for each in book.sets])
    yield from _section("statements", [f"{book.rules}:{each.line}: {each.told}" for each in book.statements])


def _table(book: Rulebook) -> Iterator[str]:
    """A line a step, a column for each thing that may stand against it."""
    rows = [("", *book.order[0].stops)]
    rows += [(f"{number} {step.step}", *step.stops.values()) for number, step in enumerate(book.order, 1)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield title
        yield from (f"  {line}" for line in lines)


def _set(line: int, name: str, text: str, members: tuple[str, ...] | None) -> str:
    if members is None:
        return f"{name} = {text} (line {line})"
    more = f" and {len(members) - SHOWN} more" if len(members) > SHOWN else ""
    return f"{name} = {text} (line {line}): {', '.join(members[:SHOWN]) or 'nobody'}{more}"
