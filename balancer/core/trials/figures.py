"""Figures as an author writes them into a test, and how they are held against measured ones.

Rule: what is told with three digits may be expected with three digits.
"""

import math
from collections.abc import Callable, Mapping
from typing import Final

from balancer.core.figures.past import Reach
from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import ClauseScope, Sets
from balancer.core.figures.signals import TABLE
from balancer.core.wording import spoken
from dsl.syntax import Kind
from dsl.units import quantity, version_number

Figure = float | str | None


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"“{text}” is not a number")
    return value


def _truth(text: str) -> float:
    if text not in {"true", "false"}:
        raise ValueError(f"“{text}” is neither true nor false")
    return float(text == "true")


_READ: Final[Mapping[Kind, Callable[[str], float | str]]] = {
    Kind.NUMBER: _number, Kind.VERSION: version_number, Kind.BOOL: _truth, Kind.TEXT: str,
}  # fmt: skip


def wanted(text: str, kind: Kind) -> float | str:
    """The figure that the text writes, in its kind's base unit; ValueError says what would be right."""
    read = _READ.get(kind)
    return read(text) if read else quantity(text, kind)


def told(figure: Figure, kind: Kind) -> str:
    """A figure as people say it."""
    if isinstance(figure, str):
        return figure
    if figure is None or math.isnan(figure):
        return "unknown"
    return ("false", "true")[bool(figure)] if kind is Kind.BOOL else spoken(figure, kind)


def is_as_written(figure: Figure, text: str, kind: Kind) -> bool:
    """Whether the text writes this figure, or what would be told in the same words; what nobody knows is `unknown`."""
    if figure is None or (isinstance(figure, float) and math.isnan(figure)):
        return text == "unknown"
    try:
        expected = wanted(text, kind)
    except ValueError:
        return False
    if isinstance(figure, str) or isinstance(expected, str):
        return figure == expected
    return math.isclose(figure, expected, rel_tol=1e-6, abs_tol=1e-9) or spoken(figure, kind) == spoken(expected, kind)


def measured(projection: Projection, owner: str, name: str, of: str | None) -> Figure:
    """A name of the language, of a host or VM by its name, or of the farm; None where there is no such thing now."""
    places: object = ...
    if of is not None:
        found = [place for place, each in enumerate(projection.names[owner]) if each == of]
        if not found:
            return None
        places = found[0]
    value = ClauseScope(projection, Sets(projection), {owner: Reach(owner, places)}).value(owner, name)[()]
    return value if isinstance(value, str) else None if value is None else float(value)


def known_names(owner: str) -> Mapping[str, Kind]:
    """What can be measured of a host, a VM or the farm, with its kind."""
    return {name: signal.kind for (whose, name), signal in TABLE.items() if whose == owner}
