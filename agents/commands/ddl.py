"""`ddl`: what an agent can be asked, as MCollective's Ruby clients read it.

Rule: no agent is made, and without a configuration there are ours alone.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from agents.config import load_config
from agents.daemon import BUILT_IN
from agents.errors import UsageError
from agents.mcollective.ddl import Ddl, render_ddl
from agents.mcollective.roster import agent_files, schema_of

HELP: Final = "print what an agent can be asked, as MCollective's Ruby clients read it"


def schemas() -> dict[str, Ddl]:
    """The built-in agents' schemas, by name."""
    found = ((name, schema_of(name, path)) for name, path in agent_files((BUILT_IN,)).items())
    return {name: ddl for name, ddl in found if ddl is not None}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.add_argument(
        "--config",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="F",
        help="an agent's configuration, for the agents in its folders (default: ours alone)",
    )
    parser.add_argument("agent", nargs="?", default="xenagent", help="default: xenagent")


def run(options: argparse.Namespace) -> int:
    """Print it."""
    files = _files(options.config)
    if options.agent not in files:
        advice = "" if options.config else "; name the configuration of a host that has it with --config"
        raise UsageError(f"there is no agent {options.agent}; known are {', '.join(sorted(files))}{advice}")
    path = files[options.agent]
    ddl = schema_of(options.agent, path)
    if ddl is None:
        raise UsageError(f"{path}: has no schema; where it is a SimpleRPC agent's call its Ddl `DDL`")
    sys.stdout.write(render_ddl(ddl))
    return 0


def _files(config: Path | None) -> Mapping[str, Path]:
    if config is None:
        return agent_files((BUILT_IN,))
    wire = load_config(config).mcollective
    return agent_files((BUILT_IN, *wire.agents), wire.inactive)
