"""Whose a name is, clause by clause: a bare name belongs to the noun of its clause, others carry an owner.

Rule: one row per clause; what a row does not list is refused there. `host.` in a clause about a VM is the host it runs
on, so it means the same as `source.` and is resolved to that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from dsl.vocabulary import Vocabulary

THING: Final[Mapping[str, str]] = MappingProxyType({
    "host": "host", "after": "host", "source": "host", "vm": "vm", "farm": "farm",
})  # fmt: skip
"""Under whom the vocabulary lists the names of each owner."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One place of the language that holds names.

    `bare` is the owner of a name without one (None: it must have one); `owners` gives what each written owner means.
    """

    title: str
    bare: str | None
    owners: Mapping[str, str]

    def owner(self, written: str | None) -> str | None:
        """Whose a name is that is written so, or bare; None where that has no meaning here."""
        return self.bare if written is None else self.owners.get(written)

    def ways(self, name: str, vocabulary: Vocabulary) -> tuple[str, ...]:
        """How this name can be written here, shortest first, one way for each meaning."""
        written = {owner: f"{word}." for word, owner in reversed(tuple(self.owners.items()))}
        if self.bare is not None:
            written = {self.bare: "", **{owner: word for owner, word in written.items() if owner != self.bare}}
        known = [prefix for owner, prefix in written.items() if vocabulary.find(THING[owner], name)]
        return tuple(f"{prefix}{name}" for prefix in sorted(known, key=len))

    def without_after(self) -> "Clause":
        """The same place inside an aggregate: a moment that has not come has no history."""
        owners = {word: owner for word, owner in self.owners.items() if owner != "after"}
        return replace(self, owners=MappingProxyType(owners))


def _clause(title: str, bare: str | None, **owners: str) -> Clause:
    return Clause(title, bare, MappingProxyType(owners))


WHEN: Final = _clause("“when”", None, host="host", farm="farm")
MOVE: Final = _clause("“move vm”", "vm", vm="vm", source="source", host="source", farm="farm")
TO: Final = _clause("“to host”", "host", after="after", source="source", vm="vm", farm="farm")
UNTIL: Final = _clause("“until”", None, source="source", farm="farm")
VMS: Final = _clause("a set of VMs", "vm", host="source")
HOSTS: Final = _clause("a set of hosts", "host")
ARRIVALS: Final = _clause("the hosts behind “to”", "host", after="after", source="source", vm="vm")
FREEZE: Final = _clause("“freeze when”", "farm", farm="farm")
