"""What a rule may speak of: the names, their kinds and meanings, and in which clause each owner may be named.

Rule: a table that somebody else fills. The balancer hands its signals in as rows; the language adds only its own words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Self

from dsl.syntax import Kind


@dataclass(frozen=True, slots=True)
class Word:
    """One name: whose it is (`host`, `vm` or `farm`), of which kind, and what it means, unit included, in one line.

    `whole` is the name that this one is a part of, where people expect a share and get an amount: a VM's `cpu` of its
    `vcpus`. `can_be_even` is True for what hosts have because of their VMs, so that a goal can spread it. What is
    `counted` happens, and is not measured: over a time it can only be summed up. No figure is below 0, no share that a
    host reports above 100%; what is `discrete` is a whole number.
    """

    owner: str
    name: str
    kind: Kind
    meaning: str
    whole: str = ""
    can_be_even: bool = False
    counted: bool = False
    discrete: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All words, by owner and name, and the time zones that can be named."""

    words: Mapping[tuple[str, str], Word]
    zones: frozenset[str] = field(default=frozenset({"UTC"}))

    @classmethod
    def of(cls, words: Iterable[Word]) -> Self:
        """Collect words; a name that stands twice is the programmer's mistake and raises ValueError."""
        table: dict[tuple[str, str], Word] = {}
        for word in words:
            if table.setdefault((word.owner, word.name), word) is not word:
                raise ValueError(f"{word.owner}.{word.name} stands twice in the vocabulary")
        return cls(MappingProxyType(table))

    def with_zones(self, zones: Iterable[str]) -> Self:
        """The same words, and these time zones beside UTC."""
        return replace(self, zones=self.zones | frozenset(zones))

    def find(self, owner: str, name: str) -> Word | None:
        """The word, or None."""
        return self.words.get((owner, name))
