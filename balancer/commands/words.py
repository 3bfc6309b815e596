"""Words that several commands say: how many of a thing, and what happened beside rounds and orders.

Rule: one is one VM, two are two VMs; an event is told in a person's words, never as the program holds it.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from balancer.adapters.journal_reader import Note
from balancer.core.wording import stays_broken
from balancer.ports import MovedByOthers, OperatorActed, OrderHeld, RoundLost, RulesRead, StaysBroken, StrangerSeen


def many(count: int, thing: str) -> str:
    """How many of a thing: `1 host`, `2 hosts`."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def pause_document(reason: str | None) -> str:
    """pause/1: why nothing is ordered, null where orders go out."""
    return json.dumps({"format": "pause/1", "paused": reason})


def moment(time: float) -> str:
    """A time of day, UTC: `2026-12-01 22:00:00Z`."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S}Z"


def drained_in_words(drained: Mapping[str, Any]) -> Iterator[str]:
    """A host that an operator drains, as status/1 tells it: what is left there, and why."""
    left = {None: "it did not report", 0: "empty"}.get(drained["vms"]) or f"{many(drained['vms'], 'VM')} there"
    yield f"drained: {drained['host']} by {drained['who']} since {moment(drained['since'])}: {left}"
    yield from (f"  {each['vm']} stays: {each['why']}" for each in drained["stay"])


def in_short(event: Note) -> Iterator[str]:
    """What happened, a line each."""
    match event:
        case OrderHeld(vm=vm, source=source, target=target, why=why):
            yield f"held {vm} from {source} to {target}: {why}"
        case RoundLost(round=number, why=why):
            yield f"round {number} lost: {why}"
        case RulesRead(file=file, problem=None):
            yield f"rules in force: {file}"
        case RulesRead(file=file, problem=str(problem)):
            yield f"rules not read: {file} cannot be run with; the last good rules stay in force"
            yield from problem.splitlines()
        case OperatorActed(who=who, action=action, detail=detail):
            yield f"{action} by {who}{detail and f': {detail}'}"
        case MovedByOthers(journey=its):
            yield f"moved by others: {its.vm} from {its.source} to {its.target}"
        case StrangerSeen(host=host, order=order):
            yield f"a second balancer is at work: {host} has its order {order}"
        case StaysBroken(wall=wall):
            yield f"cannot be mended: {stays_broken(wall)}"
