"""`history`: what happened, from the journal; the daemon need not run."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any

from balancer.adapters.journal_reader import History, read_journal
from balancer.commands.arguments import add_daemon, add_format, positive, state_directory
from balancer.commands.words import in_short, moment
from balancer.core.formats import order_document, printable
from balancer.core.model import Order
from balancer.errors import Exit

HELP = "the last moves and what else happened, from the journal"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `history`."""
    add_daemon(parser)
    parser.add_argument("--last", type=positive, default=20, help="how many of each kind (default: 20)")
    add_format(parser)


def run(arguments: Namespace) -> Exit:
    """Read the journal and print its end."""
    journal = read_journal(state_directory(arguments))
    try:
        history = journal.history(arguments.last)
    finally:
        journal.close()
    told = (json.dumps(each) for each in documents(history)) if arguments.format == "json" else in_words(history)
    for line in told:
        print(printable(line))
    return Exit.DONE


def documents(history: History) -> Iterator[dict[str, Any]]:
    """One JSON object an order, the newest last."""
    for order in history.orders:
        times = {"id": order.id, "round": order.round, "started": order.started, "ended": order.ended}
        yield {"format": "order/1", "mode": order.mode} | times | order_document(order)


def in_words(history: History) -> Iterator[str]:
    """Rounds, orders and notes, in the order of time."""
    told = [(line.time, f"round {line.number}: {line.sentence}") for line in history.rounds]
    told += [(order.started, _order(order)) for order in history.orders]
    told += [(noted.time, words) for noted in history.notes for words in in_short(noted.event)]
    if not told:
        yield "nothing has happened yet"
    for time, words in sorted(told, key=lambda each: each[0]):
        yield f"{moment(time)}  {words}"


def _order(order: Order) -> str:
    move = order.move
    detail = f" [{order.detail}]" if order.detail else ""
    journey = f"{move.vm} from {move.source} to {move.target}"
    return f"{order.state}{_seconds(order)} ({order.mode}): {journey}: {move.why}{detail}"


def _seconds(order: Order) -> str:
    """How long it took, and should have taken."""
    if order.ended is None:
        return ""
    took = order.ended - order.started if order.seconds is None else order.seconds
    expected = "" if order.predicted is None else f", {order.predicted:.0f} s expected"
    return f" after {took:.0f} s{expected}"
