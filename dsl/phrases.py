"""What a syntax tree says, on one line and in the canonical words.

Rule: the words depend on the tree alone, so whoever writes the same thing in another layout reads the same words in
messages and in the journal; parsed again they make the same tree. Brackets stand only where the tree needs them.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from dsl.syntax import (
    All,
    Amount,
    Arithmetic,
    Balance,
    Both,
    Cap,
    Choice,
    Compare,
    Drain,
    Either,
    Every,
    Freeze,
    Gate,
    Hours,
    Keep,
    Key,
    Let,
    Limit,
    Member,
    Name,
    NamedSet,
    Never,
    Not,
    One,
    Over,
    Pack,
    Pick,
    Relation,
    Reserve,
    Rest,
    Rule,
    Set,
    Statement,
    Sum,
    Test,
    Text,
    When,
    Window,
)

_OR, _AND, _NOT, _FACT, _SUM, _PRODUCT, _ATOM = range(7)
"""How closely a node binds; the grammar's ladder."""

_LEVELS: Final[Mapping[type, int]] = MappingProxyType({
    Either: _OR, Both: _AND, Not: _NOT, Compare: _FACT, Pick: _FACT, Member: _FACT,
})  # fmt: skip
_PLAIN_TESTS: Final = ("tagged ", "named ", "in ")
"""Before these a set does without its `where`."""


def phrase(node: Statement | Set | Test | Sum, bare: str | None = None) -> str:
    """The words of a statement, a set, a test or a sum; a checked one without the `bare` owner of its clause."""
    return _bound(node if bare is None else bared(node, bare), _OR)


def set_phrase(of: Set) -> str:
    """The words of a checked set, as its own noun has them."""
    return phrase(of, of.thing if isinstance(of, All) else None)


