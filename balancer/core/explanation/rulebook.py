"""What is in force under a rule file: every setting with its default, the order of evaluation, each statement in words.

Rule: read off the values and tables that the planner itself uses, so that what is told is what is done; silence is told
as well.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from balancer.core.explanation.sentences import Sentence, gates_told, sentences, set_told, span_told
from balancer.core.planning import STEPS
from balancer.core.walls.quiet import BOUND
from balancer.core.wording import spoken
from dsl.ruleset import DEFAULT_CAPS, DEFAULT_EVERY, DEFAULT_FREEZE, RestTimes, Ruleset
from dsl.syntax import (
    Balance,
    Cap,
    Kind,
    Let,
    NamedSet,
    Pack,
    Reserve,
    Set,
    Window,
)

ORDER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "repairs": "moves that mend what stands against a `keep` or the reserve",
        "drains": "drained hosts are emptied, by the rules or by operators",
        "rules": "hosts in trouble are eased, rule by rule in file order",
        "preferences": "moves for what is preferred",
        "goal": "moves toward balance or fewest hosts",
    }
)
"""What each step of the order of evaluation plans."""


STOPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "freeze": "while it holds nothing is decided",
        "window": "no move starts while all are closed; what is under way goes on",
        "keep, never, reserve": "no move breaks one or makes a broken one worse, but for kinds that a `never` excepts",
        "limit": "the plan goes on, its moves wait until there is room",
        "rest": "quiet after a move; a rule that goes on relieving a host does not wait for its own moves off it",
        "prefer, avoid": "of moves that are wanted the cheapest is made; preferences and the goal never raise the cost",
    }
)
"""What may stand against moves, and how."""


_PERIODS: Final = {None: "at once", "round": "in a round", "hour": "within an hour", "day": "within a day"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting in force, in words; `line` is where the file says it, None where it is silent."""

    name: str
    told: str
    line: int | None


@dataclass(frozen=True, slots=True)
class StepTold:
    """One step, and what it plans; `stops` has for each thing that may stand against its moves what it does to them."""

    step: str
    told: str
    stops: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SetTold:
    """A set that the file names; `members` are those in a farm, None where none was looked at."""

    line: int
    name: str
    text: str
    members: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All of it; `against` has what may stand against moves, and how."""

    rules: str
    sha256: str
    settings: tuple[Setting, ...]
    order: tuple[StepTold, ...]
    against: Mapping[str, str]
    sets: tuple[SetTold, ...]
    statements: tuple[Sentence, ...]


def rulebook(rules: Ruleset, members: Callable[[Let], tuple[str, ...]] | None = None) -> Rulebook:
    """The rulebook of a file; `members` says who belongs to a set in some farm."""
    return Rulebook(
        rules.file,
        rules.sha256,
        tuple(_settings(rules)),
        tuple(StepTold(step, ORDER[step], _stops(step, rules)) for step, _ in STEPS),
        STOPS,
        tuple(
            SetTold(let.span.line, let.name, set_told(let.set), members(let) if members is not None else None)
            for let in rules.lets
        ),
        tuple(sentences(rules)),
    )


def thing_of(of: Set, lets: Iterable[Let]) -> str:
    """What a set is of, `vm` or `host`; one that bears another's name is of the same."""
    named = {let.name: let.set for let in lets}
    while isinstance(of, NamedSet):
        of = named[of.name]
    return of.thing


# -- settings ----------------------------------------------------------------------------------------------------------


def _settings(rules: Ruleset) -> Iterator[Setting]:
    every = DEFAULT_EVERY if rules.every is None else rules.every
    yield Setting("every", f"a round takes {spoken(every, Kind.TIME)}", _first_line(rules, "every"))
    for freeze in rules.freezes:
        line = None if freeze == DEFAULT_FREEZE else freeze.span.line
        yield Setting("freeze", f"no move starts while {freeze.text}, or while nobody knows", line)
    for window in rules.windows:
        yield Setting("window", f"moves start only {_hours(window)}", window.span.line)
    if not rules.windows:
        yield Setting("window", "moves start at any hour", None)
    for cap in rules.caps:
        yield Setting("limit", _cap(cap), None if rules.caps == DEFAULT_CAPS else cap.span.line)
    yield from _rest(rules.rest)
    reserve = rules.reserve
    yield Setting("reserve", _reserve(reserve), reserve.span.line if reserve else None)
    yield Setting("goal", _goal(rules.goal), rules.goal.span.line if rules.goal else None)


def _reserve(reserve: Reserve | None) -> str:
    if reserve is None:
        return "no memory is kept free for a lost host"
    hosts = "host" if reserve.lost == 1 else f"{reserve.lost} hosts"
    return f"what runs on the fullest {hosts} fits in the free memory of the others"


def _first_line(rules: Ruleset, word: str) -> int | None:
    """The line of the statement that begins with this word, None where there is none."""
    lines = enumerate(rules.text.splitlines(), 1)
    return next((number for number, line in lines if line.startswith(f"{word} ")), None)


def _rest(rest: RestTimes) -> Iterator[Setting]:
    line = rest.line
    vm, host, no_return = (spoken(each, Kind.TIME) for each in (rest.vm, rest.host, rest.no_return))
    yield Setting("rest vm", f"a VM that has moved rests for {vm}" if rest.vm else "no VM rests", line)
    yield Setting(
        "rest host", f"a host that took part in a move rests for {host}" if rest.host else "no host rests", line
    )
    back = f"no VM goes back within {no_return}" if rest.no_return else "a VM may go back at once"
    yield Setting("no return", back, line)


def _cap(cap: Cap) -> str:
    moves = f"at most {cap.count} move{'s' if cap.count != 1 else ''}"
    per = f" for each {cap.per}" if cap.per else ""
    return f"{moves} {_PERIODS[cap.period]}{per}"


def _hours(window: Window) -> str:
    excepted = f", {', '.join(window.excepted)} excepted" if window.excepted else ""
    return f"{span_told(window.hours)}{excepted}"


def _goal(goal: Balance | Pack | None) -> str:
    if goal is None:
        return "none: what is in no trouble stays as it is"
    gaining = f", each gaining at least {goal.gaining.text}" if goal.gaining is not None else ""
    by = f"by at most {goal.at_most} moves a round{gaining}"
    if isinstance(goal, Balance):
        return f"every host within {goal.within.text} of the farm's mean {goal.signal}, {by}"
    return f"as few hosts as will do, {gates_told('as long as', goal.where)}{by}"


# -- who stops whom ----------------------------------------------------------------------------------------------------


def _stops(step: str, rules: Ruleset) -> Mapping[str, str]:
    """What may stand against a step's moves, and what it does to them."""
    shut = bool(rules.windows) and not any(step in window.excepted for window in rules.windows)
    is_soft = "never raised" if step in {"preferences", "goal"} else "least cost"
    return {
        "freeze": "stops",
        "window": "stops while closed" if shut else "-",
        "keep, never, reserve": "not made worse",
        "limit": "waits",
        "rest": "waits" if step in BOUND else "-",
        "prefer, avoid": is_soft if rules.prefers or rules.avoids else "-",
    }
