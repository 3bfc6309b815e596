"""`ddl`: what an agent can be asked, as MCollective's Ruby clients read it."""

import argparse
import importlib
import sys
from pathlib import Path
from typing import Final

import agents.plugins
from agents.mcollective.ddl import Ddl, render_ddl

HELP: Final = "print what an agent can be asked, as MCollective's Ruby clients read it"


def schemas() -> dict[str, Ddl]:
    """The built-in agents' schemas, by name."""
    folder = Path(agents.plugins.__file__).parent
    names = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    modules = {name: importlib.import_module(f"agents.plugins.{name}") for name in names}
    return {name: module.DDL for name, module in modules.items() if hasattr(module, "DDL")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.add_argument("agent", nargs="?", default="xenagent", choices=sorted(schemas()), help="default: xenagent")


def run(options: argparse.Namespace) -> int:
    """Print it."""
    sys.stdout.write(render_ddl(schemas()[options.agent]))
    return 0
