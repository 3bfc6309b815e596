"""`simulate SCENARIO`: the same loop on a simulated farm, in virtual time."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from balancer.assembly.tables import OUTPUTS
from balancer.assembly.virtual import Wish, simulation
from balancer.commands.arguments import positive, seconds
from balancer.errors import Exit

HELP = "play rules on a simulated farm, in virtual time"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `simulate`."""
    parser.add_argument("scenario", type=Path, help="a scenario/1 file")
    parser.add_argument("--rules", type=Path, help="the rule file (default: the default.rules that came along)")
    parser.add_argument("--rounds", type=positive, help="rounds to play (default: until its last series or event ends)")
    parser.add_argument("--seed", type=int, help="the chance of the simulation (default: the scenario's)")
    parser.add_argument(
        "--interval", type=seconds, help="time between rounds (default: the scenario's, else the rules')"
    )
    parser.add_argument("--format", choices=sorted(OUTPUTS), default="text", help="for people, programs, or as in 2010")


def run(arguments: Namespace) -> Exit:
    """Play it and print what happened."""
    wish = Wish(
        arguments.scenario, arguments.rules, arguments.rounds, arguments.seed, arguments.interval, arguments.format
    )  # fmt: skip
    with simulation(wish, sys.stdout) as play:
        play.loop.run(play.rounds)
    print(SUMMARIES[arguments.format](play.summary()), end="")
    return Exit.DONE


def _in_words(summary: Mapping[str, Any]) -> str:
    return (
        f"rounds: {summary['rounds']}, moves: {summary['moves']}, failed: {summary['failed']}, "
        f"in doubt: {summary['in_doubt']}, returned: {summary['returned']}, "
        f"host-seconds overloaded: {summary['overload_seconds']:g}, violations: {summary['violations']}\n"
    )


SUMMARIES: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = MappingProxyType({
    "text": _in_words,
    "json": lambda summary: json.dumps(summary) + "\n",
    "classic": lambda _: "",
})  # fmt: skip
"""What ends each output; the balancer of 2010 had no summary."""
