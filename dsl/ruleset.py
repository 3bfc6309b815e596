"""A rule file that may be run: every name known, every unit right, every silence filled with its default.

Rule: made by `dsl.checking` alone; whoever holds a `Ruleset` need not check anything again.
"""

from dataclasses import dataclass
from typing import Final

from dsl.syntax import (
    NOWHERE,
    Amount,
    Balance,
    Cap,
    Compare,
    Drain,
    Freeze,
    Keep,
    Kind,
    Let,
    Name,
    Never,
    Over,
    Pack,
    Reserve,
    Rule,
    Window,
)

DEFAULT_EVERY: Final = 30.0
DEFAULT_CAPS: Final = (Cap(2, None, None, NOWHERE), Cap(1, None, "host", NOWHERE))
DEFAULT_FREEZE: Final = Freeze(
    Compare("<", Name("farm", "reports", NOWHERE), Amount(0.8, None, "80%", NOWHERE, Kind.SHARE), NOWHERE),
    "reports < 80%",
    NOWHERE,
)


@dataclass(frozen=True, slots=True)
class RestTimes:
    """Quiet after a move, in seconds; `line` is None where the file is silent."""

    vm: float = 900.0
    host: float = 0.0
    no_return: float = 7200.0
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Ruleset:
    """What a rule file says, by kind of statement, in file order (a `let` stands behind those it speaks of).

    `every` is in seconds, None where the file is silent; who holds rounds of another length says so here. `keeps` and
    `nevers` are walls, `prefers` and `avoids` the same words, soft. `aggregates` are all that it speaks of, each once.
    `text` is the file as it stands.
    """

    file: str
    sha256: str
    text: str = ""
    every: float | None = None
    lets: tuple[Let, ...] = ()
    rules: tuple[Rule, ...] = ()
    drains: tuple[Drain, ...] = ()
    keeps: tuple[Keep, ...] = ()
    nevers: tuple[Never, ...] = ()
    prefers: tuple[Keep, ...] = ()
    avoids: tuple[Never, ...] = ()
    reserve: Reserve | None = None
    windows: tuple[Window, ...] = ()
    goal: Balance | Pack | None = None
    caps: tuple[Cap, ...] = DEFAULT_CAPS
    rest: RestTimes = RestTimes()
    freezes: tuple[Freeze, ...] = (DEFAULT_FREEZE,)
    aggregates: tuple[Over, ...] = ()

    @property
    def zones(self) -> frozenset[str]:
        """The time zones that the file speaks of."""
        hours = [window.hours for window in self.windows]
        hours += [each.during for each in (*self.nevers, *self.avoids) if each.during is not None]
        return frozenset(each.zone for each in hours)
