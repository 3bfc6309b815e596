"""What the rows of these tables are made of: a word of the language on a small farm on which it makes the difference.

Rule: a row is two rule files that differ by what the row is about, and all moves that each of them causes, told as
`ROUND VM: SOURCE -> TARGET`. A farm is told as `xen1 cores=8: web1 2.0 memory=2GiB, web2 1 | xen2:`, each VM with the
CPUs that it keeps busy; hosts have 4 cores and 16 GiB, VMs 4 vCPUs and 1 GiB unless they say otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

LISTS: Final = frozenset({"tags"})
NUMBERS: Final = frozenset({"cores", "vcpus"})
TRUTHS: Final = frozenset({"maintenance", "passthrough"})


@dataclass(frozen=True, slots=True)
class Row:
    """What it is about; a farm; the file without it and with it; the moves of either. `series` are a test file's."""

    word: str
    farm: str
    without: str
    within: str
    moves_without: str
    moves_within: str
    rounds: int = 2
    series: Mapping[str, str] = field(default_factory=dict)


def ground(row: Row) -> dict[str, Any]:
    """The row's farm and series as a test file has them."""
    hosts: dict[str, Any] = {}
    vms: dict[str, Any] = {}
    series = dict(row.series)
    for part in row.farm.split("|"):
        words, _, guests = part.partition(": ") if ": " in part else part.rstrip().rstrip(":").partition(": ")
        host, *figures = words.split()
        hosts[host] = {"cores": 4, "memory": "16GiB", **_figures(figures)}
        for guest in filter(str.strip, guests.split(",")):
            name, cpu, *more = guest.split()
            vms[name] = {"host": host, "vcpus": 4, "memory": "1GiB", **_figures(more)}
            series.setdefault(f"{name}.cpu", cpu)
    return {"hosts": hosts, "vms": vms, "series": series}


def _figures(words: list[str]) -> dict[str, Any]:
    return dict(map(_figure, words))


def _figure(word: str) -> tuple[str, Any]:
    key, _, value = word.partition("=")
    if key in LISTS:
        return key, value.split("+")
    if key in TRUTHS:
        return key, True
    if key == "facts":
        return key, dict([value.split(":")])
    return key, float(value) if key in NUMBERS else value


# -- what most rows start from ----------------------------------------------------------------------------------------

HOT: Final = "rule hot when host.cpu > 85% move vm by most cpu to host by least cpu"
LONG: Final = HOT.replace("85%", "85% for 3 rounds")
TWO: Final = "xen1: big 2.4, small 1.4 | xen2:"
THREE: Final = "xen1: big 2.4, small 1.4 | xen2: | xen3: idle 0.4"
FOUR: Final = "xen1 tags=rack:a: a 1.0, b 1.0, c 1.0, d 0.8 | xen2 tags=rack:a: | xen3 tags=rack:b: | xen4 tags=rack:b:"
EASE: Final = f"{HOT}\nlimit 9 at once\nrest vm 0 s"
FAR: Final = "limit 9 at once"
BIG: Final = "1 big: xen1 -> xen2"
OTHER: Final = "1 big: xen1 -> xen3"
SMALL: Final = "1 small: xen1 -> xen2"
NONE: Final = ""


def with_(statement: str, base: str = HOT) -> tuple[str, str]:
    """A file, and the same with one statement more, or with a blank in front one clause more."""
    return base, f"{base}{statement}" if statement.startswith(" ") else f"{base}\n{statement}"


def instead(part: str, other: str, base: str = HOT) -> tuple[str, str]:
    """A file, and the same with other words in one place."""
    assert part in base
    return base, base.replace(part, other)
