"""What a plain scalar, one without quotes, is to Ruby's Psych: a symbol, a number, a word like `true`, or a string.

Rule: no string is ever a date, and a number is finite and of a bounded length.
"""

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from agents.mcollective.errors import DecodeError
from agents.mcollective.serializers import Limits, Symbol


def plain(text: str, limits: Limits) -> Any:
    """The value of a plain scalar; DecodeError where it may not be."""
    reader = _PLAIN.get(text[:1])
    return text if reader is None else reader(text, limits)


_WORDS: Final[Mapping[str, bool | None]] = MappingProxyType({
    "": None, "~": None, "null": None,
    "yes": True, "true": True, "on": True,
    "no": False, "false": False, "off": False,
})  # fmt: skip
_LONGEST_WORD: Final = max(map(len, _WORDS))

_NUMBER: Final = re.compile(
    r"""(?P<integer>[-+]?(?:0|[1-9](?:\d|[,_]\d)*+))
    |(?P<float>[-+]?(?:\d[\d,_]*+\.\d*|\.\d+)(?:[eE][-+]?\d+)?)
    |(?P<infinite>[-+]?\.(?i:inf|nan))""",
    re.ASCII | re.VERBOSE,
)
_KINDS: Final[Mapping[str | None, Callable[[str], int | float]]] = MappingProxyType({
    "integer": int,
    "float": float,
    "infinite": lambda _text: math.inf,
})  # fmt: skip
_QUOTED: Final = re.compile(r"""(["'])(.*)\1""", re.DOTALL)


def _word(text: str, _limits: Limits) -> Any:
    return _WORDS.get(text.lower(), text) if len(text) <= _LONGEST_WORD else text


def _symbol(text: str, _limits: Limits) -> Any:
    if len(text) == 1:
        return text
    quoted = _QUOTED.fullmatch(text, 1)
    return Symbol(quoted[2] if quoted else text[1:])


def _no_merge_key(text: str, _limits: Limits) -> str:
    if text == "<<":
        raise DecodeError("merge key", "<< is not taken")
    return text


def _number(text: str, limits: Limits) -> Any:
    found = _NUMBER.fullmatch(text)
    if found is None:
        return text
    if len(text) > limits.digits:
        raise DecodeError("bad number", f"{len(text)} characters long, at most {limits.digits}")
    number = _KINDS[found.lastgroup](text.replace(",", "").replace("_", ""))
    if not math.isfinite(number):
        raise DecodeError("bad number", f"{text} is not finite")
    return number


_PLAIN: Final[Mapping[str, Callable[[str, Limits], Any]]] = MappingProxyType({
    ":": _symbol,
    "<": _no_merge_key,
    **dict.fromkeys("+-.0123456789", _number),
    **dict.fromkeys({initial for word in _WORDS for initial in (word[:1], word[:1].upper())}, _word),
})  # fmt: skip
"""What a plain scalar may be, by its first character; any other is a string."""
