"""`check`: read the configuration, ask the hypervisor once, say what it reports."""

import argparse
import sys
from typing import Final

from agents.commands.arguments import add_config, config_file
from agents.config import load_config
from agents.drivers import open_hypervisor

HELP: Final = "read the configuration, ask the hypervisor once, say what it reports"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    add_config(parser, argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Look, and say."""
    report = open_hypervisor(load_config(config_file(options))).report()
    sys.stdout.write(
        f"{report.host}: load {report.load:.2f}, {report.cores:g} cores, "
        f"{report.memory_free_mb:.0f} of {report.memory_mb:.0f} MiB free, VMs: {len(report.vms)}\n"
    )
    return 0
