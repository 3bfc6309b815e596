"""`doctor`: whether everything is so that VMs can be moved, and for each VM where it could go and why not elsewhere."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path

from balancer.assembly.moment import examine_live
from balancer.commands.arguments import add_format, configuration_file
from balancer.commands.words import many
from balancer.config import read_configuration
from balancer.core.doctor.checkup import Check, Checkup
from balancer.core.doctor.prospects import Prospect
from balancer.core.formats import doctor_document, printable
from balancer.core.model import Rejection
from balancer.core.wording import refusal
from balancer.errors import Exit

HELP = "look whether everything is so that VMs can be moved: agents, clocks, libvirt, storage, every VM and host"
SHOWN = 10
"""Hosts told for each reason; the JSON has all."""


def add_arguments(parser: ArgumentParser) -> None:
    """The command line of `doctor`."""
    parser.add_argument("--config", type=Path, help="the daemon's configuration file")
    parser.add_argument("--rules", type=Path, help="the rule file (default: the configuration's)")
    add_format(parser)


def run(arguments: Namespace) -> Exit:
    """Look, tell, and end with 1 where something is wrong."""
    checkup = examine_live(read_configuration(configuration_file(arguments.config)), arguments.rules)
    if arguments.format == "json":
        print(json.dumps(doctor_document(checkup)))
    else:
        print("\n".join(printable(line) for line in in_words(checkup)))
    return Exit.DONE if checkup.is_well else Exit.FINDINGS


def in_words(checkup: Checkup) -> Iterator[str]:
    """The checkup for people, a line each."""
    for check in checkup.checks:
        yield from _check(check)
    for prospect in checkup.prospects:
        yield f"{prospect.vm} on {prospect.host}: {_whereto(prospect)}"


def _check(check: Check) -> Iterator[str]:
    yield f"{'wrong' if check.problems else 'ok':<6}{check.name:<9}{check.told}"
    for problem in check.problems:
        yield f"      {problem}"


def _whereto(prospect: Prospect) -> str:
    stays = next((each for each in prospect.rejections if each.host is None), None)
    if stays is not None:
        return f"stays: {refusal(stays)}"
    if not prospect.rejections:
        return "anywhere" if prospect.targets else "there is no other host"
    hosts = many(len(prospect.targets) + len(prospect.rejections), "other host")
    return f"to {len(prospect.targets)} of {hosts}; {'; '.join(_by_reason(prospect.rejections))}"


def _by_reason(rejections: Iterable[Rejection]) -> Iterator[str]:
    told: dict[str, list[str]] = {}
    for each in rejections:
        told.setdefault(refusal(each), []).append(str(each.host))
    for reason, hosts in told.items():
        more = f" and {len(hosts) - SHOWN} more" if len(hosts) > SHOWN else ""
        yield f"not {', '.join(hosts[:SHOWN])}{more} ({reason})"
