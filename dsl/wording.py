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


def wording(of: Sum | Test, bare: str | None = None) -> str:
    """`host.cpu > 85%`; in a checked test each name carries its owner, but for the `bare` one of its clause."""
    match of:
        case Over(function=function, of=inner, window=window):
            return f"{function}({wording(inner, bare)}, {window.text})"
        case Arithmetic(operator=sign, left=left, right=right):
            return f"{_factor(left, _BINDS[sign], bare)} {sign} {_factor(right, _BINDS[sign] + 1, bare)}"
        case Compare(operator=sign, left=left, right=right):
            return f"{wording(left, bare)} {sign} {wording(right, bare)}"
        case Not() | Both() | Either():
            return _joined(of, bare)
        case _:
            return _word(of, bare)


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
            where = "" if isinstance(test, Pick | Member) else "where "
            return f"{thing}s {where}{wording(test, thing)}"
    raise AssertionError(f"no such set: {of}")


def _joined(of: Not | Both | Either, bare: str | None) -> str:
    match of:
        case Not(test=inner):
            return f"not {_bracketed(inner, bare, Both, Either, Compare)}"
        case Both(left=left, right=right):
            return f"{_bracketed(left, bare, Either)} and {_bracketed(right, bare, Either)}"
        case Either(left=left, right=right):
            return f"{wording(left, bare)} or {wording(right, bare)}"


def _word(of: Name | Pick | Member | Amount | Text, bare: str | None) -> str:
    match of:
        case Name(owner=owner, name=name):
            return name if owner in {None, bare} else f"{owner}.{name}"
        case Pick(owner=owner, how=how, pattern=pattern):
            return f'{_whose(owner, bare)}{how} "{pattern}"'
        case Member(owner=owner, set_name=name):
            return f"{_whose(owner, bare)}in {name}"
        case Amount(text=text):
            return text
        case Text(value=value):
            return f'"{value}"'


def _whose(owner: str | None, bare: str | None) -> str:
    return "" if owner in {None, bare} else f"{owner} "


def _factor(of: Sum, binds: int, bare: str | None) -> str:
    is_looser = isinstance(of, Arithmetic) and _BINDS[of.operator] < binds
    return f"({wording(of, bare)})" if is_looser else wording(of, bare)


def _bracketed(test: Test, bare: str | None, *looser: type) -> str:
    return f"({wording(test, bare)})" if isinstance(test, looser) else wording(test, bare)
