"""What several commands take: numbers with their bounds, times with or without a unit, the daemon's whereabouts.

Rule: each raises ArgumentTypeError with what would be right, and argparse ends the command with exit code 2.
"""

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import Final

from balancer.config import PLACES, read_configuration
from balancer.errors import UsageError
from dsl.syntax import Kind
from dsl.units import quantity

MOST_ROUNDS: Final = 10_000_000
LONGEST: Final = 86_400.0


def positive(text: str) -> int:
    """A whole number from 1 on."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= MOST_ROUNDS:
        raise ArgumentTypeError(f"“{text}” is not a whole number from 1 to {MOST_ROUNDS}")
    return int(text)


def percent(text: str) -> float:
    """A share of a hundred: `80` or `80%`."""
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?%?", text) or float(text.rstrip("%")) > 100:
        raise ArgumentTypeError(f"“{text}” is not a number from 0 to 100")
    return float(text.rstrip("%"))


def seconds(text: str) -> float:
    """A time: `30s`, `2 min`, or a plain number of seconds."""
    try:
        value = float(text) if text.replace(".", "", 1).isdigit() else quantity(text, Kind.TIME)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
    if not 0.0 < value <= LONGEST:
        raise ArgumentTypeError(f"“{text}” is not between 0 and {LONGEST:g} s")
    return value


def add_daemon(parser: ArgumentParser) -> None:
    """`--state` or `--config`: which daemon is meant."""
    parser.add_argument(
        "--config", type=Path, help=f"the daemon's configuration (default: {' or '.join(map(str, PLACES))})"
    )
    parser.add_argument("--state", type=Path, help="its state directory, instead of a configuration")


def add_format(parser: ArgumentParser, *others: str) -> None:
    """`--format`: for whom it prints; `others` are formats that this command alone has."""
    choices = ("text", "json", *others)
    parser.add_argument("--format", choices=choices, default="text", help="for people or for programs")


def state_directory(arguments: Namespace) -> Path:
    """The state directory that is meant."""
    state: Path | None = arguments.state
    return state or read_configuration(configuration_file(arguments.config)).state


def configuration_file(given: Path | None) -> Path:
    """The configuration that was named, or the first that lies where one may; UsageError says which file to write."""
    if given is not None:
        return given
    for place in PLACES:
        if place.is_file():
            return place
    raise UsageError(
        f"no configuration: there is neither {' nor '.join(map(str, PLACES))}; "
        "write one (deploy/examples/balancer.yaml is a commented example) or name yours with --config"
    )
