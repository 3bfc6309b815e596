"""What each clause of a rule may look at: whose figures its names mean, for how many hosts or VMs at once.

Rule: one constructor per clause of the language, each a table owner -> column and place; sets are worked out once a
round, on the reports.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from balancer.core.figures.counts import counted, is_counted
from balancer.core.figures.domains import Domains
from balancer.core.figures.labels import Labels
from balancer.core.figures.past import Reach, aggregate, rounds_of
from balancer.core.figures.projection import Places, Projection
from balancer.core.figures.signals import TABLE
from balancer.core.model import Host, Vm
from balancer.core.observation import DIGITS
from dsl.evaluation import Column, Flags, Truth, truth, value
from dsl.facts import PREFIX
from dsl.syntax import All, Kind, Let, NamedSet, One, Over, Set


@dataclass(frozen=True, slots=True)
class Sets:
    """Who belongs to which set this round: each is over all VMs or all hosts, and worked out when first asked for.

    `named` are those that a `let` named.
    """

    reported: Projection
    named: dict[str, Truth] = field(default_factory=dict)
    _known: dict[int, Truth] = field(default_factory=dict)
    _labels: dict[tuple[str, str], Labels] = field(default_factory=dict)
    _domains: dict[str, Domains] = field(default_factory=dict)

    @classmethod
    def of(cls, lets: tuple[Let, ...], reported: Projection) -> Self:
        """The sets of a round, by its reports; those of `lets` in their order, for one may speak of those before it."""
        sets = cls(reported)
        for let in lets:
            sets.named[let.name] = sets.members(let.set)
        return sets

    def members(self, of: Set) -> Truth:
        """Who belongs to a set, over all things of its kind."""
        match of:
            case NamedSet(name=name):
                return self.named[name]
            case One(thing=thing, name=name):
                return _certain(self._labels_of(thing, "named").called(name))
            case All(thing=thing, test=None):
                return _certain(np.ones(len(self._things(thing)), dtype=bool))
            case All(number=int(number)):
                if number not in self._known:
                    self._known[number] = self._worked_out(of)
                return self._known[number]
        return self._worked_out(of)

    def matches(self, thing: str, how: str, pattern: str) -> Flags:
        """Which hosts or VMs are `named` or `tagged` like the pattern."""
        return self._labels_of(thing, how).matching(pattern)

    def domains(self, per: str) -> Domains:
        """Which hosts belong together where something is counted `per` host or tag key."""
        if per not in self._domains:
            self._domains[per] = Domains.of(per, self.reported.observation.hosts)
        return self._domains[per]

    def _worked_out(self, of: All) -> Truth:
        assert of.test is not None, "a set without a test is all there is"
        scope = of_all_vms(self.reported, self) if of.thing == "vm" else of_hosts(self.reported, self)
        result, shape = truth(of.test, scope), (len(self._things(of.thing)),)
        if result.true.shape == shape:
            return result
        return Truth(np.broadcast_to(result.true, shape), np.broadcast_to(result.false, shape))

    def _labels_of(self, thing: str, how: str) -> Labels:
        if (thing, how) not in self._labels:
            things = self._things(thing)
            labels = ((each.name,) for each in things) if how == "named" else (each.tags for each in things)
            self._labels[thing, how] = Labels(labels)
        return self._labels[thing, how]

    def _things(self, thing: str) -> Sequence[Host] | Sequence[Vm]:
        return self.reported.observation.vms if thing == "vm" else self.reported.observation.hosts


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
        return reach.at(column)

    def fact(self, owner: str, name: str, kind: Kind) -> Column:
        """The column of a fact of hosts, at the owner's places."""
        column = self.projection.facts(name.removeprefix(PREFIX), kind)
        return self.reach[owner].at(column)

    def over(self, over: Over) -> Column:
        """What the reports of that time come to, shifted by what moves under way and planned so far change now."""
        if is_counted(over):
            return counted(over, self.projection, self.sets.reported, self.reach)
        found = aggregate(over, self.sets.reported, self.reach)
        if self.projection is self.sets.reported:
            return found
        then = value(over.of, replace(self, projection=self.sets.reported))
        now = value(over.of, self)
        shift = np.where(np.isnan(now) & np.isnan(then), 0.0, now - then)
        lines = rounds_of(over, self.sets.reported) if over.function == "sum" else 1
        return np.asarray(np.round(found + lines * shift, DIGITS))

    def picks(self, owner: str, how: str, pattern: str) -> Flags:
        """Where a name or a tag matches."""
        reach = self.reach[owner]
        return np.asarray(self.sets.matches(reach.table, how, pattern)[reach.places])

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


def of_hosts_after(projection: Projection, sets: Sets, vm: int) -> ClauseScope:
    """`when`: each host as it would be with this VM."""
    return ClauseScope(projection, sets, {"host": Reach("host", after=vm), "farm": Reach("farm")})


def of_vms(projection: Projection, sets: Sets, vms: Places) -> ClauseScope:
    """`move vm`: these VMs, and where each is."""
    where = projection.where[vms]
    reach = {"vm": Reach("vm", vms), "source": Reach("host", where), "farm": Reach("farm")}
    return ClauseScope(projection, sets, reach)


def of_all_vms(projection: Projection, sets: Sets) -> ClauseScope:
    """`vms …`: all VMs, and where each is."""
    reach = {"vm": Reach("vm"), "source": Reach("host", projection.where), "farm": Reach("farm")}
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


def of_source(projection: Projection, sets: Sets, hosts: int | Places) -> ClauseScope:
    """`until`: the host that is relieved, or each of several."""
    return ClauseScope(projection, sets, {"source": Reach("host", hosts), "farm": Reach("farm")})


def _certain(flags: Flags) -> Truth:
    return Truth(flags, ~flags)
