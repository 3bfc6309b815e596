"""How values become bytes and come back: one file for each of Ruby's serializers, behind one shape.

Rule: an iterative walk with a limit on everything ends as a plain value or as one DecodeError. Symbols are not strings,
nothing is executed, no foreign class is ever built.

The values of the wire: None, bool, int, finite float, str, bytes, Symbol, Regexp (read, never written), list and dict.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

MAX_BYTES: Final = 1024 * 1024


class EncodeError(Exception):
    """A value for which the wire has no form: our own mistake."""


class Symbol(str):
    """Ruby's Symbol: `Symbol("a") != "a"`, and both may be keys of one hash."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Symbol) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return ~str.__hash__(self)

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


class Decode(Protocol):
    """The one value in untrusted bytes; DecodeError for everything else."""

    def __call__(self, data: bytes, limits: Limits = ..., /) -> Any: ...  # noqa: D102 - the class says it


@dataclass(frozen=True, slots=True)
class Serializer:
    """One form of the wire. `embed`: a document as the string that stands for it inside another document."""

    encode: Callable[[Any], bytes]
    decode: Decode
    embed: Callable[[bytes], str | bytes]
