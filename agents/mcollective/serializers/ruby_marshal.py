"""Ruby's Marshal, format 4.8, of plain values: what MCollective's psk plugin always speaks, and its ssl plugin may.

Rule: one table from type bytes to readers, and what is not in it is refused by its name; an iterative walk with a limit
on everything ends as a plain value or as one DecodeError. Nothing is compiled, no foreign class is ever built.

Ruby numbers what it reads as soon as that begins: symbols in one row, all else but nil, booleans and small integers in
another. A link is such a number, so every reader here enters what it reads in Ruby's order.
"""

import codecs
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from agents.mcollective.errors import DecodeError
from agents.mcollective.serializers import EncodeError, Limits, Regexp, Serializer, Symbol, Tally, hash_of

_VERSION: Final = b"\x04\x08"
_DEFAULT: Final = Limits()


def decode(data: bytes, limits: Limits = _DEFAULT) -> Any:
    """The one value in Ruby's Marshal; a string without an encoding is bytes. DecodeError for everything else."""
    if len(data) > limits.size:
        raise DecodeError("too large", f"{len(data)} bytes, at most {limits.size}")
    if data[:2] != _VERSION:
        raise DecodeError("damaged", f"begins with {data[:2]!r}, not like Marshal 4.8; is the serializer the same?")
    reader = _Reader(data, Tally(limits, len(data)))
    try:
        value = reader.whole()
    except IndexError:
        raise DecodeError("damaged", "cut off") from None
    if reader.at < len(data):
        raise DecodeError("damaged", f"{len(data) - reader.at} bytes after the value")
    return value


def encode(value: Any) -> bytes:
    """The value as Marshal.load and `decode` read it alike; what is there twice is written twice."""
    writer = _Writer()
    try:
        writer.write(value)
    except (ValueError, RecursionError) as error:
        raise EncodeError(str(error)) from None
    return b"".join(writer.parts)


MARSHAL: Final = Serializer(encode, decode, embed=bytes)


class _Open(NamedTuple):
    """A collection whose end has not come yet: how many items there will be, and what they are made into."""

    items: list[Any]
    wanted: int
    build: Callable[[list[Any]], Any]
    number: int


_UNFINISHED: Final = object()
"""Stands for what has its number already and is not read yet."""


