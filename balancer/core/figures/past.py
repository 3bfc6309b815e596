"""What rules aggregate over time: how a round's figures come into the history, and what a window of it comes to.

Rule: a history is of reports. A VM's goes with its uuid wherever it runs; a host's begins anew with each boot, and is
told as if the VMs that it has now had been there all the time. It is unknown where it does not reach back over the
window, or half its rounds are missing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from balancer.core.blocks import Columns, Floats, Sums
from balancer.core.figures.projection import Projection
from balancer.core.figures.signals import TABLE, Signal
from balancer.core.history import NOTHING, History
from balancer.core.model import State
from balancer.core.observation import DIGITS
from dsl.clauses import THING
from dsl.evaluation import Column, Flags, leaves, reckoned
from dsl.ruleset import DEFAULT_EVERY, Ruleset
from dsl.syntax import Name, Over, Sum

EVERYWHERE: Final = ...
AT_A_TIME: Final = 500
"""Of how many things all lines of a window are held at once, for a percentile."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where an owner's values lie: a table of signals (`host`, `vm`, `farm`), places in it, the VM of `after`."""

    table: str
    places: Any = EVERYWHERE
    after: int | None = None

    def at(self, column: Column) -> Column:
        """What stands at these places; of a single text numpy would make another kind of column."""
        return column if column.ndim == 0 else np.asarray(column[self.places], dtype=column.dtype)


# -- into the history -------------------------------------------------------------------------------------------------


def recorded(reported: Projection, rules: Ruleset) -> State:
    """The state with this round in its history, as far as the rules ask for one."""
    state, observation, keep = reported.state, reported.observation, _kept(rules)
    if not keep:
        return replace(state, history=NOTHING, arrivals=())
    line = {(thing, name): np.atleast_1d(TABLE[thing, name].of(reported)) for thing, name in keep}
    owners = {thing: _owners(reported)[thing] for thing, _ in keep}
    history = replace(state.history.with_line(observation.now, owners, line, keep), every=rules.every or DEFAULT_EVERY)
    arrivals = dict.fromkeys((*state.arrivals, *observation.arrivals))
    recent = tuple(each for each in arrivals if 0.0 <= observation.now - each.seen < max(keep.values()))
    return replace(state, history=history, arrivals=recent)


def standing(reported: Projection, rules: Ruleset) -> History:
    """The history of a farm that has always been as it is now."""
    keep, every = _kept(rules), rules.every or DEFAULT_EVERY
    owners = _owners(reported)
    columns = {thing: {name: place for place, name in enumerate(owners[thing])} for thing, _ in keep}
    line = {(thing, name): np.atleast_1d(TABLE[thing, name].of(reported)) for thing, name in keep}
    rounds = round(looks_back(rules) / every)
    lines = [(reported.observation.now - number * every, line) for number in reversed(range(rounds))]
    return History.of(columns, lines, NOTHING.edition)


def looks_back(rules: Ruleset) -> float:
    """How many seconds of history the rules want at most."""
    return max(_kept(rules).values(), default=0.0)


def _kept(rules: Ruleset) -> dict[tuple[str, str], float]:
    """The figures that the rules aggregate, and for how many seconds each is kept."""
    keep: dict[tuple[str, str], float] = {}
    for over in rules.aggregates:
        for name in names(over):
            signal = THING[str(name.owner)], name.name
            if not TABLE[signal].counted:
                keep[signal] = max(keep.get(signal, 0.0), over.window.value)
    return keep


def _owners(reported: Projection) -> Mapping[str, list[str]]:
    """Whose the figures are, in the order of the columns."""
    observation = reported.observation
    return {
        "host": [f"{host.name} {host.boot_id}" for host in observation.hosts],
        "vm": [vm.uuid for vm in observation.vms],
        "farm": ["farm"],
    }


def names(over: Over) -> list[Name]:
    """What an aggregate is made of."""
    return [leaf for leaf in leaves(over.of) if isinstance(leaf, Name)]


# -- out of it --------------------------------------------------------------------------------------------------------


def rounds_of(over: Over, reported: Projection) -> int:
    """How many rounds the window of an aggregate holds."""
    return max(2, round(over.window.value / reported.state.history.every))


def aggregate(over: Over, reported: Projection, reach: Mapping[str, Reach]) -> Column:
    """What the reports come to, this round's included, at the owners' places; what is asked again is remembered."""
    owners = {str(name.owner) for name in names(over)}
    if len(owners) > 1:
        return _told(over, reported, reach)
    (owner,) = owners
    if over.number not in reported.past:
        reported.past[over.number] = _of_all(over, reported, owner)
    return reach[owner].at(reported.past[over.number])


