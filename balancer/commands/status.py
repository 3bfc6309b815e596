"""`status`: what the running daemon last saw and does now."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from balancer.adapters.control import ask
from balancer.commands.arguments import add_daemon, add_format, state_directory
from balancer.commands.words import drained_in_words, many
from balancer.core.formats import printable
from balancer.core.model import ROUNDS_TO_JOIN
from balancer.errors import Exit

HELP = "what the running daemon last saw, and what it does now"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `status`."""
    add_daemon(parser)
    add_format(parser)


def run(arguments: Namespace) -> Exit:
    """Ask the daemon and print its answer."""
    status = ask(state_directory(arguments), "status")
    print(json.dumps(status) if arguments.format == "json" else "\n".join(map(printable, in_words(status))))
    return Exit.DONE


def in_words(status: Mapping[str, Any]) -> Iterator[str]:
    """status/1 for people, a line each."""
    yield f"mode {status['mode']}{'' if status['paused'] is None else ', ' + str(status['paused'])}"
    if status["rules_problem"]:
        yield "the rule file cannot be run with, the last good rules are in force:"
        yield from status["rules_problem"].splitlines()
    if status["lost"]:
        yield f"round {status['lost']['round']} lost: {status['lost']['why']}"
    yield from _round(status) if status["round"] is not None else ("no round yet",)
    for drained in status["drained"]:
        yield from drained_in_words(drained)
    for order in status["orders"]:
        yield from _order(order)


def _round(status: Mapping[str, Any]) -> Iterator[str]:
    """The last round: its sentence, each host, what is in doubt and what is left alone."""
    yield f"round {status['round']}, {len(status['hosts'])} of {many(status['expected'], 'host')}: {status['sentence']}"
    for name, host in status["hosts"].items():
        busy = "   ?" if host["cpu"] is None else f"{host['cpu']:4.0%}"
        streak = f"  in trouble for {many(host['streak'], 'round')}" if host["streak"] else ""
        yield f"  {name:20} cpu {busy}  load {host['load']:6.2f}  {many(host['vms'], 'VM'):>8}{streak}"
    yield from (f"  {name:20} silent" for name in status["silent"])
    for found in status["found"]:
        yield f"  {found['host']:20} newly found, in {found['rounds']} of {ROUNDS_TO_JOIN} complete rounds"
    for doubt in status["in_doubt"]:
        yield f"in doubt: {doubt['why']}"
    for host, failures in status["left_alone"].items():
        yield f"left alone: {host}, {many(failures, 'move')} failed there in a row; then: xen-balancer resume"


def _order(order: Mapping[str, Any]) -> Iterator[str]:
    """A move under way with its reason, one in doubt with what it looks like and what to say once it is known."""
    journey = f"{order['vm']} from {order['from']} to {order['to']}"
    if order["outcome"] != "in doubt":
        yield f"{order['outcome']}: {journey}: {order['why']}"
        return
    yield f"in doubt: {journey}: {order['detail']}"
    yield f"  once you know: xen-balancer resolve {order['id']} done|failed"
