"""What a test demands of every round, and of the time between two moves: tests and keeps in the language itself.

Rule: the language's own parser and checker read them, with the sets of the rule file at hand. What nobody knows is not
held against anybody.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from balancer.core.figures.projection import Projection
from balancer.core.figures.scope import Sets, of_hosts
from balancer.core.model import Decision, Order
from balancer.core.trials.meanings import Kept, Stand, Who
from balancer.core.trials.record import Failure, Record
from balancer.core.wording import condition
from dsl.evaluation import truth
from dsl.findings import Finding
from dsl.loading import load
from dsl.ruleset import Ruleset
from dsl.syntax import Keep, Test
from dsl.vocabulary import Vocabulary

SHOWN: Final = 5
"""Breaches of one demand that are told."""

_NAME: Final = "demanded_always"
_AS_RULE: Final = f"rule {_NAME}\n  when {{}}\n  move vm by most cpu\n  to host by least cpu"
"""How a test becomes a statement: bare names are refused in `when`, so it says whose each is."""


@dataclass(frozen=True, slots=True)
class Always:
    """A demand as written, and what it means: a test of every host, or a wall that shall stand.

    `line` is where it stands in its test file.
    """

    text: str
    means: Test | Keep
    rules: Ruleset
    line: int | None = None


def demand(text: str, rules: Ruleset, source: bytes, vocabulary: Vocabulary) -> Always:
    """The demand that the text writes beside these rules; ValueError says what is wrong with it."""
    is_keep = text.split(maxsplit=1)[:1] == ["keep"]
    added = " ".join(text.split())
    statement = added if is_keep else _AS_RULE.format(added)
    line = source.count(b"\n") + 2
    loaded = load(rules.file, source + b"\n" + statement.encode(), vocabulary)
    if loaded.ruleset is None:
        raise ValueError(_refusal(added, [each for each in loaded.findings if each.severity == "error"]))
    return Always(text, _meant(loaded.ruleset, line), loaded.ruleset)


def _refusal(text: str, findings: Sequence[Finding]) -> str:
    """What is wrong, without the words of the statement that the text was put into."""
    if any(each.code == "syntax" for each in findings):
        return f'“{text}” is neither a test, like host.memory <= 90%, nor a keep, like keep vms tagged "db" apart'
    return "; ".join(filter(None, (part for each in findings for part in (each.message, each.hint))))


def _meant(rules: Ruleset, line: int) -> Test | Keep:
    keep = next((each for each in rules.keeps if each.span.line >= line), None)
    if keep is not None:
        return keep
    when = next(rule for rule in rules.rules if rule.name == _NAME).when
    if when.hold is not None:
        raise ValueError("“for” has no meaning here: it is looked at in every round")
    return when.held


def judge_always(demands: Iterable[Always], record: Record) -> list[Failure]:
    """Every demand that was not met, with the rounds and moves at which it was not."""
    failures = []
    for each in demands:
        told = [line for decision in record.decisions for line in _unmet(each, decision, record)]
        if told:
            more = [f"and {len(told) - SHOWN} more times"] if len(told) > SHOWN else []
            failures.append(Failure(f"always: {each.text}", (*told[:SHOWN], *more), each.line))
    return failures


def _unmet(demanded: Always, decision: Decision, record: Record) -> Iterator[str]:
    begun = record.ordered(decision.plan.round)
    at = f"round {decision.plan.round}"
    if isinstance(demanded.means, Keep):
        yield from (f"{at}{told}" for told in _broken(demanded.means, demanded, decision, begun))
    else:
        yield from (f"{at}{told}" for told in _false(demanded.means, demanded, decision, begun))


def _broken(keep: Keep, demanded: Always, decision: Decision, begun: Iterable[Order]) -> Iterator[str]:
    projection = Projection(decision.observation, decision.state)
    kept = Kept.of(keep, Who(Sets.of(demanded.rules.lets, projection)))
    stand = Stand.of(decision.observation, tuple(order for order in decision.state.orders if order.is_open))
    if kept.broken(stand):
        yield f": {kept.broken(stand)} against it"
    for order in begun:
        stand = stand.arriving(order.move.vm, order.move.target)
        if kept.broken(stand):
            yield f", once {_begun(order)}: {kept.broken(stand)} against it"


def _false(test: Test, demanded: Always, decision: Decision, begun: Iterable[Order]) -> Iterator[str]:
    projection = Projection(decision.observation, decision.state)
    sets = Sets.of(demanded.rules.lets, Projection(decision.observation, decision.state))
    yield from (f": {told}" for told in _false_on(test, projection, sets))
    for order in begun:
        vm = int(np.flatnonzero(projection.names["vm"] == order.move.vm)[0])
        projection.move(vm, projection.place[order.move.target])
        yield from (f", once {_begun(order)}: {told}" for told in _false_on(test, projection, sets))


def _false_on(test: Test, projection: Projection, sets: Sets) -> Iterator[str]:
    """Hosts on which the test certainly does not hold, with the figures."""
    scope = of_hosts(projection, sets)
    for place in np.flatnonzero(np.broadcast_to(truth(test, scope).false, projection.cores.shape)):
        yield f"not so on {projection.names['host'][place]}: {condition(test, scope, int(place), 'host')}".rstrip(": ")


def _begun(order: Order) -> str:
    return f"{order.move.vm} goes to {order.move.target}"
