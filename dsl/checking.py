"""From the syntax tree to a `Ruleset` that may be run, or to all that keeps it from being one.

Rule: nothing is ignored. What is silent gets its default, and a statement replaces its default as a whole.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final, TypeVar

from dsl.aggregates import too_short
from dsl.clauses import FREEZE, MOVE, THING, TO, UNTIL, WHEN, Clause
from dsl.doubts import doubts
from dsl.findings import Finding, did_you_mean, error
from dsl.hours import mistakes
from dsl.meanings import ORDERED, Meanings
from dsl.parser.grammar import reserved_words
from dsl.ruleset import DEFAULT_CAPS, DEFAULT_EVERY, DEFAULT_FREEZE, RestTimes, Ruleset
from dsl.syntax import (
    All,
    Amount,
    Balance,
    Both,
    Cap,
    Choice,
    Drain,
    Either,
    Every,
    Freeze,
    Gate,
    Keep,
    Key,
    Kind,
    Let,
    Limit,
    Member,
    NamedSet,
    Never,
    Not,
    Pack,
    Reserve,
    Rest,
    Rule,
    Set,
    Span,
    Statement,
    Test,
    When,
    Window,
    without_places,
)
from dsl.units import UNITS, based, quantity
from dsl.vocabulary import Vocabulary

Bounds = Mapping[Kind, tuple[str, str]]
"""The least and the most of an amount, for each kind that it may have."""

ROUND: Final[Bounds] = MappingProxyType({Kind.TIME: ("5 s", "1 h")})
HOLD: Final[Bounds] = MappingProxyType({Kind.ROUNDS: ("1 round", "1000 rounds"), Kind.TIME: ("1 s", "1 d")})
PAUSE: Final[Bounds] = MappingProxyType({Kind.TIME: ("0 s", "30 d")})
TOLERANCE: Final[Mapping[Kind, Bounds]] = MappingProxyType({
    Kind.SHARE: {Kind.SHARE: ("0.1%", "100%")}, Kind.NUMBER: {Kind.NUMBER: ("0.01", "1000")},
})  # fmt: skip
MIGRATIONS: Final = 1000
NEIGHBOURS: Final = 1000
LOST: Final = 100
COST: Final = 1000
PERIODS: Final = ("round", "hour", "day")
STEPS: Final = ("repairs", "drains", "rules", "preferences", "goal")
"""The kinds of move that an `except` may name."""

_CALLED: Final[Mapping[Kind, str]] = MappingProxyType({
    Kind.TIME: "time", Kind.ROUNDS: "number of rounds", Kind.SHARE: "share", Kind.NUMBER: "plain number",
})  # fmt: skip
_ONCE: Final[Mapping[type, str]] = MappingProxyType({
    Every: "every", Limit: "limit", Rest: "rest", Reserve: "reserve",
    Balance: "balance or pack", Pack: "balance or pack",
})  # fmt: skip
_OWN_WORDS: Final = frozenset({*THING, "facts"})

_Kept = TypeVar("_Kept")


def check(
    statements: Sequence[Statement], vocabulary: Vocabulary, file: str, sha256: str
) -> tuple[Ruleset | None, tuple[Finding, ...]]:
    """The ruleset that the statements make, None where there is an error; warnings stand beside it."""
    lets = _all(Let, statements)
    ordered, circles = _in_order(lets)
    findings = [*circles, *_repeated(statements), *_misnamed(lets, vocabulary)]
    meanings = Meanings(vocabulary, MappingProxyType(_things(ordered)), findings)
    others = [each for each in statements if type(each) in _CHECKED and not isinstance(each, Let)]
    checked, sound = list[Statement](), list[Statement]()
    for each in [*ordered, *others]:
        before = len(findings)
        checked.append(_CHECKED[type(each)](meanings, each))
        sound += checked[-1:] if len(findings) == before else []
    aggregates = tuple(meanings.aggregates.values())
    every = next((each.amount.value for each in _all(Every, checked)), DEFAULT_EVERY)
    findings += too_short((each for each in aggregates if not meanings.is_counted(each.of)), every)
    findings += doubts(sound if not circles else (), meanings.sets, vocabulary)
    if any(finding.severity == "error" for finding in findings):
        return None, tuple(findings)
    return replace(_ruleset(checked, file, sha256), aggregates=aggregates), tuple(findings)


def _ruleset(statements: Sequence[Statement], file: str, sha256: str) -> Ruleset:
    """Checked statements by kind, each silence filled with its default."""
    caps = [cap for limit in _all(Limit, statements) for cap in limit.caps]
    return Ruleset(
        file=file,
        sha256=sha256,
        every=next((each.amount.value for each in _all(Every, statements)), None),
        lets=tuple(_all(Let, statements)),
        rules=tuple(_all(Rule, statements)),
        drains=tuple(_all(Drain, statements)),
        keeps=tuple(each for each in _all(Keep, statements) if each.hard),
        nevers=tuple(each for each in _all(Never, statements) if each.hard),
        prefers=tuple(each for each in _all(Keep, statements) if not each.hard),
        avoids=tuple(each for each in _all(Never, statements) if not each.hard),
        reserve=next(iter(_all(Reserve, statements)), None),
        windows=tuple(_all(Window, statements)),
        goal=next((each for each in statements if isinstance(each, Balance | Pack)), None),
        caps=tuple(caps) or DEFAULT_CAPS,
        rest=next(map(_rest_times, _all(Rest, statements)), RestTimes()),
        freezes=tuple(_all(Freeze, statements)) or (DEFAULT_FREEZE,),
    )


def _all(kind: type[_Kept], statements: Iterable[Statement]) -> list[_Kept]:
    return [each for each in statements if isinstance(each, kind)]


def _rest_times(rest: Rest) -> RestTimes:
    return RestTimes(_seconds(rest.vm), _seconds(rest.host), _seconds(rest.no_return), rest.span.line)


def _seconds(amount: Amount | None) -> float:
    """A pause that a `rest` does not name is none."""
    return 0.0 if amount is None else amount.value


# -- the file as a whole -----------------------------------------------------------------------------------------------


def _repeated(statements: Iterable[Statement]) -> Iterator[Finding]:
    first: dict[str, Statement] = {}
    for each in statements:
        title = _ONCE.get(
            type(each), f"{type(each).__name__.lower()} {each.name}" if isinstance(each, Let | Rule) else ""
        )
        earlier = first.setdefault(title, each) if title else each
        if earlier is not each:
            yield error("twice", f"“{title}” stands in line {earlier.span.line} already", each.span, "keep one of them")


def _misnamed(lets: Iterable[Let], vocabulary: Vocabulary) -> Iterator[Finding]:
    taken = {name for _, name in vocabulary.words} | _OWN_WORDS | reserved_words()
    for let in lets:
        if let.name in taken:
            yield error("reserved", f"“{let.name}” is a word of the language", let.span, f"call it my_{let.name}")


# -- lets --------------------------------------------------------------------------------------------------------------


def _in_order(lets: list[Let]) -> tuple[list[Let], list[Finding]]:
    """Each set behind those it speaks of; where they speak of each other, as they stand."""
    sorter = TopologicalSorter({let.name: list(_mentioned(let.set)) for let in lets})
    try:
        rank = {name: place for place, name in enumerate(sorter.static_order())}
    except CycleError as refusal:
        circle = refusal.args[1]
        span = next(let.span for let in lets if let.name in circle)
        return lets, [error("circular", f"a set is made of itself: {' of '.join(reversed(circle))}", span)]
    return sorted(lets, key=lambda let: rank[let.name]), []


def _mentioned(of: Set | Test) -> Iterator[str]:
    """The sets that a set is made of."""
    match of:
        case NamedSet(name=name) | Member(set_name=name):
            yield name
        case All(test=test) | Not(test=test) if test is not None:
            yield from _mentioned(test)
        case Both(left=left, right=right) | Either(left=left, right=right):
            yield from _mentioned(left)
            yield from _mentioned(right)
        case _:
            return


def _things(lets: Iterable[Let]) -> dict[str, str | None]:
    """What each set is one of; None for one that cannot be told."""
    things: dict[str, str | None] = {}
    for let in lets:
        things[let.name] = things.get(let.set.name) if isinstance(let.set, NamedSet) else let.set.thing
    return things


def _let(meanings: Meanings, let: Let) -> Let:
    """A copy of a set that no let names is told here: of what it would be one, nobody knows."""
    return replace(let, set=meanings.set(let.set, meanings.sets[let.name] or "vm"))


# -- one statement -----------------------------------------------------------------------------------------------------


def _every(meanings: Meanings, every: Every) -> Every:
    return replace(every, amount=_amount(meanings, every.amount, ROUND))


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
    hold = None if when.hold is None else _amount(meanings, when.hold, HOLD)
    checked = replace(when, held=held, hold=hold, now=None if when.now is None else meanings.test(when.now, WHEN))
    return replace(checked, identity=sha256(repr(without_places(checked)).encode()).hexdigest()[:16])


def _choice(meanings: Meanings, choice: Choice, clause: Clause) -> Choice:
    gates = tuple(_gate(meanings, gate, clause) for gate in choice.where)
    return replace(choice, by=tuple(_key(meanings, key, clause) for key in choice.by), where=gates)


def _gate(meanings: Meanings, gate: Gate, clause: Clause) -> Gate:
    return replace(gate, test=meanings.test(gate.test, clause))


def _key(meanings: Meanings, key: Key, clause: Clause) -> Key:
    typed = meanings.figure(key.of, clause)
    if not typed.kinds & ORDERED:
        message = f"“{key.direction}” needs something that has more and less"
        meanings.findings.append(error("wrong-kind", message, key.of.span, "name a number, share, size or time"))
    return replace(key, of=typed.of)


def _drain(meanings: Meanings, drain: Drain) -> Drain:
    return replace(drain, hosts=meanings.set(drain.hosts, "host"))


def _keep(meanings: Meanings, keep: Keep) -> Keep:
    relation = keep.relation
    meanings.findings.extend(_unkept(keep))
    if relation.other is None:
        return replace(keep, vms=meanings.set(keep.vms, "vm"))
    other = meanings.set(relation.other, "host" if relation.how == "on" else "vm")
    return replace(keep, vms=meanings.set(keep.vms, "vm"), relation=replace(relation, other=other))


def _unkept(keep: Keep) -> Iterator[Finding]:
    """What no `keep` can mean."""
    count, per = keep.relation.count, keep.relation.per
    if count is not None and not 1 <= count <= NEIGHBOURS:
        yield error("out-of-bounds", f"at most {count} neighbours", keep.span, f"write 1 to {NEIGHBOURS}")
    if per in PERIODS:
        yield error(
            "wrong-kind", f"neighbours are not counted per {per}", keep.span, "write per host, or the key of a tag"
        )
    yield from _plural(per, ("host",), keep.span)
    if keep.hard and keep.cost is not None:
        yield error("wrong-kind", "a keep always holds, at no cost", keep.span, "take the cost out, or write prefer")
    yield from _priceless(keep)


def _priceless(wish: Keep | Never) -> Iterator[Finding]:
    """A cost that weighs nothing, or more than all others together ever could."""
    if wish.cost is not None and not 0 < wish.cost <= COST:
        yield error("out-of-bounds", f"a cost of {wish.cost:g}", wish.span, f"write more than 0, and {COST} at most")


def _never(meanings: Meanings, never: Never) -> Never:
    meanings.findings.extend(_unknown_steps(never.excepted, never.span))
    meanings.findings.extend(_priceless(never))
    meanings.findings.extend(() if never.during is None else mistakes(never.during, meanings.vocabulary.zones))
    return replace(
        never,
        vms=meanings.set(never.vms, "vm"),
        source=None if never.source is None else meanings.set(never.source, "host"),
        target=None if never.target is None else meanings.arrivals(never.target),
    )


def _window(meanings: Meanings, window: Window) -> Window:
    meanings.findings.extend(_unknown_steps(window.excepted, window.span))
    meanings.findings.extend(mistakes(window.hours, meanings.vocabulary.zones))
    return window


def _unknown_steps(steps: Iterable[str], span: Span) -> Iterator[Finding]:
    """What stands behind an `except` and is no step of the order of evaluation."""
    for step in steps:
        if step not in STEPS:
            hint = did_you_mean(step, STEPS) or f"known are {', '.join(STEPS)}"
            yield error("unknown-name", f"“{step}” is no kind of move", span, hint)


def _reserve(meanings: Meanings, reserve: Reserve) -> Reserve:
    if not 1 <= reserve.lost <= LOST:
        message = f"a reserve for {reserve.lost} lost hosts"
        meanings.findings.append(error("out-of-bounds", message, reserve.span, f"write 1 to {LOST}"))
    return reserve


def _balance(meanings: Meanings, balance: Balance) -> Balance:
    meanings.findings.extend(_too_many(balance.at_most, balance.span))
    word = meanings.vocabulary.find("host", balance.signal)
    if word is None or not word.can_be_even:
        known = [each.name for each in meanings.vocabulary.words.values() if each.can_be_even]
        hint = did_you_mean(balance.signal, known) or f"known are {', '.join(known)}"
        meanings.findings.append(error("unknown-name", f"“{balance.signal}” cannot be balanced", balance.span, hint))
        return balance
    gaining = balance.gaining
    return replace(
        balance,
        within=_amount(meanings, balance.within, TOLERANCE[word.kind]),
        gaining=None if gaining is None else _amount(meanings, gaining, TOLERANCE[word.kind]),
    )


def _pack(meanings: Meanings, pack: Pack) -> Pack:
    meanings.findings.extend(_too_many(pack.at_most, pack.span))
    if pack.gaining is not None:
        message = "a move that packs gains nothing before its host is empty"
        meanings.findings.append(error("wrong-kind", message, pack.gaining.span, "leave out “each gaining”"))
    return replace(pack, where=tuple(_gate(meanings, gate, TO) for gate in pack.where))


def _too_many(moves: int, span: Span) -> Iterator[Finding]:
    if not 1 <= moves <= MIGRATIONS:
        yield error("out-of-bounds", f"a plan of {moves} moves", span, f"write 1 to {MIGRATIONS}")


def _limit(meanings: Meanings, limit: Limit) -> Limit:
    meanings.findings.extend(finding for cap in limit.caps for finding in _unlimited(cap))
    return limit


def _unlimited(cap: Cap) -> Iterator[Finding]:
    """What no budget of migrations can be."""
    if not 1 <= cap.count <= MIGRATIONS:
        yield error("out-of-bounds", f"a limit of {cap.count} migrations", cap.span, f"write 1 to {MIGRATIONS}")
    yield from _plural(cap.per, (*PERIODS, "host"), cap.span)


def _plural(per: str | None, words: Iterable[str], span: Span) -> Iterator[Finding]:
    """`per hosts` would be the tag key “hosts”, and is meant by nobody."""
    if per is not None and (one := per.removesuffix("s")) != per and one in words:
        yield error("unknown-name", f"“per {per}” counts nothing", span, f"did you mean per {one}?")


def _rest(meanings: Meanings, rest: Rest) -> Rest:
    vm, host, no_return = (
        None if amount is None else _amount(meanings, amount, PAUSE)
        for amount in (rest.vm, rest.host, rest.no_return)
    )  # fmt: skip
    return replace(rest, vm=vm, host=host, no_return=no_return)


def _freeze(meanings: Meanings, freeze: Freeze) -> Freeze:
    return replace(freeze, test=meanings.test(freeze.test, FREEZE))


def _amount(meanings: Meanings, amount: Amount, bounds: Bounds) -> Amount:
    """An amount outside all sums, in its base unit and within its bounds."""
    kind, value = based(amount.value, amount.unit) if amount.unit else (Kind.NUMBER, amount.value)
    if kind not in bounds:
        units = ", ".join(unit for unit, (of, _) in UNITS.items() if of in bounds)
        wanted = " or ".join(_CALLED[each] for each in bounds)
        meanings.findings.append(error("wrong-unit", f"{amount.text} is no {wanted}", amount.span, f"units: {units}"))
    elif kind is Kind.ROUNDS and not value.is_integer():
        meanings.findings.append(error("wrong-unit", "a round cannot be parted", amount.span))
    elif not _bound(bounds[kind][0], kind) <= value <= _bound(bounds[kind][1], kind):
        low, high = bounds[kind]
        message = f"{amount.text} is out of bounds"
        meanings.findings.append(error("out-of-bounds", message, amount.span, f"write {low} to {high}"))
    return replace(amount, value=value, unit=None, kind=kind)


def _bound(text: str, kind: Kind) -> float:
    return float(text) if kind is Kind.NUMBER else quantity(text, kind)


_CHECKED: Final[Mapping[type, Callable[[Meanings, Any], Statement]]] = MappingProxyType({
    Let: _let, Every: _every, Rule: _rule, Drain: _drain, Keep: _keep, Never: _never, Limit: _limit, Rest: _rest,
    Freeze: _freeze, Window: _window, Reserve: _reserve, Balance: _balance, Pack: _pack,
})  # fmt: skip