@dataclass(slots=True)
class _Reader:
    """`at`: the next byte; `objects`, `symbols`: what links may mean; `usual`: how this message says UTF-8."""

    data: bytes
    tally: Tally
    at: int = len(_VERSION)
    open: list[_Open] = field(default_factory=list)
    symbols: list[Symbol] = field(default_factory=list)
    objects: list[Any] = field(default_factory=list)
    usual: bytes = b""

    def whole(self) -> Any:
        """The next value with all that is inside."""
        self.tally.count(1, 0)
        value = self.next(_READERS)
        while self.open:
            top = self.open[-1]
            if self.fill(top.items, top.wanted):
                value = self.close()
        return value

    def fill(self, items: list[Any], wanted: int) -> bool:
        """Whether all that are wanted are there; a collection among them has to be read first."""
        data, readers = self.data, _READERS
        while len(items) < wanted:
            kind = data[self.at]
            self.at += 1
            value = readers[kind](self)
            if value is _UNFINISHED:
                return False
            items.append(value)
        return True

    def next(self, readers: "_Table") -> Any:
        """What the next bytes are to the one of these readers that their type names; _UNFINISHED for a collection."""
        kind = self.data[self.at]
        self.at += 1
        return readers[kind](self)

    def refuse(self) -> None:
        kind = chr(self.data[self.at - 1])
        if kind in _FOREIGN:
            raise DecodeError("forbidden type", _FOREIGN[kind])
        raise DecodeError("damaged", f"{kind!r} is no type, or not here")

    def close(self) -> Any:
        done = self.open.pop()
        value = self.objects[done.number] = done.build(done.items)
        if self.open:
            self.open[-1].items.append(value)
        return value

    def integer(self) -> int:
        first = self.data[self.at]
        self.at += 1
        return first - 5 if 4 < first < 128 else self.other_integer(first)

    def other_integer(self, first: int) -> int:
        """0, one of -123 to -1, or so many bytes to come, which belong to a negative one where their number does."""
        if first == 0 or 128 <= first < 252:
            return first and first - 251
        size, below = (first, 0) if first < 128 else (256 - first, 1 << 8 * (256 - first))
        return int.from_bytes(self.take(size), "little") - below

    def take(self, size: int) -> bytes:
        begin, self.at = self.at, self.at + size
        if not begin <= self.at <= len(self.data):
            raise DecodeError("damaged", f"{size} bytes are announced, {len(self.data) - begin} are left")
        return self.data[begin : self.at]

    def run(self) -> bytes:
        return self.take(self.integer())

    def enter(self, value: Any) -> Any:
        self.objects.append(value)
        return value

    def binary(self) -> Any:
        return self.enter(self.run())

    def text(self) -> Any:
        run = self.run()
        if self.usual and self.data.startswith(self.usual, self.at):
            self.at += len(self.usual)
        elif self.data.startswith(_FIRST_UTF8, self.at):
            self.at += len(_FIRST_UTF8)
            self.usual = b"\x06;" + _integer(len(self.symbols)) + b"T"
            self.symbols.append(_E)
        else:
            return self.encoded(run, str)
        return self.enter(_utf8(run))

    def encoded(self, run: bytes, make: Callable[[str], Any]) -> Any:
        number = len(self.objects)
        self.objects.append(_UNFINISHED)
        value = self.objects[number] = make(self.encoding()(run))
        return value

    def encoding(self) -> "_Decode":
        """Which one the instance variables name, and that they name nothing else."""
        begin = self.at
        decode = self.other_encoding()
        if decode is _utf8 and self.data[begin + 1] == _LINK:
            self.usual = self.data[begin : self.at]
        return decode

    def other_encoding(self) -> "_Decode":
        if self.integer() != 1:
            raise DecodeError("forbidden type", "instance variables")
        name, value = self.next(_SYMBOL), self.next(_ENCODING)
        decode = _ENCODINGS.get((str(name), value)) if isinstance(value, bool | bytes) else None
        if decode is None:
            raise DecodeError("strange encoding", f"{name} {value!r}"[:80])
        return decode

    def wrapped(self) -> Any:
        return self.next(_WITH_ENCODING)

    def symbol(self) -> Symbol:
        symbol = Symbol(_ascii(self.run()))
        self.symbols.append(symbol)
        return symbol

    def encoded_symbol(self) -> Symbol:
        run, number = self.run(), len(self.symbols)
        self.symbols.append(_NAMELESS)
        symbol = self.symbols[number] = Symbol(self.encoding()(run))
        return symbol

    def symbol_again(self) -> Symbol:
        number = self.integer()
        if not 0 <= number < len(self.symbols):
            raise DecodeError("bad link", f"to symbol {number} of {len(self.symbols)}")
        return self.symbols[number]

    def object_again(self) -> Any:
        number = self.integer()
        if not 0 <= number < len(self.objects) or self.objects[number] is _UNFINISHED:
            raise DecodeError("bad link", f"to object {number} of {len(self.objects)}")
        value = self.objects[number]
        self.tally.repeat(value, len(self.open))
        return value

    def array(self) -> Any:
        return self.begin(self.integer(), list)

    def hash(self) -> Any:
        return self.begin(2 * self.integer(), hash_of)

    def begin(self, wanted: int, build: Callable[[list[Any]], Any]) -> Any:
        if not 0 <= wanted <= len(self.data) - self.at:
            raise DecodeError("damaged", f"{wanted} values are announced, {len(self.data) - self.at} bytes are left")
        self.tally.count(wanted, len(self.open) + 1)
        self.open.append(_Open([], wanted, build, len(self.objects)))
        return self.enter(_UNFINISHED)

    def real(self) -> Any:
        text = self.run()
        number = float(text) if _FLOAT.fullmatch(text) and len(text) <= self.tally.limits.digits else math.nan
        if not math.isfinite(number):
            raise DecodeError("bad number", f"{text[:40]!r} is no finite number")
        return self.enter(number)

    def large_integer(self) -> Any:
        sign = self.take(1)
        number = int.from_bytes(self.take(2 * self.integer()), "little")
        if sign not in _SIGNS or number >= 10**self.tally.limits.digits:
            raise DecodeError("bad number", f"an integer of more than {self.tally.limits.digits} digits")
        return self.enter(_SIGNS[sign] * number)

    def regexp(self) -> Any:
        return self.enter(_regexp(_ascii(self.run()), self.take(1)[0]))

    def encoded_regexp(self) -> Any:
        run, flags = self.run(), self.take(1)[0]
        return self.encoded(run, lambda source: _regexp(source, flags))


