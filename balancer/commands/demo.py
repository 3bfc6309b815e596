"""`demo`: broker, agents and balancer on this machine, on a simulated farm; nothing else is needed."""

import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from balancer.commands.arguments import positive
from balancer.demonstration import child, demonstration
from balancer.errors import Exit

HELP = "show it all on this machine: a broker, five agents on a simulated farm, and the daemon"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `demo`."""
    parser.add_argument("--rounds", type=positive, help="end after so many rounds of 2 s (default: at Ctrl-C)")


def run(arguments: Namespace) -> Exit:
    """Start everything, let the daemon talk, and clear up behind it."""
    with tempfile.TemporaryDirectory(prefix="xen-balancer-demo-") as folder:
        print("starting a broker and five agents ...", file=sys.stderr, flush=True)
        with demonstration(Path(folder)) as farm:
            rounds = ["--rounds", str(arguments.rounds)] if arguments.rounds else []
            with child([*farm.daemon, *rounds], None) as daemon:
                return _ended(daemon)


def _ended(daemon: subprocess.Popen[bytes]) -> Exit:
    """Wait for the daemon's own end, or for Ctrl-C, which ends it through the context."""
    try:
        return Exit(daemon.wait())
    except KeyboardInterrupt:
        return Exit.DONE
