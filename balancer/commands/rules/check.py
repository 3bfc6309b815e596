"""`rules check FILE…`: every mistake of a rule file, with its place and the way out."""

from argparse import ArgumentParser, Namespace
from collections import Counter
from pathlib import Path

from balancer.adapters.calendar import LANGUAGE
from balancer.adapters.rule_file import read_bytes
from balancer.commands.arguments import add_format
from balancer.commands.rules.telling import FINDINGS
from balancer.commands.words import many
from balancer.errors import Exit
from dsl.loading import load

HELP = "name every mistake of rule files, with its place"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `rules check`."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--strict", action="store_true", help="warnings count as findings")
    add_format(parser, "lines")


def run(arguments: Namespace) -> Exit:
    """Every finding, and how many there are."""
    counted = Counter({"error": 0, "warning": 0})
    for file in arguments.files:
        loaded = load(str(file), read_bytes(file), LANGUAGE)
        for finding in loaded.findings:
            counted[finding.severity] += 1
            print(FINDINGS[arguments.format](finding, str(file), loaded.text))
    if arguments.format == "text":
        told = ", ".join(many(count, kind) for kind, count in counted.items())
        print(f"{many(len(arguments.files), 'file')}: {told}")
    found = counted["error"] + (counted["warning"] if arguments.strict else 0)
    return Exit.FINDINGS if found else Exit.DONE
