"""`rules check FILE…`: every mistake of a rule file, with its place and the way out, and whether it can be run with."""

from argparse import ArgumentParser, Namespace
from collections import Counter
from pathlib import Path

from balancer.adapters.calendar import LANGUAGE
from balancer.assembly.moment import observe_running, observe_snapshot
from balancer.commands.arguments import add_daemon, add_format, state_directory
from balancer.commands.rules.sources import PIPE, Source
from balancer.commands.rules.telling import FINDINGS
from balancer.commands.words import many
from balancer.core.audit import audit
from balancer.core.model import Observation
from balancer.errors import Exit, UsageError
from dsl.findings import Finding
from dsl.loading import Loaded, load

HELP = "name every mistake of rule files, with its place"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `rules check`."""
    parser.add_argument("files", nargs="+", metavar="FILE", help=f"a rule file; {PIPE}: what stands on stdin")
    parser.add_argument("--strict", action="store_true", help="warnings count as findings")
    parser.add_argument("--snapshot", type=Path, help="a farm/1 file to hold the rules against")
    parser.add_argument("--live", action="store_true", help="hold them against the farm of the daemon's last round")
    add_daemon(parser)
    add_format(parser, "lines")


def run(arguments: Namespace) -> Exit:
    """Every finding, how many there are, and what they mean for whoever wants to run with these rules."""
    farm = _farm(arguments)
    counted = Counter({"error": 0, "warning": 0})
    refused = 0
    for file in arguments.files:
        source = Source.of(file)
        loaded = load(source.called, source.content, LANGUAGE)
        refused += loaded.ruleset is None
        for finding in _findings(loaded, farm):
            counted[finding.severity] += 1
            print(FINDINGS[arguments.format](finding, source.called, loaded.text))
    if arguments.format == "text":
        told = ", ".join([many(len(arguments.files), "file"), *(many(count, kind) for kind, count in counted.items())])
        print(f"{told}: {_verdict(len(arguments.files), refused, counted['error'])}")
    found = counted["error"] + (counted["warning"] if arguments.strict else 0)
    return Exit.FINDINGS if found else Exit.DONE


def _verdict(files: int, refused: int, errors: int) -> str:
    """What becomes of them in a balancer; of an error that only the farm tells, nothing is refused."""
    if refused:
        return "cannot be run with" if refused == files else f"{refused} of them cannot be run with"
    return "cannot hold together on this farm" if errors else "can be run with"


def _farm(arguments: Namespace) -> Observation | None:
    """The farm to hold the rules against, None where none is named."""
    if arguments.snapshot and arguments.live:
        raise UsageError("name one farm: --snapshot or --live")
    if arguments.snapshot:
        return observe_snapshot(arguments.snapshot)
    return observe_running(state_directory(arguments)) if arguments.live else None


def _findings(loaded: Loaded, farm: Observation | None) -> tuple[Finding, ...]:
    """What the text tells; where it has no error, what the farm tells as well."""
    if farm is None or loaded.ruleset is None:
        return loaded.findings
    return loaded.with_more(audit(loaded.ruleset, farm))
