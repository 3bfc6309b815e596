"""How decisions are told: the same words in the log, the plan, the journal and the page.

Rule: every sentence names the things, the figures and the limit; figures carry their unit.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from balancer.core.figures.signals import TABLE
from balancer.core.model import Rejection, Unmended
from dsl.evaluation import Scope, conjuncts, leaves, value
from dsl.syntax import Amount, Arithmetic, Compare, Key, Kind, Name, Over, Sum, Test, Text
from dsl.units import version_text

_SCALES: Final[Mapping[Kind, tuple[tuple[float, str], ...]]] = {
    Kind.SHARE: ((0.01, "%"),),
    Kind.SIZE: ((2.0**20, " TiB"), (2.0**10, " GiB"), (1.0, " MiB")),
    Kind.TIME: ((86400.0, " d"), (3600.0, " h"), (300.0, " min"), (1.0, " s")),
}
_BINDS: Final = {"+": 1, "-": 1, "*": 2, "/": 2}
_DIVISORS: Final = {" min": 60.0}


def spoken(number: float, kind: Kind) -> str:
    """A figure with its unit, as people say it: `93.1%`, `1.7 s`, `4 GiB`."""
    if np.isnan(number):
        return "unknown"
    if kind is Kind.VERSION:
        return version_text(number)
    scales = _SCALES.get(kind, ((1.0, ""),))
    scale, unit = next((each for each in scales if abs(number) >= each[0]), scales[-1])
    return f"{_short(number / _DIVISORS.get(unit, scale))}{unit}"


def nth(number: int) -> str:
    """A place in an order: `1st`, `2nd`, `11th`."""
    is_teen = 10 < number % 100 < 20
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def kind_of(of: Sum) -> Kind:
    """The kind of a checked sum."""
    match of:
        case Amount(kind=kind):
            return kind
        case Name(kind=Kind() as kind):
            return kind
        case Name(owner=str(owner), name=name):
            return TABLE[_table(owner), name].kind
        case Arithmetic(operator=sign, left=left, right=right):
            return _combined(sign, kind_of(left), kind_of(right))
        case Text():
            return Kind.TEXT
        case Over(of=inner):
            return kind_of(inner)
        case Name():
            raise AssertionError(f"the checker gives every name an owner: {of}")


def _combined(sign: str, left: Kind, right: Kind) -> Kind:
    """Like by like is a ratio; so many times something is something."""
    if sign == "/" and left is right:
        return Kind.NUMBER
    return right if sign == "*" and left is Kind.NUMBER else left


def told(of: Sum, noun: str) -> str:
    """A sum in the words of the language; the names of `noun` need no owner."""
    match of:
        case Amount(text=text):
            return text
        case Text(value=text):
            return f'"{text}"'
        case Name(owner=owner, name=name):
            return name if owner == noun else f"{owner}.{name}"
        case Arithmetic(operator=sign, left=left, right=right):
            return f"{_side(left, noun, _BINDS[sign])} {sign} {_side(right, noun, _BINDS[sign] + 1)}"
        case Over(function=function, of=inner, window=window):
            return f"{function}({told(inner, noun)}, {window.text})"


def _side(of: Sum, noun: str, binding: int) -> str:
    """One side of a sum, in brackets where it binds less than that."""
    is_looser = isinstance(of, Arithmetic) and _BINDS[of.operator] < binding
    return f"({told(of, noun)})" if is_looser else told(of, noun)


def condition(test: Test, scope: Scope, place: int, noun: str) -> str:
    """What holds at one place of `noun`, with its figures: `load 3.2 > 1`; empty where the test compares nothing."""
    parts = [part for part in conjuncts(test) if isinstance(part, Compare)]
    figures = ((spoken_at(part.left, scope, place), _limit(part.right, scope, place)) for part in parts)
    return " and ".join(
        f"{told(part.left, noun)} {figure} {part.operator} {limit}"
        for part, (figure, limit) in zip(parts, figures, strict=True)
    )


def preference(key: Key, scope: Scope, place: int, noun: str) -> str:
    """Why one `noun` was preferred: `ate 1.7 s of CPU, most`; `has least load (0.2)`."""
    figure = spoken_at(key.of, scope, place)
    signal = TABLE.get((_table(str(key.of.owner)), key.of.name)) if isinstance(key.of, Name) else None
    phrase = signal.phrase if signal else ""
    if phrase:
        return f"{phrase.format(figure, '' if figure == '1' else 's')}, {key.direction}"
    return f"has {key.direction} {told(key.of, noun)} ({figure})"


def standing(key: Key, scope: Scope, place: int, noun: str) -> str:
    """By which figure one `noun` stands among others: `cpu 12.5%, least first`."""
    return f"{told(key.of, noun)} {spoken_at(key.of, scope, place)}, {key.direction} first"


def numbers(sums: Iterable[Sum], scope: Scope, place: int, owner: Mapping[str, str]) -> dict[str, float]:
    """The measured figures behind a decision, as `owner.name`; `owner` says how each owner is called in the plan."""
    measured = {_called(leaf, owner): leaf for each in sums for leaf in leaves(each)}
    figures = {
        name: _at(leaf, scope, place)
        for name, leaf in sorted(measured.items())
        if kind_of(leaf) not in {Kind.TEXT, Kind.BOOL}
    }
    return {name: figure for name, figure in figures.items() if not np.isnan(figure)}


def _called(leaf: Name | Over, owner: Mapping[str, str]) -> str:
    """`target.cpu`, `source.avg(cpu, 30 min)`; an aggregate of several owners is told in full."""
    names = leaves(leaf.of if isinstance(leaf, Over) else leaf)
    owners = {str(each.owner) for each in names if isinstance(each, Name)}
    if len(owners) > 1:
        return told(leaf, "")
    whose = owners.pop()
    return f"{owner.get(whose, whose)}.{told(leaf, whose)}"


def refusal(rejection: Rejection) -> str:
    """Why a candidate was refused, with its figures: `max VMs: 10, limit 10`, or what it is about: `no bridge: br7`."""
    figures = [_told(each, rejection.kind) for each in (rejection.value, rejection.limit) if each is not None]
    if len(figures) == 2:
        return f"{rejection.reason}: {figures[0]}, limit {figures[1]}"
    return f"{rejection.reason}: {rejection.value}" if isinstance(rejection.value, str) else rejection.reason


def refusal_at(rejection: Rejection) -> str:
    """The same with the line that says so, where one does: `keep db apart (line 12)`."""
    return f"{refusal(rejection)}{_at_line(rejection)}"


def why_stays(rejections: Sequence[Rejection]) -> str:
    """Why a VM stays that was to leave, from all that was said of it: what keeps it, or what hosts have against it."""
    if rejections[0].host is None:
        return refusal_at(rejections[0])
    return f"it finds no host: {', '.join(dict.fromkeys(f'{each.reason}{_at_line(each)}' for each in rejections))}"


def _at_line(rejection: Rejection) -> str:
    return "" if rejection.line is None else f" (line {rejection.line})"


def gap(rejection: Rejection) -> str:
    """By how much a candidate was refused: `11.2% too much`, `10 min to go`; empty where no figures say it."""
    value, limit = rejection.value, rejection.limit
    if isinstance(value, str) or isinstance(limit, str) or value is None or limit is None or value == limit:
        return ""
    how = "to go" if rejection.kind is Kind.TIME else "too much" if value > limit else "too little"
    return f"{spoken(abs(value - limit), rejection.kind)} {how}"


def stays_broken(wall: Unmended) -> str:
    """A wall that no move mends: which, and what keeps a VM that might."""
    return f"{wall.text} (line {wall.line}): {wall.why}"


def _told(figure: float | str, kind: Kind) -> str:
    return figure if isinstance(figure, str) else spoken(figure, kind)


def compared(test: Test) -> list[Sum]:
    """Both sides of every comparison that must hold."""
    return [side for part in conjuncts(test) if isinstance(part, Compare) for side in (part.left, part.right)]


def _limit(of: Sum, scope: Scope, place: int) -> str:
    return of.text if isinstance(of, Amount) else spoken_at(of, scope, place)


def spoken_at(of: Sum, scope: Scope, place: int) -> str:
    """The value of a sum at one place, with its unit."""
    if kind_of(of) is Kind.TEXT:
        column = value(of, scope)
        return str(column[place] if column.ndim else column)
    return spoken(_at(of, scope, place), kind_of(of))


def _at(of: Sum, scope: Scope, place: int) -> float:
    column = value(of, scope)
    return float(column[place] if column.ndim else column)


def _table(owner: str) -> str:
    return owner if owner in {"vm", "farm"} else "host"


def _short(number: float) -> str:
    """Three digits and no exponent; what is next to nothing is nothing."""
    if abs(number) >= 99.95:
        return f"{number:.0f}"
    return "0" if abs(number) < 0.0005 else f"{number:.3g}"
