"""Each statement by itself: what its words mean, and what none of its kind can mean.

Rule: one row for each kind of statement; it comes back with every owner and every base unit filled in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from dsl.checking import lets
from dsl.checking.amounts import HOLD, PAUSE, ROUND, TOLERANCE, bounded
from dsl.clauses import FREEZE, MOVE, TO, UNTIL, WHEN, Clause
from dsl.findings import Finding, Speller, error
from dsl.hours import mistakes
from dsl.meanings import Meanings
from dsl.meanings.kinds import ORDERED
from dsl.syntax import (
    Balance,
    Cap,
    Choice,
    Drain,
    Every,
    Freeze,
    Gate,
    Hours,
    Keep,
    Key,
    Let,
    Limit,
    Never,
    Pack,
    Reserve,
    Rest,
    Rule,
    Span,
    Statement,
    When,
    Window,
    place,
    without_places,
)

MIGRATIONS: Final = 1000
NEIGHBOURS: Final = 1000
LOST: Final = 100
COST: Final = 1000
PERIODS: Final = ("round", "hour", "day")
STEPS: Final = ("repairs", "drains", "rules", "preferences", "goal")
"""The kinds of move that an `except` may name."""


def _every(meanings: Meanings, every: Every) -> Every:
    return replace(every, amount=bounded(meanings, every.amount, ROUND))


def _rule(meanings: Meanings, rule: Rule) -> Rule:
    return replace(
        rule,
        when=_when(meanings, rule.when),
        move=_choice(meanings, rule.move, MOVE),
        to=_choice(meanings, rule.to, TO),
        until=None if rule.until is None else meanings.test(rule.until, UNTIL),
    )


def _when(meanings: Meanings, when: When) -> When:
    held = meanings.test(when.held, WHEN)
    hold = None if when.hold is None else bounded(meanings, when.hold, HOLD)
    checked = replace(when, held=held, hold=hold, now=None if when.now is None else meanings.test(when.now, WHEN))
    return replace(checked, identity=sha256(repr(without_places(checked)).encode()).hexdigest()[:16])


def _choice(meanings: Meanings, choice: Choice, clause: Clause) -> Choice:
    gates = tuple(_gate(meanings, gate, clause) for gate in choice.where)
    return replace(choice, by=tuple(_key(meanings, key, clause) for key in choice.by), where=gates)


def _gate(meanings: Meanings, gate: Gate, clause: Clause) -> Gate:
    return replace(gate, test=meanings.test(gate.test, clause))


def _key(meanings: Meanings, key: Key, clause: Clause) -> Key:
    typed = meanings.sums.figure(key.of, clause)
    if not typed.kinds & ORDERED:
        message = f"“{key.direction}” needs something that has more and less"
        meanings.words.complain("wrong-kind", message, key.of.span, "name a number, share, size or time")
    return replace(key, of=typed.of)


def _drain(meanings: Meanings, drain: Drain) -> Drain:
    return replace(drain, hosts=meanings.set(drain.hosts, "host"))


def _keep(meanings: Meanings, keep: Keep) -> Keep:
    relation = keep.relation
    meanings.words.findings.extend(_unkept(keep))
    if relation.other is None:
        return replace(keep, vms=meanings.set(keep.vms, "vm"))
    other = meanings.set(relation.other, "host" if relation.how == "on" else "vm")
    return replace(keep, vms=meanings.set(keep.vms, "vm"), relation=replace(relation, other=other))


def _unkept(keep: Keep) -> Iterator[Finding]:
    """What no `keep` can mean."""
    count, per = keep.relation.count, keep.relation.per
    if count is not None and not 1 <= count <= NEIGHBOURS:
        span = place(keep, "count")
        yield error("out-of-bounds", f"at most {count} neighbours", span, f"write 1 to {NEIGHBOURS}")
    if per in PERIODS:
        message = f"neighbours are not counted per {per}"
        yield error("wrong-kind", message, place(keep, "per"), "write per host, or the key of a tag")
    yield from _plural(per, ("host",), place(keep, "per"))
    if keep.hard and keep.cost is not None:
        span = place(keep, "cost")
        yield error("wrong-kind", "a keep always holds, at no cost", span, "take the cost out, or write prefer")
    yield from _priceless(keep)


def _priceless(wish: Keep | Never) -> Iterator[Finding]:
    """A cost that weighs nothing, or more than all others together ever could."""
    if wish.cost is not None and not 0 < wish.cost <= COST:
        span = place(wish, "cost")
        yield error("out-of-bounds", f"a cost of {wish.cost:g}", span, f"write more than 0, and {COST} at most")


def _never(meanings: Meanings, never: Never) -> Never:
    meanings.words.findings.extend(_unknown_steps(never, meanings.words.speller))
    meanings.words.findings.extend(_priceless(never))
    meanings.words.findings.extend(() if never.during is None else _mistaken(meanings, never.during))
    return replace(
        never,
        vms=meanings.set(never.vms, "vm"),
        source=None if never.source is None else meanings.set(never.source, "host"),
        target=None if never.target is None else meanings.arrivals(never.target),
    )


def _window(meanings: Meanings, window: Window) -> Window:
    meanings.words.findings.extend(_unknown_steps(window, meanings.words.speller))
    meanings.words.findings.extend(_mistaken(meanings, window.hours))
    return window


def _mistaken(meanings: Meanings, hours: Hours) -> Iterator[Finding]:
    return mistakes(hours, meanings.words.vocabulary.zones, meanings.words.speller)


def _unknown_steps(statement: Never | Window, speller: Speller) -> Iterator[Finding]:
    """What stands behind an `except` and is no step of the order of evaluation."""
    for step in statement.excepted:
        if step not in STEPS:
            hint = speller.did_you_mean(step, STEPS) or f"known are {', '.join(STEPS)}"
            yield error("unknown-name", f"“{step}” is no kind of move", place(statement, f"except {step}"), hint)


def _reserve(meanings: Meanings, reserve: Reserve) -> Reserve:
    if not 1 <= reserve.lost <= LOST:
        message = f"a reserve for {reserve.lost} lost hosts"
        meanings.words.complain("out-of-bounds", message, place(reserve, "lost"), f"write 1 to {LOST}")
    return reserve


def _balance(meanings: Meanings, balance: Balance) -> Balance:
    meanings.words.findings.extend(_too_many(balance.at_most, place(balance, "at_most")))
    word = meanings.words.vocabulary.find("host", balance.signal)
    if word is None or not word.can_be_even:
        known = [each.name for each in meanings.words.vocabulary.words.values() if each.can_be_even]
        hint = meanings.words.speller.did_you_mean(balance.signal, known) or f"known are {', '.join(known)}"
        message = f"“{balance.signal}” cannot be balanced"
        meanings.words.complain("unknown-name", message, place(balance, "signal"), hint)
        return balance
    gaining = balance.gaining
    return replace(
        balance,
        within=bounded(meanings, balance.within, TOLERANCE[word.kind]),
        gaining=None if gaining is None else bounded(meanings, gaining, TOLERANCE[word.kind]),
    )


def _pack(meanings: Meanings, pack: Pack) -> Pack:
    meanings.words.findings.extend(_too_many(pack.at_most, place(pack, "at_most")))
    if pack.gaining is not None:
        message = "a move that packs gains nothing before its host is empty"
        meanings.words.complain("wrong-kind", message, pack.gaining.span, "leave out “each gaining”")
    return replace(pack, where=tuple(_gate(meanings, gate, TO) for gate in pack.where))


def _too_many(moves: int, span: Span) -> Iterator[Finding]:
    if not 1 <= moves <= MIGRATIONS:
        yield error("out-of-bounds", f"a plan of {moves} moves", span, f"write 1 to {MIGRATIONS}")


def _limit(meanings: Meanings, limit: Limit) -> Limit:
    meanings.words.findings.extend(finding for cap in limit.caps for finding in _unlimited(cap))
    return limit


def _unlimited(cap: Cap) -> Iterator[Finding]:
    """What no budget of migrations can be."""
    if not 1 <= cap.count <= MIGRATIONS:
        message = f"a limit of {cap.count} migrations"
        yield error("out-of-bounds", message, place(cap, "count"), f"write 1 to {MIGRATIONS}")
    yield from _plural(cap.per, (*PERIODS, "host"), place(cap, "per"))


def _plural(per: str | None, words: Iterable[str], span: Span) -> Iterator[Finding]:
    """`per hosts` would be the tag key “hosts”, and is meant by nobody."""
    if per is not None and (one := per.removesuffix("s")) != per and one in words:
        yield error("unknown-name", f"“per {per}” counts nothing", span, f"did you mean per {one}?")


def _rest(meanings: Meanings, rest: Rest) -> Rest:
    vm, host, no_return = (
        None if amount is None else bounded(meanings, amount, PAUSE)
        for amount in (rest.vm, rest.host, rest.no_return)
    )  # fmt: skip
    return replace(rest, vm=vm, host=host, no_return=no_return)


def _freeze(meanings: Meanings, freeze: Freeze) -> Freeze:
    return replace(freeze, test=meanings.test(freeze.test, FREEZE))


CHECKED: Final[Mapping[type, Callable[[Meanings, Any], Statement]]] = MappingProxyType({
    Let: lets.checked, Every: _every, Rule: _rule, Drain: _drain, Keep: _keep, Never: _never, Limit: _limit,
    Rest: _rest, Freeze: _freeze, Window: _window, Reserve: _reserve, Balance: _balance, Pack: _pack,
})  # fmt: skip
