"""`policy check FILE…` and `policy explain FILE`: for whoever writes ActionPolicy files.

Rule: what is said here is what a server does, read and decided by the same functions. Exit code 1 where a file has a
mistake, so that it denies everything; warnings alone are 0.
"""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from agents.commands.ddl import schemas
from agents.mcollective.authorization.doubts import doubts
from agents.mcollective.authorization.lines import Decision, Request
from agents.mcollective.authorization.text import CALLER, Finding, read_file, read_groups_file
from agents.mcollective.ddl import Ddl
from agents.mcollective.settings import host_name

HELP: Final = "check policies, or explain what one decides"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `policy`."""
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    check = verbs.add_parser("check", help="name every mistake, and what is doubtful, with its place")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE", help="AGENT.policy, or the file groups")
    check.add_argument("--format", choices=("text", "json"), default="text", help="for people or for programs")
    check.set_defaults(verb=_check)
    explain = verbs.add_parser("explain", help="say which line decides, and why no earlier one does")
    explain.add_argument("file", type=Path, metavar="FILE", help="AGENT.policy")
    explain.add_argument("--caller", required=True, type=_caller, metavar="C", help="who asks: cert=NAME, uid=0")
    explain.add_argument("--action", required=True, metavar="A", help="what for")
    explain.add_argument("--fact", action="append", default=[], type=_fact, metavar="K=V", help="what the host has")
    explain.add_argument("--class", action="append", default=[], dest="classes", metavar="C", help="the same")
    explain.set_defaults(verb=_explain)


def run(arguments: Namespace) -> int:
    """The verb that was asked for; 1 where a file has a mistake."""
    exit_code: int = arguments.verb(arguments)
    return exit_code


def _caller(text: str) -> str:
    if not CALLER.fullmatch(text):
        raise ArgumentTypeError(f"“{text}” is no caller like cert=NAME or uid=0")
    return text


def _fact(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ArgumentTypeError(f"“{text}” is no fact; write NAME=VALUE")
    return name, value


# -- check


def _check(arguments: Namespace) -> int:
    findings = tuple(dict.fromkeys(finding for file in arguments.files for finding in _findings(file)))
    for finding in findings:
        _say(_FORMATS[arguments.format](finding))
    counted = Counter(finding.severity for finding in findings)
    if arguments.format == "text":
        told = ", ".join(_many(number, thing) for number, thing in (
            (len(arguments.files), "file"), (counted["error"], "error"), (counted["warning"], "warning"),
        ))  # fmt: skip
        _say(told)
    return 1 if counted["error"] else 0


def _findings(file: Path) -> Iterator[Finding]:
    if file.name == "groups":
        yield from read_groups_file(file)
        return
    reading = read_file(file)
    yield from sorted(
        (*reading.findings, *doubts(reading, schemas().get(file.stem))),
        key=lambda each: (each.file, each.line, each.column),
    )


def _document(finding: Finding) -> str:
    place = {"file": finding.file, "line": finding.line, "column": finding.column}
    said = {"severity": finding.severity, "code": finding.code, "message": finding.message, "hint": ""}
    return json.dumps({"format": "finding/1"} | place | said, ensure_ascii=False)


def _line(finding: Finding) -> str:
    return f"{finding}" if finding.severity == "error" else f"{finding} (warning)"


_FORMATS: Final[Mapping[str, Callable[[Finding], str]]] = MappingProxyType({"text": _line, "json": _document})


def _many(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


# -- explain


@dataclass(frozen=True, slots=True)
class _Host:
    """A host as the command line tells it; data functions look at this machine."""

    told_facts: Mapping[str, str]
    told_classes: Sequence[str]
    identity: str = field(default_factory=host_name)
    collectives: Sequence[str] = ("mcollective",)
    agents: Mapping[str, Ddl | None] = field(default_factory=schemas)

    def facts(self) -> Mapping[str, str]:
        return self.told_facts

    def classes(self) -> Sequence[str]:
        return self.told_classes


def _explain(arguments: Namespace) -> int:
    reading = read_file(arguments.file)
    mistakes = [finding for finding in reading.findings if finding.severity == "error"]
    for mistake in mistakes:
        _say(str(mistake))
    if mistakes:
        _say("denied: a policy with a mistake denies everything")
        return 1
    request = _request(arguments)
    for line, obstacle in reading.policy.steps(request):
        _say(f"{line.place}: {line.text}: {obstacle or 'decides'}")
    _say(_answer(request, reading.policy.decide(request)))
    return 0


def _request(arguments: Namespace) -> Request:
    host = _Host(dict(arguments.fact), arguments.classes)
    ddl = schemas().get(arguments.file.stem)
    action = ddl.action(arguments.action) if ddl else None
    return Request(arguments.caller, arguments.action, host, action is not None and action.explicit)


def _answer(request: Request, decision: Decision) -> str:
    verdict, may = ("allowed", "may") if decision.allowed else ("denied", "may not")
    return f"{verdict}: {request.caller} {may} {request.action} ({decision.why})"
