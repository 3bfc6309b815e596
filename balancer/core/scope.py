"""What each clause of a rule may look at: whose figures its names mean, for how many hosts or VMs at once.

Rule: one constructor per clause of the language, each a table owner -> column and place; sets are worked out once a
round, on the reports.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from balancer.core.projection import Places, Projection
from balancer.core.signals import TABLE
from dsl.evaluation import Column, Flags, Truth, truth
from dsl.syntax import All, Let, NamedSet, One, Set

EVERYWHERE: Final = ...


@dataclass(frozen=True, slots=True)
class Reach:
    """Where an owner's values lie: a table of signals (`host`, `vm`, `farm`), places in it, the VM of `after`."""

    table: str
    places: Any = EVERYWHERE
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Sets:
    """The sets that `let` named, each over all VMs or all hosts."""

    named: Mapping[str, Truth]

    @classmethod
    def of(cls, lets: tuple[Let, ...], projection: Projection) -> Self:
        """Work the sets out in file order: a set may speak of those before it."""
        named: dict[str, Truth] = {}
        for let in lets:
            named[let.name] = cls(dict(named)).members(let.set, projection)
        return cls(named)

    def members(self, of: Set, projection: Projection) -> Truth:
        """Who belongs to a set, over all things of its kind."""
        match of:
            case NamedSet(name=name):
                return self.named[name]
            case One(thing=thing, name=name):
                return _certain(projection.names[thing] == name)
            case All(thing=thing, test=None):
                return _certain(np.ones(len(projection.names[thing]), dtype=bool))
            case All(thing="vm", test=test) if test is not None:
                return self._spread(
                    truth(test, of_vms(projection, self, np.arange(len(projection.cpu)))), projection.cpu
                )
            case All(test=test) if test is not None:
                return self._spread(truth(test, of_hosts(projection, self)), projection.cores)
        raise AssertionError(f"no such set: {of}")

    @staticmethod
    def _spread(result: Truth, like: Column) -> Truth:
        return Truth(np.broadcast_to(result.true, like.shape), np.broadcast_to(result.false, like.shape))


@dataclass(frozen=True, slots=True)
class ClauseScope:
    """A `dsl.evaluation.Scope` over a projection."""

    projection: Projection
    sets: Sets
    reach: Mapping[str, Reach]

    def value(self, owner: str, name: str) -> Column:
        """The column of a signal, at the owner's places."""
        reach = self.reach[owner]
        signal = TABLE[reach.table, name]
        if reach.after is not None and signal.after is not None:
            return signal.after(self.projection, reach.after)[reach.places]  # type: ignore[no-any-return]
        column = signal.of(self.projection)
        return column if column.ndim == 0 else np.asarray(column[reach.places])

    def picks(self, owner: str, how: str, pattern: str) -> Flags:
        """Where a name or a tag matches."""
        reach = self.reach[owner]
        return np.asarray(self.projection.matches(reach.table, how, pattern)[reach.places])

    def member(self, owner: str, set_name: str) -> Truth:
        """Where the owner is in a named set."""
        members, places = self.sets.named[set_name], self.reach[owner].places
        return Truth(np.asarray(members.true[places]), np.asarray(members.false[places]))


def of_farm(projection: Projection, sets: Sets) -> ClauseScope:
    """`freeze when`."""
    return ClauseScope(projection, sets, {"farm": Reach("farm")})


def of_hosts(projection: Projection, sets: Sets) -> ClauseScope:
    """`when` and `hosts …`: all hosts as they are."""
    return ClauseScope(projection, sets, {"host": Reach("host"), "farm": Reach("farm")})


def of_vms(projection: Projection, sets: Sets, vms: Places) -> ClauseScope:
    """`move vm` and `vms …`: these VMs, and where each is."""
    where = projection.where[vms]
    reach = {"vm": Reach("vm", vms), "source": Reach("host", where), "farm": Reach("farm")}
    return ClauseScope(projection, sets, reach)


def of_targets(projection: Projection, sets: Sets, vm: int) -> ClauseScope:
    """`to host`: every host as it is and as it would be with this VM."""
    reach = {
        "host": Reach("host"),
        "after": Reach("host", after=vm),
        "source": Reach("host", projection.where[vm]),
        "vm": Reach("vm", vm),
        "farm": Reach("farm"),
    }
    return ClauseScope(projection, sets, reach)


def of_source(projection: Projection, sets: Sets, host: int) -> ClauseScope:
    """`until`: the host that is relieved."""
    return ClauseScope(projection, sets, {"source": Reach("host", host), "farm": Reach("farm")})


def _certain(flags: Flags) -> Truth:
    return Truth(flags, ~flags)