def bared(node: Any, owner: str) -> Any:
    """A checked node as it is written where this owner needs no word."""
    if isinstance(node, tuple):
        return tuple(bared(each, owner) for each in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    changed = {each.name: bared(getattr(node, each.name), owner) for each in fields(node) if each.init}
    return replace(node, **changed | ({"owner": None} if changed.get("owner") == owner else {}))


def amount_text(number: str, unit: str | None) -> str:
    """`10 min`, `85%`, `3`."""
    blank = "" if unit in {None, "%"} else " "
    return f"{number}{blank}{unit or ''}"


def plain_number(value: float) -> str:
    """A number without exponent and without zeros that say nothing."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def keys(by: tuple[Key, ...]) -> str:
    """`most cpu, least memory`."""
    return ", ".join(f"{key.direction} {_bound(key.of, _SUM)}" for key in by)


def label(gate: Gate) -> str:
    """`as "max load"`; nothing where the test's own words are the label."""
    return "" if gate.label == phrase(gate.test) else f'as "{gate.label}"'


def when(clause: When) -> str:
    """What stands behind `when`."""
    now = "" if clause.now is None else f" and {phrase(clause.now)}"
    held = "" if clause.hold is None else f" for {clause.hold.text}{now}"
    return f"{phrase(clause.held)}{held}"


# -- tests and sums ----------------------------------------------------------------------------------------------------


def _bound(node: Any, least: int) -> str:
    """The words of a node, in brackets where it binds less closely than its place asks for."""
    said = _SAID[type(node)](node)
    return said if _level(node) >= least else f"({said})"


def _level(node: Any) -> int:
    if isinstance(node, Arithmetic):
        return _SUM if node.operator in {"+", "-"} else _PRODUCT
    return _LEVELS.get(type(node), _ATOM)


def _arithmetic(of: Arithmetic) -> str:
    level = _level(of)
    return f"{_bound(of.left, level)} {of.operator} {_bound(of.right, level + 1)}"


def _owned(owner: str | None, words: str, joint: str) -> str:
    return f"{owner}{joint}{words}" if owner else words


# -- sets --------------------------------------------------------------------------------------------------------------


def _all(of: All) -> str:
    if of.test is None:
        return f"{of.thing}s"
    test = phrase(of.test)
    return f"{of.thing}s {test}" if test.startswith(_PLAIN_TESTS) else f"{of.thing}s where {test}"


# -- statements --------------------------------------------------------------------------------------------------------


def _spaced(*parts: str) -> str:
    """The parts that are there, one blank between them."""
    return " ".join(filter(None, parts))


def _after(word: str, of: Set | Hours | None) -> str:
    return "" if of is None else f"{word} {_bound(of, _OR)}"


def _excepted(kinds: tuple[str, ...]) -> str:
    return f"except {', '.join(kinds)}" if kinds else ""


def _cost(cost: float | None) -> str:
    return "" if cost is None else f"cost {plain_number(cost)}"


def _gates(gates: tuple[Gate, ...]) -> str:
    return " ".join(_spaced("where", phrase(gate.test), label(gate)) for gate in gates)


def _choice(thing: str, choice: Choice) -> str:
    return _spaced(thing, "by", keys(choice.by), _gates(choice.where))


def _rule(rule: Rule) -> str:
    until = "" if rule.until is None else f"until {phrase(rule.until)}"
    head = f"rule {rule.name} when {when(rule.when)}"
    return _spaced(head, _choice("move vm", rule.move), _choice("to host", rule.to), until)


def _keep(keep: Keep) -> str:
    return _spaced("keep" if keep.hard else "prefer", _neighbourhood(keep.vms, keep.relation), _cost(keep.cost))


def _neighbourhood(vms: Set, relation: Relation) -> str:
    match relation:
        case Relation(how="at_most", count=count, per=per):
            return f"at most {count} of {phrase(vms)} per {per}"
        case Relation(other=None, how=how):
            return f"{phrase(vms)} {how}"
        case Relation(other=other, how=how):
            return f"{phrase(vms)} {_after(how.replace('_', ' '), other)}"


def _never(never: Never) -> str:
    return _spaced(
        "never move" if never.hard else "avoid moving", phrase(never.vms), _after("from", never.source),
        _after("to", never.target), _after("during", never.during), _excepted(never.excepted), _cost(never.cost),
    )  # fmt: skip


def _cap(cap: Cap) -> str:
    scopes = [f"per {scope}" for scope in (cap.period, cap.per) if scope]
    return _spaced(str(cap.count), *(scopes or ["at once"]))


def _rest(rest: Rest) -> str:
    pauses = {"vm": rest.vm, "host": rest.host, "no return within": rest.no_return}
    return f"rest {', '.join(f'{words} {amount.text}' for words, amount in pauses.items() if amount is not None)}"


def _at_most(goal: Balance | Pack) -> str:
    gaining = "" if goal.gaining is None else f", each gaining {goal.gaining.text}"
    return f"by at most {goal.at_most} moves{gaining}"


_SAID: Final[Mapping[type, Callable[[Any], str]]] = MappingProxyType({
    Amount: lambda of: of.text,
    Text: lambda of: f'"{of.value}"',
    Name: lambda of: _owned(of.owner, of.name, "."),
    Over: lambda of: f"{of.function}({_bound(of.of, _SUM)}, {of.window.text})",
    Arithmetic: _arithmetic,
    Compare: lambda of: f"{_bound(of.left, _SUM)} {of.operator} {_bound(of.right, _SUM)}",
    Pick: lambda of: _owned(of.owner, f'{of.how} "{of.pattern}"', " "),
    Member: lambda of: _owned(of.owner, f"in {of.set_name}", " "),
    Both: lambda of: f"{_bound(of.left, _AND)} and {_bound(of.right, _NOT)}",
    Either: lambda of: f"{_bound(of.left, _OR)} or {_bound(of.right, _AND)}",
    Not: lambda of: f"not {_bound(of.test, _NOT)}",
    NamedSet: lambda of: of.name,
    One: lambda of: f'{of.thing} "{of.name}"',
    All: _all,
    Hours: lambda of: f"{of.days} {of.hours} {of.zone}",
    Every: lambda of: f"every {of.amount.text}",
    Let: lambda of: f"let {of.name} = {phrase(of.set)}",
    Rule: _rule,
    Drain: lambda of: f"drain {phrase(of.hosts)}",
    Keep: _keep,
    Never: _never,
    Reserve: lambda of: f"reserve memory for {of.lost} lost {'host' if of.lost == 1 else 'hosts'}",
    Limit: lambda of: f"limit {', '.join(map(_cap, of.caps))}",
    Rest: _rest,
    Window: lambda of: _spaced("window", _bound(of.hours, _OR), _excepted(of.excepted)),
    Freeze: lambda of: f"freeze when {phrase(of.test)}",
    Balance: lambda of: f"balance {of.signal} within {of.within.text} {_at_most(of)}",
    Pack: lambda of: f"pack onto fewest hosts {_gates(of.where)} {_at_most(of)}",
})  # fmt: skip
