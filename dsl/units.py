"""The units of rules, scenarios and configuration: one table, one way to read `10 min`, `30s` or `32GiB`.

Rule: base units are seconds, MiB, shares 0-1, rounds and plain numbers; beyond this file nobody multiplies by 1024.
"""

import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dsl.syntax import Kind

UNITS: Final[Mapping[str, tuple[Kind, float]]] = MappingProxyType({
    "%": (Kind.SHARE, 0.01),
    "round": (Kind.ROUNDS, 1.0),
    "rounds": (Kind.ROUNDS, 1.0),
    "s": (Kind.TIME, 1.0),
    "min": (Kind.TIME, 60.0),
    "h": (Kind.TIME, 3600.0),
    "d": (Kind.TIME, 86400.0),
    "B": (Kind.SIZE, 2.0**-20),
    "KiB": (Kind.SIZE, 2.0**-10),
    "MiB": (Kind.SIZE, 1.0),
    "GiB": (Kind.SIZE, 2.0**10),
    "TiB": (Kind.SIZE, 2.0**20),
})  # fmt: skip

MISTAKEN: Final[Mapping[str, str]] = MappingProxyType({
    "GB": "GiB", "G": "GiB", "MB": "MiB", "M": "MiB", "KB": "KiB", "kB": "KiB", "K": "KiB", "TB": "TiB", "T": "TiB",
    "m": "min", "mins": "min", "minutes": "min", "minute": "min",
    "sec": "s", "secs": "s", "seconds": "s", "second": "s",
    "hour": "h", "hours": "h", "day": "d", "days": "d", "percent": "%",
})  # fmt: skip
"""What people write instead, and the unit they mean."""

_QUANTITY: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*([A-Za-z%]+)(/s)?")
_VERSION: Final = re.compile(r"([0-9]{1,5})(?:\.([0-9]{1,4}))?(?:\.([0-9]{1,4}))?")


def quantity(text: str, kind: Kind) -> float:
    """`30s`, `32GiB`, `5%` in the base unit of `kind`; ValueError says what would be right."""
    found = _QUANTITY.fullmatch(text.strip())
    wanted = " or ".join(unit for unit, (of, _) in UNITS.items() if of is kind)
    if found is None:
        raise ValueError(f"“{text}” is not a {kind}: write a number and a unit, {wanted}")
    number, unit, _per_second = found.groups()
    if unit not in UNITS:
        raise ValueError(f"“{unit}” is not a unit; did you mean {MISTAKEN.get(unit, wanted)}?")
    actual, _factor = UNITS[unit]
    if actual is not kind:
        raise ValueError(f"“{text}” is a {actual}, wanted is a {kind} ({wanted})")
    return based(float(number), unit)[1]


def based(value: float, unit: str) -> tuple[Kind, float]:
    """The kind of a unit of the table, and so much of it in the kind's base unit."""
    kind, factor = UNITS[unit]
    # 57 * 0.01 is a hair above 0.57, 57 / 100 is what a measured 57% will be held against
    return kind, value * factor if factor >= 1 else value / (1 / factor)


def version_number(text: str) -> float:
    """A version as one number that compares as versions do: 4.9 is below 4.17, 4.17 below 4.17.2.

    Reads the first three parts, digits at the head of each; NaN where there is no version.
    """
    found = _VERSION.match(text.strip())
    if found is None:
        return math.nan
    major, minor, patch = (int(part or 0) for part in found.groups())
    return major * 1e10 + minor * 1e5 + patch


def version_text(number: float) -> str:
    """The version of such a number, without a third part that is zero."""
    parts = [f"{number // scale % 1e5:.0f}" for scale in (1e10, 1e5, 1)]
    return ".".join(parts[:2] if parts[2] == "0" else parts)
