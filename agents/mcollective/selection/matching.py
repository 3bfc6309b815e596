"""How a value is held against what somebody else wrote: comparisons of facts, names and data fields, as Ruby does them.

Rule: Ruby's verdict to the letter, its odd ones too (`010` is 8, `1x5` is no number but looks like one); what Ruby
answers with an exception is a MessageError. Regular expressions of others are run by RE2, in linear time; what RE2
does not know, or Ruby reads otherwise, is refused.
"""

import operator as operators
import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypeGuard

import re2

from agents.mcollective.errors import MessageError

MAX_REGEXP: Final = 300
"""Characters of one regular expression."""
MAX_MEMORY: Final = 64 * 1024
"""Bytes that one compiled regular expression may have; RE2 keeps up to 128 of them."""

Search = Callable[[str], bool]


def not_understood(what: str) -> NoReturn:
    """What is not understood does not match."""
    raise MessageError("filter not understood", what)


def is_text(value: object) -> TypeGuard[str]:
    """A string; a symbol is none."""
    return type(value) is str


# RE2 takes these too, but means something else by a{,3} [a&&b] \Q…\E \C (?m) (?s) (?U) (?P<name>…), and takes
# milliseconds for the tables of \p{…}.
_REFUSED: Final = re.compile(r"\{,|&&|\\[QECpP]|\(\?[-a-zA-Z]*[msUP]")
_INTERPOLATED: Final = MappingProxyType({"(?-mix:": "(?:", "(?i-mx:": "(?i:"})
"""What Ruby writes where one expression was put into another."""


@lru_cache(maxsize=64)
def regexp(source: str) -> Search:
    """Whether a text contains it, with `^` and `$` at every line as in Ruby; MessageError where it is refused."""
    if len(source) > MAX_REGEXP:
        not_understood(f"a regular expression of more than {MAX_REGEXP} characters")
    for written, meant in _INTERPOLATED.items():
        source = source.replace(written, meant)
    if _REFUSED.search(source):
        not_understood(f"a regular expression that is not known here: {source}")
    search = _compiled(source).search
    return lambda text: search(text.encode(errors="replace")) is not None


def _compiled(source: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    try:
        return re2.compile(f"(?m){source}".encode(), options)
    except (re2.error, UnicodeEncodeError) as error:
        not_understood(f"a regular expression that is not known here: {source}: {error}")


_BETWEEN_SLASHES: Final = re.compile(r"^/(.+)/$", re.MULTILINE)


def is_regexp(name: str) -> bool:
    """A name that begins with a slash stands for a regular expression."""
    return name.startswith("/") or "\n/" in name


def named(wanted: str, names: Collection[str]) -> bool:
    """One of the names is the wanted one, or matches it where it begins with a slash; then all its slashes go."""
    if is_regexp(wanted):
        return any(map(regexp(wanted.replace("/", "")), names))
    return wanted in names


def compare(operator: Any, have: Any, want: Any) -> bool:
    """A fact (None: there is none) against a filter's value: of a list any element counts, of a mapping any key."""
    if not is_text(operator) or operator not in _OF_FACTS:
        not_understood(f"facts are compared by {' '.join(_OF_FACTS)}")
    if not is_text(want):
        not_understood("facts are compared with strings")
    if have is None:
        return False
    elements = have if isinstance(have, list | Mapping) else [have]
    return any(_OF_FACTS[operator](element, want) for element in elements)


def between_slashes(value: str) -> str:
    """The expression in /…/, which need not be there."""
    found = _BETWEEN_SLASHES.search(value)
    return found[1] if found else value


def _contains(have: Any, want: str) -> bool:
    search = regexp(between_slashes(want))
    return search(have) if is_text(have) else not_understood("lists within a fact have no text")


def _in_order(compares: Callable[[Any, Any], bool]) -> Callable[[Any, str], bool]:
    def compare_alike(have: Any, want: str) -> bool:
        try:
            return compares(*_alike(have, want))
        except TypeError:
            not_understood("lists within a fact have no order")

    return compare_alike


_DIGITS: Final = regexp("^[0-9]+$")
_DECIMALS: Final = regexp("^[0-9]+.[0-9]+$")


def _alike(have: Any, want: str) -> tuple[Any, Any]:
    if not is_text(have):
        return have, want
    for looks_so, read in ((_DIGITS, _integer), (_DECIMALS, _float)):
        if looks_so(want) and looks_so(have):
            return read(have), read(want)
    return have, want


_OF_FACTS: Final[Mapping[str, Callable[[Any, str], bool]]] = MappingProxyType({
    "==": operators.eq,
    "=~": _contains,
    "!=": _in_order(operators.ne),
    "<": _in_order(operators.lt),
    ">": _in_order(operators.gt),
    "<=": _in_order(operators.le),
    ">=": _in_order(operators.ge),
})  # fmt: skip


def compare_field(operator: str, have: Any, want: str) -> bool:
    """A data function's field (None: it has none) against a compound filter's value, by the field's own type."""
    if operator in _SEARCHES:
        search = regexp(want)
        return is_text(have) and search(have) is _SEARCHES[operator]
    if operator not in _OF_FIELDS:
        not_understood(f"data are compared by {' '.join([*_OF_FIELDS, *_SEARCHES])}")
    if have is None or (isinstance(have, str | bool) and operator in _ORDERS):
        return False
    return _OF_FIELDS[operator](have, _of_its_type(have, want))


_SEARCHES: Final[Mapping[str, bool]] = MappingProxyType({"=~": True, "!=~": False})
_ORDERS: Final = frozenset({"<", ">", "<=", ">="})
_OF_FIELDS: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType({
    "==": operators.eq,
    "=": operators.eq,
    "!=": operators.ne,
    "<": operators.lt,
    ">": operators.gt,
    "<=": operators.le,
    ">=": operators.ge,
})  # fmt: skip
_BOOLEANS: Final = MappingProxyType({"true": True, "false": False})


def _of_its_type(have: Any, want: str) -> Any:
    if isinstance(have, bool):
        known = _BOOLEANS.get(want.strip())
        return known if known is not None else not_understood(f"true or false is wanted, not {want}")
    return want if isinstance(have, str) else _number(want)


def _number(text: str) -> int | float:
    try:
        return _integer(text)
    except MessageError:
        return _float(text)


_OCTAL: Final = re.compile(r"\s*[-+]?0[0-7_]*\s*", re.ASCII)


def integer(text: str) -> int | None:
    """What Ruby's Integer() reads, 0x and 0b before it or not, octal after a 0; None where it reads nothing."""
    try:
        return int(text, 8 if _OCTAL.fullmatch(text) else 0) if text.isascii() else None
    except ValueError:
        return None


def _integer(text: str) -> int:
    number = integer(text)
    return number if number is not None else not_understood(f"{text} is no number")


_FLOAT: Final = re.compile(r"\s*[-+]?(?:\d[\d_]*)?(?:\.\d[\d_]*)?(?:[eE][-+]?\d[\d_]*)?\s*", re.ASCII)


def _float(text: str) -> float:
    try:
        return float(text if _FLOAT.fullmatch(text) else "")
    except ValueError:
        not_understood(f"{text} is no number")
