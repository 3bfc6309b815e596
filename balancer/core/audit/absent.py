"""What a file speaks of and the farm has not: names, tags, sets of nobody, figures that no report carries.

Rule: each is told where it stands first, with the nearest that there is. A set by figures may well be empty today; one
by names and tags was meant to hold somebody.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from balancer.core.audit.words import Word, sets_of, words, words_of
from balancer.core.figures.scope import Sets, of_hosts, of_vms
from balancer.core.figures.tags import SEPARATOR, named
from dsl.clauses import THING
from dsl.evaluation import value
from dsl.findings import Finding, nearest, warning
from dsl.ruleset import Ruleset
from dsl.syntax import All, Name, One, Pick, Span

NEAR: Final = 2000
"""Labels among which the nearest is looked for."""
SHOWN: Final = 3

_CALLED: Final = {"vm": "VM", "host": "host"}
_NUMBER: Final = re.compile(r"[-_.]?\d+$")


def absent(rules: Ruleset, sets: Sets) -> Iterator[Finding]:
    """Patterns, names and sets that nobody answers to."""
    told: set[tuple[str, str, str]] = set()
    for word in words_of(rules):
        if isinstance(word, Pick) and _key(word) not in told and _is_unknown(word, sets):
            told.add(_key(word))
            yield _nobody(_thing(word), word.how, word.pattern, word.span, sets)
    for each in sets_of(rules):
        if isinstance(each, One) and _is_nobody(each, sets):
            yield _nobody(each.thing, "called", each.name, each.span, sets)
        elif isinstance(each, All) and _is_empty(each, sets, told):
            yield warning("matches-nothing", f"no {_CALLED[each.thing]} is in this set", each.span)


def untagged(rules: Ruleset, sets: Sets) -> Iterator[Finding]:
    """Hosts that are in no domain of a tag key by which something is counted."""
    counted = [(keep.relation.per, keep.span, "they take none of these VMs") for keep in (*rules.keeps, *rules.prefers)]
    counted += [(cap.per, cap.span, "nothing is counted there") for cap in rules.caps]
    told: set[str] = {"host"}
    for per, span, meaning in counted:
        if per is None or per in told:
            continue
        told.add(per)
        hosts = sets.reported.names["host"][sets.domains(per).outside].tolist()
        if hosts:
            yield warning(
                "no-such-tag",
                f"no tag {per}{SEPARATOR}… is borne by {_listed(hosts)}: {meaning}",
                span,
                _meant(per, sets),
            )


def unreported(rules: Ruleset, sets: Sets) -> Iterator[Finding]:
    """Names that no report of this farm carries: what is unknown counts against moving."""
    told: set[tuple[str, str]] = set()
    for word in words_of(rules):
        key = _thing(word), word.name if isinstance(word, Name) else ""
        if isinstance(word, Name) and key not in told and key[0] in _CALLED and _is_dark(word, sets):
            told.add(key)
            message = f"no report says what a {_CALLED[key[0]]}'s {word.name} is"
            yield warning("never-reported", message, word.span, "unknown counts against moving")


# -- nobody ------------------------------------------------------------------------------------------------------------


def _key(pick: Pick) -> tuple[str, str, str]:
    return _thing(pick), pick.how, pick.pattern


def _thing(word: Word) -> str:
    return THING[word.owner or ""]


def _is_unknown(pick: Pick, sets: Sets) -> bool:
    thing, how, pattern = _key(pick)
    return bool(_count(thing, sets)) and not sets.matches(thing, how, pattern).any()


def _is_nobody(one: One, sets: Sets) -> bool:
    """A host that is silent in this round is one all the same."""
    observation = sets.reported.observation
    known = {*observation.silent, *(each.name for each in observation.found)} if one.thing == "host" else set[str]()
    return one.name not in known and not sets.members(one).possible.any()


def _is_empty(of: All, sets: Sets, told: set[tuple[str, str, str]]) -> bool:
    """A set by names and tags alone that has no member, though each of its patterns has."""
    about = [] if of.test is None else list(words(of.test))
    is_explained = any(isinstance(word, Name) or (isinstance(word, Pick) and _key(word) in told) for word in about)
    return bool(about and _count(of.thing, sets)) and not is_explained and not sets.members(of).possible.any()


def _count(thing: str, sets: Sets) -> int:
    return len(sets.reported.names[thing])


def _nobody(thing: str, how: str, pattern: str, span: Span, sets: Sets) -> Finding:
    message = f"no {_CALLED[thing]} is {how} “{pattern}”"
    return warning("matches-nothing", message, span, _did_you_mean(pattern, _labels(thing, how, sets)))


def _labels(thing: str, how: str, sets: Sets) -> list[str]:
    """Names or tags, as many as are looked at."""
    things = sets.reported.observation.vms if thing == "vm" else sets.reported.observation.hosts
    borne = (each.tags if how == "tagged" else (each.name,) for each in things)
    return sorted({label for labels in borne for label in labels})[:NEAR]


def _did_you_mean(pattern: str, labels: Sequence[str]) -> str:
    """The nearest label, or, for a pattern with wildcards, with what labels begin: web* may mean www*."""
    stem = pattern.strip("*?")
    begins = [_NUMBER.sub("", label) for label in labels] if stem != pattern else list(labels)
    near = nearest(stem, set(begins) - {stem}) if stem else None
    if near:
        return f'did you mean "{pattern.replace(stem, near)}"?'
    common = [begin for begin, _ in Counter(filter(None, begins)).most_common(SHOWN)]
    return f"most begin with {', '.join(common)}" if common and stem != pattern else ""


# -- tags --------------------------------------------------------------------------------------------------------------


def _listed(hosts: Sequence[str]) -> str:
    more = f" and {len(hosts) - SHOWN} more hosts" if len(hosts) > SHOWN else ""
    return f"{', '.join(hosts[:SHOWN])}{more}"


def _meant(per: str, sets: Sets) -> str:
    """The nearest key, where no host bears the tag at all."""
    hosts = sets.reported.observation.hosts
    keys = {tag.partition(SEPARATOR)[0] for host in hosts for tag in named(host.tags)}
    near = None if per in keys else nearest(per, keys)
    return f"did you mean {near}?" if near else ""


# -- figures -----------------------------------------------------------------------------------------------------------


def _is_dark(name: Name, sets: Sets) -> bool:
    """Whether nobody says what this is, though there is somebody to say it."""
    thing = _thing(name)
    everyone = np.arange(len(sets.reported.cpu))
    scope = of_hosts(sets.reported, sets) if thing == "host" else of_vms(sets.reported, sets, everyone)
    column = value(replace(name, owner=thing), scope)
    unknown = np.equal(column, None) if column.dtype == object else np.isnan(column)  # type: ignore[call-overload]
    return bool(_count(thing, sets)) and bool(np.all(unknown))
