"""`replay`: the days of a journal again, under the rules of then or under others.

Rule: it looks and changes nothing; a daemon that writes the journal meanwhile is not disturbed. What is modelled, and
how, is said with every figure that comes of it.
"""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from difflib import unified_diff
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from agents.progress import progress
from balancer.adapters.calendar import LANGUAGE
from balancer.adapters.journal_reader import BEGINNING, END, Mark
from balancer.adapters.rule_file import read
from balancer.commands.arguments import add_format
from balancer.commands.plan import in_words as plan_in_words
from balancer.commands.words import many, moment
from balancer.core.formats import plain, plan_document, printable
from balancer.core.model import Decision
from balancer.errors import Exit, UsageError
from balancer.replay import Compared, Days, Parting, Replayed, Told, again, compared, days, parting

HELP = "the days of a journal again: the same decisions under the rules of then, or what other rules would have done"

MODEL: Final = (
    "modelled: a VM wants the CPU that it was reported to use, and its share of what waited on its host;",
    "from the round after the end of a move on, busy, load and memory of both hosts are shifted by that;",
    "a move that was really made in the same round goes as it went; any other takes as long as moves of such VMs took",
    "before (else its memory at 100 MiB/s), does not fail, and is refused by no target but one that refused it then;",
    "what others did, pauses and drains are as they were; streaks and histories begin with the first round replayed;",
    "overloaded is a host that is 99% busy, or on which more waits than it has CPUs",
)
"""What is behind the right-hand column."""

_ROWS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "rounds": "rounds",
        "moves": "moves",
        "failed": "failed",
        "under_way": "under way",
        "returned": "returned",
        "overload_seconds": "overload, host-s",
        "imbalance": "imbalance",
        "violations": "violations",
        "frozen": "frozen rounds",
    }
)
"""What is told of both sides, in which words."""

_NOTHING: Final = ("identical", "difference", "old", "new", "model")
"""What replay/1 has as null where it was not asked for."""


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `replay`."""
    parser.add_argument("journal", type=Path, help="a state directory, or the journal in it")
    parser.add_argument("--rules", type=Path, help="what would these rules have done? (default: the rules of then)")
    parser.add_argument("--against", type=Path, help="with --bisect: hold --rules against these, not those of then")
    parser.add_argument("--bisect", action="store_true", help="name the first round that --rules decide otherwise")
    parser.add_argument("--since", type=_mark, default=BEGINNING, help="a round, or a time as 2026-12-01T22:00 (UTC)")
    parser.add_argument("--until", type=_last, default=END, help="the last round, or a time")
    add_format(parser)


def run(arguments: Namespace) -> Exit:
    """Let the days pass again."""
    if arguments.bisect and arguments.rules is None:
        raise UsageError("--bisect needs --rules: the rules that may decide otherwise")
    if arguments.against is not None and not arguments.bisect:
        raise UsageError("--against is for --bisect: without it --rules are held against what was")
    with (
        days(arguments.journal, arguments.since, arguments.until) as its,
        progress(sys.stderr, len(its.rows)) as told,
    ):
        found = _found(arguments, its, told)
        left_out = its.left_out
    if arguments.format == "json":
        print(json.dumps({"format": "replay/1", "left_out": left_out} | dict.fromkeys(_NOTHING) | document(found)))
    else:
        print("\n".join(printable(line) for line in in_words(found, left_out)))
    return Exit.FINDINGS if isinstance(found, Replayed) and found.difference else Exit.DONE


def _found(arguments: Namespace, its: Days, told: Told) -> Replayed | Compared | Parting:
    if arguments.rules is None:
        return again(its, told)
    rules = read(arguments.rules, LANGUAGE)
    if not arguments.bisect:
        return compared(its, rules, told)
    return parting(its, read(arguments.against, LANGUAGE) if arguments.against else None, rules, told)


def _mark(text: str) -> Mark:
    """A round by its number, or a moment."""
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return Mark(number=int(text))
    try:
        moment_ = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is neither a round nor a time as 2026-12-01T22:00") from None
    return Mark(time=(moment_ if moment_.tzinfo else moment_.replace(tzinfo=UTC)).timestamp())


def _last(text: str) -> Mark:
    """The same as an end: what it does not say has none."""
    mark = _mark(text)
    return replace(END, number=mark.number) if mark.number else replace(END, time=mark.time)


# -- for programs ------------------------------------------------------------------------------------------------------


def document(found: Replayed | Compared | Parting) -> dict[str, Any]:
    """replay/1, as far as it is asked for."""
    match found:
        case Replayed(rounds=rounds, difference=difference):
            return {"rounds": rounds, "identical": not difference, "difference": _difference(difference)}
        case Parting(rounds=rounds, decisions=decisions):
            return {"rounds": rounds, "identical": not decisions, "difference": _difference(decisions)}
        case Compared(old=old, new=new):
            return {"rounds": old.rounds, "old": plain(old), "new": plain(new), "model": " ".join(MODEL)}


def _difference(decisions: tuple[Decision, Decision] | None) -> dict[str, Any] | None:
    if decisions is None:
        return None
    old, new = (plan_document(each, 0.0) for each in decisions)
    return {"round": old["round"], "old": old, "new": new}


# -- for people --------------------------------------------------------------------------------------------------------


def in_words(found: Replayed | Compared | Parting, left_out: int) -> Iterator[str]:
    """What came of it, a line each."""
    if left_out:
        yield f"{many(left_out, 'round')} passed over: what they were decided from is no longer kept"
    match found:
        case Replayed(rounds=rounds, difference=None):
            yield f"{many(rounds, 'round')} decided again, every decision the same, byte for byte"
        case Replayed(difference=(old, new)):
            yield f"round {old.plan.round} is decided otherwise than it was:"
            yield from unified_diff(_lines(old), _lines(new), "then", "now", lineterm="")
        case Parting(rounds=rounds, decisions=None):
            yield f"in {many(rounds, 'round')} both decide the same"
        case Parting(decisions=(old, new)):
            yield from _parted(old, new)
        case Compared():
            yield from _side_by_side(found)


def _lines(decision: Decision) -> list[str]:
    return json.dumps(plan_document(decision, 0.0), indent=1).splitlines()


def _parted(old: Decision, new: Decision) -> Iterator[str]:
    yield f"round {old.plan.round} ({moment(old.observation.now)}) is the first that they decide differently"
    for decision in (old, new):
        yield f"{decision.rules_file} ({decision.rules_sha256[:8]}):"
        yield from (f"  {line}" for line in plan_in_words(decision))


def _side_by_side(both: Compared) -> Iterator[str]:
    old, new = plain(both.old), plain(both.new)
    yield f"rounds {both.first} to {both.last}"
    yield f"{'':18}{'as it was':>12}{'replayed':>12}"
    for name, words in _ROWS.items():
        yield f"{words:18}{_figure(old[name]):>12}{_figure(new[name]):>12}"
    yield from MODEL


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
