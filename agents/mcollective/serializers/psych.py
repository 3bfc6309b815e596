"""YAML as Ruby's Psych writes and reads it, within bounds.

Rule: build from the parser's events, never from its composer; an iterative walk with a limit on everything ends as a
plain value or as one DecodeError. Symbols are not strings, no string is ever a date, nothing is executed.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import yaml

from agents.mcollective.errors import DecodeError
from agents.mcollective.serializers import EncodeError, Limits, Regexp, Serializer, Symbol


def decode(data: bytes, limits: Limits = Limits()) -> Any:
    """The one value in a document of plain YAML with Ruby's symbols; DecodeError for everything else."""
    builder = _Builder(limits)
    try:
        for event in yaml.parse(_text(data, limits), Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.YAMLError as error:
        raise DecodeError("damaged", _first_line(error)) from None
    return builder.result()


def encode(value: Any) -> bytes:
    """The value as one YAML document that Psych's safe_load and `decode` read alike; strings are double-quoted."""
    try:
        text = yaml.dump(value, Dumper=_Dumper, width=-1, sort_keys=False, explicit_start=True, allow_unicode=True)
        return str(text).encode()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise EncodeError(_first_line(error)) from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _text(data: bytes, limits: Limits) -> str:
    if len(data) > limits.size:
        raise DecodeError("too large", f"{len(data)} bytes, at most {limits.size}")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("not UTF-8", f"at byte {error.start}") from None


_ABSENT: Final = object()


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet, and what had been counted when it began."""

    value: list[Any] | dict[Any, Any]
    anchor: str | None
    values: int
    characters: int
    height: int = 1
    key: Any = _ABSENT


@dataclass(frozen=True, slots=True)
class _Anchored:
    value: Any
    values: int
    characters: int
    height: int


@dataclass(slots=True)
class _Builder:
    limits: Limits
    open: list[_Open] = field(default_factory=list)
    anchors: dict[str, _Anchored] = field(default_factory=dict)
    values: int = 0
    characters: int = 0
    root: Any = _ABSENT

    def take(self, event: yaml.Event) -> None:
        _HANDLERS[type(event)](self, event)

    def result(self) -> Any:
        if self.root is _ABSENT:
            raise DecodeError("damaged", "no document")
        return self.root

    def document(self, _event: yaml.DocumentStartEvent) -> None:
        if self.root is not _ABSENT:
            raise DecodeError("damaged", "a second document")

    def scalar(self, event: yaml.ScalarEvent) -> None:
        value = _scalar(event, self.limits)
        self._count(1, len(event.value), 0)
        if event.anchor:
            self.anchors[event.anchor] = _Anchored(value, 1, len(event.value), 0)
        self._add(value, 0)

    def begin(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent) -> None:
        if event.tag is not None:
            raise DecodeError("forbidden tag", event.tag)
        opened = _Open(_COLLECTIONS[type(event)](), event.anchor, self.values, self.characters)
        self._count(1, 0, 1)
        self.open.append(opened)

    def end(self, _event: yaml.CollectionEndEvent) -> None:
        done = self.open.pop()
        if done.anchor:
            weight = self.values - done.values, self.characters - done.characters
            self.anchors[done.anchor] = _Anchored(done.value, *weight, done.height)
        self._add(done.value, done.height)

    def alias(self, event: yaml.AliasEvent) -> None:
        known = self.anchors.get(event.anchor or "")
        if known is None:
            raise DecodeError("unknown alias", f"*{event.anchor}")
        self._count(known.values, known.characters, known.height)
        self._add(known.value, known.height)

    def _count(self, values: int, characters: int, height: int) -> None:
        self.values += values
        self.characters += characters
        if len(self.open) + height > self.limits.depth:
            raise DecodeError("too deep", f"more than {self.limits.depth} levels")
        if self.values > self.limits.values:
            raise DecodeError("too many values", f"more than {self.limits.values}")
        if self.characters > self.limits.size:
            raise DecodeError("too large", f"more than {self.limits.size} characters, aliases written out")

    def _add(self, value: Any, height: int) -> None:
        if not self.open:
            self.root = value
            return
        target = self.open[-1]
        target.height = max(target.height, height + 1)
        if isinstance(target.value, list):
            target.value.append(value)
        elif target.key is _ABSENT:
            target.key = _key(value, target.value)
        else:
            target.value[target.key] = value
            target.key = _ABSENT


def _key(value: Any, siblings: Mapping[Any, Any]) -> Any:
    if isinstance(value, list | dict | bool | float | None):
        raise DecodeError("strange key", f"a {type(value).__name__}")
    if value in siblings:
        raise DecodeError("duplicate key", repr(value)[:80])
    return value


_COLLECTIONS: Final[Mapping[type[yaml.Event], Callable[[], list[Any] | dict[Any, Any]]]] = MappingProxyType({
    yaml.SequenceStartEvent: list,
    yaml.MappingStartEvent: dict,
})  # fmt: skip

_HANDLERS: Final[Mapping[type[yaml.Event], Callable[[_Builder, Any], None]]] = MappingProxyType({
    yaml.StreamStartEvent: lambda _builder, _event: None,
    yaml.StreamEndEvent: lambda _builder, _event: None,
    yaml.DocumentStartEvent: _Builder.document,
    yaml.DocumentEndEvent: lambda _builder, _event: None,
    yaml.ScalarEvent: _Builder.scalar,
    yaml.SequenceStartEvent: _Builder.begin,
    yaml.MappingStartEvent: _Builder.begin,
    yaml.SequenceEndEvent: _Builder.end,
    yaml.MappingEndEvent: _Builder.end,
    yaml.AliasEvent: _Builder.alias,
})  # fmt: skip


def _scalar(event: yaml.ScalarEvent, limits: Limits) -> Any:
    if event.tag is not None:
        return _tagged(event.tag, event.value)
    return _plain(event.value, limits) if event.implicit[0] else event.value


def _tagged(tag: str, text: str) -> Any:
    if tag not in _TAGS:
        raise DecodeError("forbidden tag", tag[:80])
    return _TAGS[tag](text)


def _binary(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise DecodeError("damaged", "!binary that is no base64") from None


_TAGS: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType({
    "!ruby/sym": Symbol,
    "!ruby/symbol": Symbol,
    "!ruby/regexp": Regexp,
    "!binary": _binary,
    "tag:yaml.org,2002:binary": _binary,
    "tag:yaml.org,2002:str": str,
})  # fmt: skip

_WORDS: Final[Mapping[str, bool | None]] = MappingProxyType({
    "": None, "~": None, "null": None,
    "yes": True, "true": True, "on": True,
    "no": False, "false": False, "off": False,
})  # fmt: skip
_LONGEST_WORD: Final = max(map(len, _WORDS))

_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9](?:\d|[,_]\d)*)", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(?:\d[\d,_]*\.\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE)
_QUOTED: Final = re.compile(r"""(["'])(.*)\1""", re.DOTALL)


def _plain(text: str, limits: Limits) -> Any:
    if len(text) <= _LONGEST_WORD and text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if text == "<<":
        raise DecodeError("merge key", "<< is not taken")
    if text.startswith(":") and len(text) > 1:
        quoted = _QUOTED.fullmatch(text[1:])
        return Symbol(quoted[2] if quoted else text[1:])
    return _number(text, limits) if text[0] in "+-.0123456789" else text


def _number(text: str, limits: Limits) -> Any:
    if _NOT_FINITE.fullmatch(text):
        raise DecodeError("bad number", f"{text} is not finite")
    kind = int if _INTEGER.fullmatch(text) else float if _FLOAT.fullmatch(text) else None
    if kind is None:
        return text
    if len(text) > limits.digits:
        raise DecodeError("bad number", f"{len(text)} characters long, at most {limits.digits}")
    number = kind(text.replace(",", "").replace("_", ""))
    if not math.isfinite(number):
        raise DecodeError("bad number", f"{text} is not finite")
    return number


class _Dumper(yaml.CSafeDumper):
    """PyYAML's own, with every string quoted: Psych would read `08:30` or `1,000` as a number, a date not at all."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


_NAME: Final = re.compile(r"[A-Za-z_]\w*[?!]?", re.ASCII)
_IMPLIED: Final = "!ruby/symbol"
_WRITTEN: Final = "!ruby/sym"
"""The same to Psych: one is what a plain `:name` implies, the other is written out where a name is not so plain."""


def _represent_text(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


def _represent_symbol(dumper: _Dumper, symbol: Symbol) -> yaml.Node:
    if _NAME.fullmatch(symbol):
        return dumper.represent_scalar(_IMPLIED, f":{symbol}")
    return dumper.represent_scalar(_WRITTEN, str(symbol), style='"')


def _represent_float(dumper: _Dumper, number: float) -> yaml.Node:
    if not math.isfinite(number):
        raise ValueError(f"{number} has no form on the wire")
    return dumper.represent_float(number)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(Symbol, _represent_symbol)
_Dumper.add_representer(float, _represent_float)
_Dumper.add_implicit_resolver(_IMPLIED, re.compile(r":[A-Za-z_]"), [":"])

YAML: Final = Serializer(encode, decode, embed=bytes.decode)