def _of_all(over: Over, reported: Projection, owner: str) -> Column:
    """One figure for each thing of a table; where every line is wanted, of some things at a time."""
    table = THING[owner]
    count = reported.planned(table).size
    if over.function in _BY_SUMS or count <= AT_A_TIME:
        return _told(over, reported, {owner: Reach(table)})
    parts = np.array_split(np.arange(count), -(-count // AT_A_TIME))
    return np.concatenate([_told(over, reported, {owner: Reach(table, part)}) for part in parts])


def _told(over: Over, reported: Projection, reach: Mapping[str, Reach]) -> Column:
    """One figure for each place, or a single one; unknown where too little is known."""
    window, rounds = _Window(reported, reach, over.window.value), rounds_of(over, reported)
    sums = window.sums(over.of) if isinstance(over.of, Name) else Sums.of(window.reckoned(over.of))
    by_sums = _BY_SUMS.get(over.function)
    figures = by_sums(sums) if by_sums else _nearest_rank(window.reckoned(over.of), int(over.function[1:]))
    is_known = (2 * sums.count > rounds) & window.reaches_back(over)
    column = np.where(is_known, np.round(figures, DIGITS), np.nan)
    is_single = all(np.ndim(each.places) == 0 and each.places is not EVERYWHERE for each in window.reach.values())
    return np.asarray(column[0]) if is_single else column


_BY_SUMS: Final[Mapping[str, Callable[[Sums], Floats]]] = {
    "avg": lambda sums: np.divide(sums.total, sums.count, out=np.full_like(sums.total, np.nan), where=sums.count > 0),
    "sum": lambda sums: sums.total,
    "min": lambda sums: sums.least,
    "max": lambda sums: sums.most,
}


def _nearest_rank(lines: Floats, percent: int) -> Floats:
    """Of each column the least known figure that so many per cent of the known ones do not exceed."""
    ordered = np.array(lines.T if len(lines) else np.full((lines.shape[1], 1), np.nan), order="C")
    known = np.count_nonzero(~np.isnan(ordered), axis=1)
    rank = np.maximum(-(-known * percent // 100) - 1, 0)
    ordered.partition(np.unique(rank), axis=1)
    return np.asarray(np.take_along_axis(ordered, rank[:, np.newaxis], axis=1)[:, 0])


class _Window:
    """The lines of the last so many seconds, for those whom the owners reach.

    A report's figures are of the time before it, so a line at the very beginning of the window is not in it. Rounds may
    begin a little early or late.
    """

    def __init__(self, reported: Projection, reach: Mapping[str, Reach], seconds: float) -> None:
        self.reach = {owner: replace(each, places=0) if each.table == "farm" else each for owner, each in reach.items()}
        self._reported = reported
        self._history = reported.state.history
        self._begin = reported.observation.now - seconds + self._history.every / 2
        self._seconds = seconds

    def reckoned(self, of: Sum) -> Floats:
        """What a sum came to in each line."""
        lines = reckoned(of, self._lines)
        return np.asarray(lines)

    def sums(self, name: Name) -> Sums:
        """What the lines of one name come to; of hosts that took or gave a VM meanwhile, each is looked at."""
        sums = self._history.sums(self._signal(name), self._begin, self._columns(name))
        moved = np.flatnonzero(self._moved(name).any(axis=0))
        return sums.with_those(moved, Sums.of(self._lines(name)[:, moved])) if len(moved) else sums

    def reaches_back(self, over: Over) -> Flags:
        """Whether all that is asked for was known when the window began, or in its first round."""
        latest = self._begin + self._history.every
        since = [self._history.since(self._signal(name), self._columns(name)) for name in names(over)]
        return np.asarray(np.logical_and.reduce(np.broadcast_arrays(*(each <= latest for each in since))), dtype=bool)

    def _lines(self, name: Name | Over) -> Floats:
        assert isinstance(name, Name), "nothing is aggregated twice"
        lines = self._history.matrix(self._signal(name), self._begin, self._columns(name))
        shift = self._moved(name)
        return np.where(shift == 0.0, lines, np.maximum(lines + shift, 0.0)) if shift.size else lines

    def _signal(self, name: Name) -> tuple[str, str]:
        return self.reach[str(name.owner)].table, name.name

    def _columns(self, name: Name) -> Columns:
        reach = self.reach[str(name.owner)]
        if reach.table not in self._reported.past:
            owners = _owners(self._reported)[reach.table]
            self._reported.past[reach.table] = self._history.places(reach.table, owners)
        return np.atleast_1d(self._reported.past[reach.table][reach.places])

    def _moved(self, name: Name) -> Floats:
        """What has to be added to each line of hosts, as if the VMs that moved had been where they are now."""
        reach, key = self.reach[str(name.owner)], ("moved", self._signal(name), self._seconds)
        if key not in self._reported.past:
            self._reported.past[key] = self._shift(TABLE[self._signal(name)])
        shift: Floats = self._reported.past[key]
        return shift[:, np.atleast_1d(np.arange(shift.shape[1])[reach.places])] if shift.size else shift

    def _shift(self, signal: Signal) -> Floats:
        moved = [each for each in self._reported.state.arrivals if each.seen > self._begin]
        if signal.owner != "host" or signal.after is None or not moved:
            return np.empty((0, 0))
        times, places = self._history.times(self._begin), self._reported.place
        shift = np.zeros((len(times), len(places)))
        for each in moved:
            its = _part(signal.of(self._reported), signal.after, self._reported, each.uuid)
            for host, sign in ((each.source, -1.0), (each.target, 1.0)):
                if host in places:
                    shift[times < each.seen, places[host]] += sign * its[places[host]]
        return shift


def _part(now: Floats, after: Callable[[Projection, int], Column], reported: Projection, uuid: str) -> Floats:
    """What a VM makes of each host's figure; nothing while no host reports it, or several do."""
    vms = reported.places_of(uuid)
    return np.nan_to_num(after(reported, vms[0]) - now) if len(vms) == 1 else np.zeros_like(now)
