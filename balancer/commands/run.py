"""`run`: the daemon. It is dry until its configuration says `mode: active`."""

import gc
import signal
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from agents.log import log_to_stderr
from agents.version import version
from balancer.adapters.rehearsal import MODE as DRY_RUN
from balancer.assembly.daemon import Daemon, DaemonWish, daemon
from balancer.assembly.tables import OUTPUTS
from balancer.commands.arguments import configuration_file, positive, seconds
from balancer.commands.words import many
from balancer.config import Configuration, read_configuration
from balancer.errors import Exit

HELP = "the daemon: gather, decide, order, every round; dry until its configuration says mode: active"


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `run`."""
    parser.add_argument("--config", type=Path, help="the configuration file")
    parser.add_argument("--dry-run", action="store_true", help="move nothing, whatever the configuration says")
    parser.add_argument("--rounds", type=positive, help="end after so many rounds")
    parser.add_argument("--interval", type=seconds, help="time between rounds (default: the configuration's or rules')")
    parser.add_argument("--format", choices=sorted(OUTPUTS), default="text", help="for people, programs, or as in 2010")


def run(arguments: Namespace) -> Exit:
    """Run until told to stop."""
    log_to_stderr("warning")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both end it, even before the loop is there to be told
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    configuration = read_configuration(configuration_file(arguments.config))
    wish = DaemonWish(DRY_RUN if arguments.dry_run else None, arguments.interval, output=arguments.format)
    with daemon(configuration, wish, sys.stdout) as ready:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ready.stop())
        signal.signal(signal.SIGHUP, lambda *_: ready.rules.reload())
        print(_greeting(configuration, ready), file=sys.stderr)
        gc.freeze()  # what is there by now stays
        gc.disable()  # the clock collects while it waits; in a round of 1,000 hosts that would cost 0.1 s
        ready.loop.run(arguments.rounds)
    return Exit.DONE


def _greeting(configuration: Configuration, ready: Daemon) -> str:
    hosts = many(len(configuration.inventory), "host")
    found = "" if configuration.discovery is None else " and those that are found"
    return (
        f"xen-balancer {version()}, mode {ready.mode}, {hosts}{found}, state in {configuration.state}\n"
        f"metrics: {ready.metrics}"
    )
