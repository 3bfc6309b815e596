"""`demo`: broker, agents and balancer on this machine, on a simulated farm; nothing else is needed."""

import signal
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from balancer.commands.arguments import positive
from balancer.demonstration import child, demonstration
from balancer.errors import Exit, UsageError

HELP = "show it all on this machine: a broker, five agents on a simulated farm, and the daemon"


PROGRAM = Path(sys.executable).with_name("xen-balancer")
INTRODUCTION = """\
They answer. Soon web1 on xen2 gets busy; after three rounds above the limit a VM is moved.
Meanwhile, in another terminal: {program} status --state {state}
Ctrl-C ends it all."""


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `demo`."""
    parser.add_argument("--rounds", type=positive, help="end after so many rounds of 2 s (default: at Ctrl-C)")


def run(arguments: Namespace) -> Exit:
    """Start everything, let the daemon talk, and clear up behind it. Ctrl-C ends it at any time."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="xen-balancer-demo-", ignore_cleanup_errors=True) as folder:
        print("starting a broker and five agents ...", file=sys.stderr, flush=True)
        with demonstration(Path(folder)) as farm:
            print(INTRODUCTION.format(program=PROGRAM, state=farm.state), file=sys.stderr, flush=True)
            rounds = ["--rounds", str(arguments.rounds)] if arguments.rounds else []
            with child([*farm.daemon, *rounds], None) as daemon:
                return _ended(daemon)


def _ended(daemon: subprocess.Popen[bytes]) -> Exit:
    code = daemon.wait()
    if code < 0:
        raise UsageError(f"the daemon was ended by signal {-code}; start the demo anew")
    return Exit(code)
