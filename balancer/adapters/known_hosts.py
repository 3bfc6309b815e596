"""Who is asked, who is expected, who takes part: configured hosts, and those that were found.

Rule: pure. A configured host takes part always; a found one after it has reported in two complete rounds, and until it
has not for so long that it counts as gone. A found host that takes no part yet holds nobody up: one that says nothing
is forgotten, until it is found again.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from balancer.core.model import ROUNDS_TO_JOIN, Discovered

MAX_DISCOVERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Heard:
    """What one round brought: hosts that answered anything at all, those of them whose report can be used, and when."""

    answered: Collection[str]
    reported: Collection[str]
    now: float


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """The hosts known between two rounds. Those of `configured` that are True are in maintenance.

    `forget` is how long, s, a found host that takes part may be silent.
    """

    configured: Mapping[str, bool]
    discovered: tuple[Discovered, ...] = ()
    forget: float = 3600.0

    @property
    def asked(self) -> tuple[str, ...]:
        """Every known host, by name."""
        return tuple(sorted({*self.configured, *(each.name for each in self.discovered)}))

    @property
    def members(self) -> frozenset[str]:
        """Those that take part."""
        return frozenset(self.configured) | {each.name for each in self.discovered if each.takes_part}

    def expected(self, reported: Collection[str]) -> tuple[str, ...]:
        """The members that must report, by name: all but those in maintenance, and these where they did."""
        away = {name for name, in_maintenance in self.configured.items() if in_maintenance}
        return tuple(sorted(name for name in self.members if name not in away or name in reported))

    def and_found(self, names: Iterable[str]) -> "KnownHosts":
        """With these as well, as far as there is room; who is known stays as it is."""
        strangers = tuple(map(Discovered, sorted(set(names) - set(self.asked))))
        return replace(self, discovered=(*self.discovered, *strangers)[:MAX_DISCOVERED])

    def after(self, heard: Heard) -> "KnownHosts":
        """As they stand once a round has ended."""
        is_complete = set(self.expected(heard.reported)) <= set(heard.reported)
        discovered = (self._heard(each, heard, is_complete=is_complete) for each in self.discovered)
        return replace(self, discovered=tuple(each for each in discovered if each is not None))

    def _heard(self, each: Discovered, heard: Heard, *, is_complete: bool) -> Discovered | None:
        """One of the found hosts after the round; None where it is forgotten."""
        if each.name in heard.reported:
            return Discovered(each.name, min(each.rounds + is_complete, ROUNDS_TO_JOIN))
        if not each.takes_part and each.name not in heard.answered:
            return None
        since = heard.now if each.silent_since is None else each.silent_since
        rounds = each.rounds if each.takes_part else 0
        return None if heard.now - since > self.forget else Discovered(each.name, rounds, since)
