"""What the text of a fact is worth: whatever it is held against says how it is to be read.

Rule: as in the language itself, like is held against like. A text that cannot be read that way is unknown.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from dsl.syntax import Amount, Kind
from dsl.units import quantity, version_number

PREFIX: Final = "facts."
"""How the name of a fact begins."""

READINGS: Final = frozenset({Kind.TEXT, Kind.NUMBER, Kind.SHARE, Kind.SIZE, Kind.TIME, Kind.VERSION})
"""What a fact may be read as."""

_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")


def reading(kinds: frozenset[Kind], literal: Amount | None) -> Kind:
    """What a fact is read as, of these kinds; a plain number with a point in it is a version: 5.9 is below 5.10."""
    if kinds == READINGS:
        return Kind.TEXT
    if literal is not None and Kind.VERSION in kinds and "." in literal.text:
        return Kind.VERSION
    return Kind.NUMBER if Kind.NUMBER in kinds else min(kinds)


def read(texts: Iterable[str | None], kind: Kind) -> npt.NDArray[np.float64] | npt.NDArray[np.object_]:
    """The facts of hosts as one column; None stands for a host without this fact."""
    if kind is Kind.TEXT:
        return np.array(list(texts), dtype=object)
    understand = _UNDERSTOOD[kind]
    return np.array([math.nan if text is None else understand(text.strip()) for text in texts], dtype=float)


def _number(text: str) -> float:
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def _with_unit(kind: Kind) -> Callable[[str], float]:
    def understand(text: str) -> float:
        try:
            return quantity(text, kind)
        except ValueError:
            return math.nan

    return understand


_UNDERSTOOD: Final[Mapping[Kind, Callable[[str], float]]] = MappingProxyType({
    Kind.NUMBER: _number,
    Kind.VERSION: version_number,
    Kind.SHARE: _with_unit(Kind.SHARE),
    Kind.SIZE: _with_unit(Kind.SIZE),
    Kind.TIME: _with_unit(Kind.TIME),
})  # fmt: skip
