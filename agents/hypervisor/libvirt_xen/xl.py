"""Domains that Xen has and libvirt does not know of: what a libvirtd leaves behind that dies in mid-migration.

Rule: they are asked for with `xl`, as root alone may. Where it is not there, does not answer in time or says something
else, nothing is told. What may just come or go is not unknown: Xen must have it before and after libvirt was asked.
"""

import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from typing import Final

import libvirt

from agents.hypervisor.libvirt_xen.definition import Traits
from agents.hypervisor.libvirt_xen.domains import Domain, is_busy
from agents.hypervisor.sampling import Reading
from agents.report import UNKNOWN_TO_LIBVIRT

COMMAND: Final = ("xl", "list", "-v")
SECONDS: Final = 5.0

LINE: Final = re.compile(
    r"(?P<name>.+?) +(?P<id>\d+) +(?P<memory>\d+) +(?P<vcpus>\d+) +"
    r"(?P<state>[-r][-b][-p][-s][-c][-d]) +(?P<time>\d+\.\d+) (?P<uuid>[0-9a-f-]{36}) .*"
)
DYING: Final = "d"
STATES: Final[Mapping[str, str]] = {"c": "crashed", "s": "shutdown", "p": "paused", "b": "blocked"}
"""By the letter of its state, and the first one counts; without any of them it runs, or could."""


def unknown(connection: libvirt.virConnect) -> tuple[Domain, ...]:
    """The domains of this host that libvirt takes for nothing that runs, is paused or is on its way here."""
    before = _domains()
    if not before:
        return ()
    listed = connection.listAllDomains()
    known = {each.UUIDString() for each in listed if each.ID() >= 0 or is_busy(each)}
    strange = {each.identity for each in before if each.uuid not in known}
    return tuple(each for each in _domains() if each.identity in strange) if strange else ()


def _domains() -> tuple[Domain, ...]:
    """All of Xen's but Domain-0; none where it cannot be asked."""
    try:
        run = subprocess.run(  # noqa: S603 - no word of the command comes from outside
            COMMAND, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(told(run.stdout.decode(errors="replace"), time.monotonic())) if run.returncode == 0 else ()


def told(text: str, now: float) -> Iterator[Domain]:
    """What `xl list -v` has told at that instant, Domain-0 and what is being destroyed left out."""
    for seen in filter(None, map(LINE.fullmatch, text.expandtabs().splitlines())):
        if seen["id"] != "0" and DYING not in seen["state"]:
            yield Domain(
                uuid=seen["uuid"],
                name=seen["name"],
                id=int(seen["id"]),
                state=next((state for letter, state in STATES.items() if letter in seen["state"]), "running"),
                vcpus=int(seen["vcpus"]),
                memory_mb=float(seen["memory"]),
                persistent=False,
                reading=Reading(round(float(seen["time"]) * 1e9), now),
                traits=Traits(),
                note=UNKNOWN_TO_LIBVIRT,
            )
