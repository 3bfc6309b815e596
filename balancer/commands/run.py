"""`run`: the daemon. It is dry until its configuration says `mode: active`."""

import logging
import signal
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from balancer.adapters.rehearsal import MODE as DRY_RUN
from balancer.assembly import OUTPUTS, Daemon, DaemonWish, daemon
from balancer.commands.arguments import configuration_file, positive, seconds
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
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    configuration = read_configuration(configuration_file(arguments.config))
    wish = DaemonWish(DRY_RUN if arguments.dry_run else None, arguments.interval, output=arguments.format)
    with daemon(configuration, wish, sys.stdout) as ready:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ready.stop())
        signal.signal(signal.SIGHUP, lambda *_: ready.rules.reload())
        print(_greeting(configuration, ready), file=sys.stderr)
        ready.loop.run(arguments.rounds)
    return Exit.DONE


def _greeting(configuration: Configuration, ready: Daemon) -> str:
    hosts = len(configuration.inventory)
    return (
        f"xen-balancer, {ready.mode}, {hosts} host{'s' if hosts != 1 else ''}, rules {ready.rules.in_force.file}, "
        f"state in {configuration.state}\nmetrics: {ready.metrics}"
    )
