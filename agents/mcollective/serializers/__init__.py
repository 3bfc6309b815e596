"""How values become bytes and come back: one file for each of Ruby's serializers, behind one shape.

Rule: an iterative walk with a limit on everything ends as a plain value or as one DecodeError. Symbols are not strings,
nothing is executed, no foreign class is ever built.

The values of the wire: None, bool, int, finite float, str, bytes, Symbol, Regexp (read, never written), list and dict.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from agents.mcollective.errors import DecodeError

MAX_BYTES: Final = 1024 * 1024


class EncodeError(Exception):
    """A value for which the wire has no form: our own mistake."""


class Symbol(str):
    """Ruby's Symbol: `Symbol("a") != "a"`, and both may be keys of one hash."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(other) is Symbol and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    # A string's own costs a third of one written here, and a hash of names asks for it again and again.
    __hash__ = str.__hash__

    def __repr__(self) -> str:
        return f":{self}"


@dataclass(frozen=True, slots=True)
class Regexp:
    """A regular expression as it was written, `/source/flags`; never compiled here."""

    source: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one message may be; an alias counts for what it stands for, in values and in characters."""

    size: int = MAX_BYTES
    depth: int = 20
    values: int = 50_000
    digits: int = 40


@dataclass(slots=True)
class Tally:
    """How much of one message there is so far; what an alias or a link repeats counts again.

    `size`: bytes of the message, and characters of what it repeats.
    """

    limits: Limits
    size: int
    values: int = 0

    def count(self, values: int, depth: int) -> None:
        """So many more values, in so many collections around each other; DecodeError where that is too much."""
        self.values += values
        if depth > self.limits.depth:
            raise DecodeError("too deep", f"more than {self.limits.depth} levels")
        if self.values > self.limits.values:
            raise DecodeError("too many values", f"more than {self.limits.values}")

    def repeat(self, value: Any, depth: int) -> None:
        """All that is in a value once more."""
        waiting = [(value, depth)]
        while waiting:
            one, depth = waiting.pop()
            if isinstance(one, list | dict):
                inside = one if isinstance(one, list) else (*one.keys(), *one.values())
                self.count(len(inside), depth + 1)
                waiting.extend((each, depth + 1) for each in inside)
            elif isinstance(one, str | bytes):
                self._write(len(one))

    def _write(self, characters: int) -> None:
        self.size += characters
        if self.size > self.limits.size:
            raise DecodeError("too large", f"more than {self.limits.size} characters, repeated ones written out")


def hash_of(items: list[Any]) -> dict[Any, Any]:
    """The hash of keys and values in turn; DecodeError where a key is strange or there twice."""
    keys = items[::2]
    if not _NAMES.issuperset(map(type, keys)):
        _refuse_strange(keys)
    built = dict(zip(keys, items[1::2], strict=True))
    if len(built) < len(keys):
        twice = next(key for key, times in Counter(keys).items() if times > 1)
        raise DecodeError("duplicate key", repr(twice)[:80])
    return built


_NAMES: Final = frozenset({str, Symbol, bytes, Regexp})
_LARGEST_KEY: Final = 2**53
"""Integers from 2**61 - 1 on can be chosen so that all have one hash, and a dict of many then takes minutes."""


def _refuse_strange(keys: list[Any]) -> None:
    for key in keys:
        if type(key) not in _NAMES and (type(key) is not int or abs(key) > _LARGEST_KEY):
            raise DecodeError("strange key", f"a {type(key).__name__}")


class Decode(Protocol):
    """The one value in untrusted bytes; DecodeError for everything else."""

    def __call__(self, data: bytes, limits: Limits = ..., /) -> Any: ...  # noqa: D102 - the class says it


@dataclass(frozen=True, slots=True)
class Serializer:
    """One form of the wire. `embed`: a document as the string that stands for it inside another document."""

    encode: Callable[[Any], bytes]
    decode: Decode
    embed: Callable[[bytes], str | bytes]
