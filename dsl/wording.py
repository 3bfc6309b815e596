"""A sum or a test as its author might have written it, on one line.

Rule: for messages alone; what a file says in its canonical layout is the formatter's.
"""

from typing import Final

from dsl.syntax import (
    All,
    Amount,
    Arithmetic,
    Both,
    Compare,
    Either,
    Member,
    Name,
    NamedSet,
    Not,
    One,
    Over,
    Pick,
    Set,
    Sum,
    Test,
    Text,
)

_BINDS: Final = {"+": 1, "-": 1, "*": 2, "/": 2}


def wording(of: Sum | Test) -> str:
    """`host.cpu > 85%`; the names of a checked test carry the owner that they were given."""
    match of:
        case Not() | Both() | Either():
            return _joined(of)
        case Over(function=function, of=inner, window=window):
            return f"{function}({wording(inner)}, {window.text})"
        case Arithmetic(operator=sign, left=left, right=right):
            return f"{_factor(left, _BINDS[sign])} {sign} {_factor(right, _BINDS[sign] + 1)}"
        case Compare(operator=sign, left=left, right=right):
            return f"{wording(left)} {sign} {wording(right)}"
        case _:
            return _word(of)


def set_wording(of: Set) -> str:
    """`vms where cpu > 2`, `host "hv7"`, `pets`."""
    match of:
        case NamedSet(name=name):
            return name
        case One(thing=thing, name=name):
            return f'{thing} "{name}"'
        case All(thing=thing, test=None):
            return f"{thing}s"
        case All(thing=thing, test=test) if test is not None:
            return f"{thing}s {wording(test)}" if isinstance(test, Pick | Member) else f"{thing}s where {wording(test)}"
    raise AssertionError(f"no such set: {of}")


def _joined(of: Not | Both | Either) -> str:
    match of:
        case Not(test=inner):
            return f"not {_bracketed(inner, Both, Either, Compare)}"
        case Both(left=left, right=right):
            return f"{_bracketed(left, Either)} and {_bracketed(right, Either)}"
        case Either(left=left, right=right):
            return f"{wording(left)} or {wording(right)}"


def _word(of: Name | Pick | Member | Amount | Text) -> str:
    match of:
        case Name(owner=owner, name=name):
            return f"{owner}.{name}" if owner else name
        case Pick(owner=owner, how=how, pattern=pattern):
            return f'{_whose(owner)}{how} "{pattern}"'
        case Member(owner=owner, set_name=name):
            return f"{_whose(owner)}in {name}"
        case Amount(text=text):
            return text
        case Text(value=value):
            return f'"{value}"'


def _whose(owner: str | None) -> str:
    return f"{owner} " if owner else ""


def _factor(of: Sum, binds: int) -> str:
    is_looser = isinstance(of, Arithmetic) and _BINDS[of.operator] < binds
    return f"({wording(of)})" if is_looser else wording(of)


def _bracketed(test: Test, *looser: type) -> str:
    return f"({wording(test)})" if isinstance(test, looser) else wording(test)