_FIRST_UTF8: Final = b"\x06:\x06ET"
"""Behind a message's first text: it is in UTF-8; those that follow link to the name E."""
_LINK: Final = ord(";")
_NAMELESS: Final = Symbol()
_SIGNS: Final = MappingProxyType({b"+": 1, b"-": -1})
_FLOAT: Final = re.compile(rb"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
"""Not `inf`, `-inf` and `nan`, nor what Ruby before 1.9 put behind a NUL."""


def _regexp(source: str, flags: int) -> Regexp:
    """As Ruby inspects it, which is also how it stands in YAML."""
    if len(source) > _LONGEST_REGEXP:
        raise DecodeError("too large", f"a regular expression of {len(source)} characters, at most {_LONGEST_REGEXP}")
    letters = "".join(letter for letter, flag in _FLAGS.items() if flags & flag)
    return Regexp(f"/{_BARE_SLASH.sub(_escaped, source)}/{letters}")


def _escaped(found: re.Match[str]) -> str:
    return found[0] if len(found[0]) == 2 else f"\\{found[0]}"


_LONGEST_REGEXP: Final = 10_000
_FLAGS: Final = MappingProxyType({"m": 4, "i": 1, "x": 2, "n": 32})
_BARE_SLASH: Final = re.compile(r"\\.|/", re.DOTALL)

_Decode = Callable[[bytes], str]


def _decoder(name: str) -> _Decode:
    codecs.lookup(name)

    def decode_strictly(run: bytes) -> str:
        try:
            return run.decode(name)
        except UnicodeDecodeError as error:
            raise DecodeError("not UTF-8", f"and not {name}, as it says: at byte {error.start} of a string") from None

    return decode_strictly


_utf8: Final = _decoder("UTF-8")
_ascii: Final = _decoder("US-ASCII")
_NAMED: Final = ("US-ASCII", "ISO-8859-1", "ISO-8859-15", "Windows-1252", "Shift_JIS", "EUC-JP", "GBK", "Big5")
_ENCODINGS: Final[Mapping[tuple[str, bool | bytes], _Decode]] = MappingProxyType({
    ("E", True): _utf8,
    ("E", False): _ascii,
    **{("encoding", name.encode()): _decoder(name) for name in _NAMED},
})  # fmt: skip
"""Looked up before any message comes, which could otherwise load a module of Python's for each of its encodings."""

_Table = tuple[Callable[[_Reader], Any], ...]


def _table(readers: Mapping[str, Callable[[_Reader], Any]]) -> _Table:
    return tuple(readers.get(chr(kind), _Reader.refuse) for kind in range(256))


_READERS: Final = _table({
    "0": lambda _reader: None,
    "T": lambda _reader: True,
    "F": lambda _reader: False,
    "i": _Reader.integer,
    "l": _Reader.large_integer,
    "f": _Reader.real,
    '"': _Reader.binary,
    "/": _Reader.regexp,
    ":": _Reader.symbol,
    ";": _Reader.symbol_again,
    "@": _Reader.object_again,
    "[": _Reader.array,
    "{": _Reader.hash,
    "I": _Reader.wrapped,
})  # fmt: skip
_WITH_ENCODING: Final = _table({
    '"': _Reader.text,
    ":": _Reader.encoded_symbol,
    "/": _Reader.encoded_regexp,
})  # fmt: skip
_SYMBOL: Final = _table({
    ":": _Reader.symbol,
    ";": _Reader.symbol_again,
})  # fmt: skip
_ENCODING: Final = _table({
    "T": lambda _reader: True,
    "F": lambda _reader: False,
    '"': _Reader.binary,
    "@": _Reader.object_again,
})  # fmt: skip

_FOREIGN: Final = MappingProxyType({
    "o": "an object",
    "u": "an object of its own _dump",
    "U": "an object of its own marshal_dump",
    "S": "a Struct",
    "e": "an object extended by a module",
    "c": "a class",
    "m": "a module",
    "M": "a class or module",
    "C": "an object of a class of its own",
    "d": "data of an extension",
    "}": "a hash with a default",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Writer:
    parts: list[bytes] = field(default_factory=lambda: [_VERSION])
    symbols: dict[Symbol, bytes] = field(default_factory=dict)

    def write(self, value: Any) -> None:
        writer = _WRITERS.get(type(value))
        if writer is None:
            raise ValueError(f"{type(value).__name__} has no form on the wire")
        writer(self, value)

    def integer(self, number: int) -> None:
        small = -(2**30) <= number < 2**30
        self.parts.append(b"i" + _integer(number) if small else _large_integer(number))

    def real(self, number: float) -> None:
        if not math.isfinite(number):
            raise ValueError(f"{number} has no form on the wire")
        self.parts.append(b"f" + _run(repr(number).encode()))

    def binary(self, run: bytes) -> None:
        self.parts.append(b'"' + _run(run))

    def text(self, text: str) -> None:
        self.parts.append(b'I"' + _run(text.encode()))
        self.utf8()

    def utf8(self) -> None:
        self.parts.append(b"\x06")
        self.symbol(_E)
        self.parts.append(b"T")

    def symbol(self, symbol: Symbol) -> None:
        known = self.symbols.get(symbol)
        if known is not None:
            self.parts.append(known)
            return
        self.symbols[symbol] = b";" + _integer(len(self.symbols))
        written = b":" + _run(symbol.encode())
        if symbol.isascii():
            self.parts.append(written)
        else:
            self.parts.append(b"I" + written)
            self.utf8()

    def array(self, values: "list[Any] | tuple[Any, ...]") -> None:
        self.parts.append(b"[" + _integer(len(values)))
        for value in values:
            self.write(value)

    def hash(self, pairs: Mapping[Any, Any]) -> None:
        self.parts.append(b"{" + _integer(len(pairs)))
        for key, value in pairs.items():
            self.write(key)
            self.write(value)


_E: Final = Symbol("E")


def _run(run: bytes) -> bytes:
    return _integer(len(run)) + run


def _integer(number: int) -> bytes:
    if number == 0:
        return b"\x00"
    if -124 < number < 123:
        return bytes([(number + 5 if number > 0 else number - 5) & 255])
    size = ((number if number > 0 else ~number).bit_length() + 7) // 8
    return bytes([size if number > 0 else 256 - size]) + (number & (1 << 8 * size) - 1).to_bytes(size, "little")


def _large_integer(number: int) -> bytes:
    pairs = (number.bit_length() + 15) // 16
    return (b"l-" if number < 0 else b"l+") + _integer(pairs) + abs(number).to_bytes(2 * pairs, "little")


_WRITERS: Final[Mapping[type, Callable[[_Writer, Any], None]]] = MappingProxyType({
    type(None): lambda writer, _nil: writer.parts.append(b"0"),
    bool: lambda writer, truth: writer.parts.append(b"T" if truth else b"F"),
    int: _Writer.integer,
    float: _Writer.real,
    bytes: _Writer.binary,
    str: _Writer.text,
    Symbol: _Writer.symbol,
    list: _Writer.array,
    tuple: _Writer.array,
    dict: _Writer.hash,
})  # fmt: skip
