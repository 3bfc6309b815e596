"""`plan`: one round, now: gather, decide, print the plan and why. Without `--apply` nothing is changed."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter

from balancer.adapters.snapshot import write_snapshot
from balancer.assembly.moment import decide_live, decide_snapshot, single_round
from balancer.commands.arguments import add_format, configuration_file, positive
from balancer.commands.words import many
from balancer.config import read_configuration
from balancer.core.formats import plan_document, printable
from balancer.core.model import Decision, Move, Rejection
from balancer.core.wording import refusal, stays_broken
from balancer.errors import Exit, UsageError

HELP = "decide one round, print the plan and why; change nothing without --apply"
SHOWN = 5
"""Refused candidates told with each VM; the JSON has more."""


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `plan`."""
    parser.add_argument("--config", type=Path, help="the daemon's configuration file")
    parser.add_argument("--snapshot", type=Path, help="a farm/1 file to plan for, instead of the running farm")
    parser.add_argument("--rules", type=Path, help="the rule file (default: the configuration's)")
    parser.add_argument("--rounds-over", type=positive, help="suppose that this is the Nth round in trouble")
    parser.add_argument("--save", type=Path, help="write what was observed to a farm/1 file")
    parser.add_argument("--apply", action="store_true", help="order what may start now, and wait for it")
    add_format(parser)


def run(arguments: Namespace) -> Exit:
    """Decide and print, or with `--apply` decide and carry out."""
    if arguments.apply:
        return _apply(arguments)
    begin = perf_counter()
    decision = _decide(arguments)
    seconds = perf_counter() - begin
    _save(arguments.save, decision)
    if arguments.format == "json":
        print(json.dumps(plan_document(decision, seconds)))
    else:
        print("\n".join(printable(line) for line in in_words(decision)))
    return Exit.DONE


def _decide(arguments: Namespace) -> Decision:
    if arguments.snapshot:
        return decide_snapshot(arguments.snapshot, arguments.rules, arguments.rounds_over)
    configuration = read_configuration(configuration_file(arguments.config))
    return decide_live(configuration, arguments.rules, arguments.rounds_over)


def _apply(arguments: Namespace) -> Exit:
    if arguments.snapshot or arguments.save or arguments.format != "text":
        raise UsageError(
            "--apply carries the plan out and tells how it goes; it takes no --snapshot, --save or --format"
        )
    configuration = read_configuration(configuration_file(arguments.config))
    with single_round(configuration, arguments.rules, arguments.rounds_over, sys.stdout) as loop:
        loop.run(rounds=1)
    return Exit.DONE


def _save(path: Path | None, decision: Decision) -> None:
    if path is None:
        return
    try:
        write_snapshot(path, decision.observation)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from None


def in_words(decision: Decision) -> Iterator[str]:
    """The plan for people, a line each."""
    plan, seen = decision.plan, decision.observation
    hosts, vms = many(seen.expected, "host"), many(len(seen.vms), "VM")
    yield f"{len(seen.hosts)} of {hosts}, {vms}, rules {decision.rules_file}"
    for doubt in seen.doubts:
        yield f"in doubt: {doubt.why}"
    yield plan.sentence
    yield from (f"cannot be mended: {stays_broken(wall)}" for wall in plan.unmended)
    refused: dict[str, dict[str, list[Rejection]]] = {}
    for rejection in plan.rejections:
        refused.setdefault(rejection.vm, {}).setdefault(rejection.rule, []).append(rejection)
    for move in sorted(plan.moves, key=lambda move: move.wave):
        yield from _move_in_words(move, refused.pop(move.vm, {}))
    for vm, by_rule in refused.items():
        yield from (f"  {vm} stays ({rule}): {_refusals(rejections)}" for rule, rejections in by_rule.items())
    if plan.moves and plan.waiting:
        yield f"waiting for their window: {', '.join(plan.waiting)}"
    before, after = plan.before, plan.after
    if any(host.busy is not None for host in seen.hosts):
        spread = f"spread {before.cpu_std:.1%} -> {after.cpu_std:.1%}"
        yield f"busiest host {before.cpu_max:.0%} -> {after.cpu_max:.0%}, {spread}"


def _move_in_words(move: Move, refused: Mapping[str, Sequence[Rejection]]) -> Iterator[str]:
    """A move, and what was refused to whoever asked for it before; who asks later is told that it has moved already."""
    line = "" if move.line is None else f", line {move.line}"
    yield f"  wave {move.wave}: move {move.vm} from {move.source} to {move.target} ({move.rule}{line})"
    yield f"    {move.why}"
    for rule, rejections in refused.items():
        if any(each.host for each in rejections):
            yield f"    {'' if rule == move.rule else f'{rule}: '}{_refusals(rejections)}"


def _refusals(rejections: Sequence[Rejection]) -> str:
    """What keeps a VM where it is, or the hosts that it may not go to."""
    if rejections[0].host is None:
        return refusal(rejections[0])
    told = [f"{each.host} ({refusal(each)})" for each in rejections[:SHOWN]]
    more = [f"{many(len(rejections) - SHOWN, 'host')} more"] if len(rejections) > SHOWN else []
    return f"not {', '.join(told + more)}"
