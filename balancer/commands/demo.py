"""`demo`: broker, agents and balancer on this machine, on a simulated farm; nothing else is needed."""

import signal
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from balancer.adapters.calendar import LANGUAGE
from balancer.adapters.rule_file import read
from balancer.commands.arguments import positive
from balancer.demonstration import child, demonstration, keep_journal
from balancer.errors import Exit, UsageError

HELP = "show it all on this machine: a broker, five agents on a simulated farm, and the daemon"


PROGRAM = Path(sys.executable).with_name("xen-balancer")
INTRODUCTION = """\
They answer. Soon web1 on xen2 gets busy; after three rounds above the limit a VM is moved.
Meanwhile, in another terminal: {program} status --state {state}
Ctrl-C ends it all."""
KEPT = Path("demo-state")
FAREWELL = """\
What was decided is in {kept} until the next demo here: {program} explain vm web1 --state {kept}
and {program} replay {kept}"""


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `demo`."""
    parser.add_argument("--rounds", type=positive, help="end after so many rounds of 2 s (default: at Ctrl-C)")
    parser.add_argument("--rules", type=Path, help="a rule file of your own; it is read again when it changes")


def run(arguments: Namespace) -> Exit:
    """Start everything, let the daemon talk, and clear up behind it. Ctrl-C ends it at any time."""
    if arguments.rules is not None:
        read(arguments.rules, LANGUAGE)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="xen-balancer-demo-", ignore_cleanup_errors=True) as folder:
        print("starting a broker and five agents ...", file=sys.stderr, flush=True)
        with demonstration(Path(folder), arguments.rules) as farm:
            print(INTRODUCTION.format(program=PROGRAM, state=farm.state), file=sys.stderr, flush=True)
            rounds = ["--rounds", str(arguments.rounds)] if arguments.rounds else []
            try:
                with child([*farm.daemon, *rounds], None) as daemon:
                    return _ended(daemon)
            finally:
                print(_kept(farm.state), file=sys.stderr, flush=True)


def _kept(state: Path) -> str:
    """Keep the journal of what was shown until the next demo; what can be done with it."""
    try:
        keep_journal(state, KEPT)
    except OSError as error:
        return f"{KEPT}: the journal cannot be kept: {error.strerror or error}"
    return FAREWELL.format(program=PROGRAM, kept=KEPT)


def _ended(daemon: subprocess.Popen[bytes]) -> Exit:
    code = daemon.wait()
    if code < 0:
        raise UsageError(f"the daemon was ended by signal {-code}; start the demo anew")
    return Exit(code)
