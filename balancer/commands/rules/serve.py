"""`rules serve`: the language server, which an editor starts by itself."""

import sys
from argparse import ArgumentParser, Namespace

from agents.version import version
from balancer.adapters.calendar import LANGUAGE
from balancer.errors import Exit, UsageError

HELP = "help an editor with rule files: mistakes, completion, meanings (Language Server Protocol)"


def add_arguments(_parser: ArgumentParser) -> None:
    """It takes none: an editor asks for all that it wants."""


def run(_arguments: Namespace) -> Exit:
    """Answer until the editor is gone; UsageError where nobody can be answered."""
    if sys.stdin.isatty():
        raise UsageError("`rules serve` is started by an editor; deploy/editors/README.md says how")
    try:
        from balancer.editor.server import serve  # noqa: PLC0415  # pygls is an extra, which the farm's hosts do not need
    except ModuleNotFoundError as missing:
        raise UsageError(f"{missing.name} is missing; install it with: pip install 'xen-balancer[editor]'") from None
    serve(version(), LANGUAGE)
    return Exit.DONE
